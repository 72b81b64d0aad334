"""Text of others, long and made to be slow: names of models and runs, times, labels, annotation files, in linear time.

A regular expression or a loop that tries every place again takes minutes for what stands here, or never ends.
"""

import argparse
import json
from pathlib import Path

import pytest

from lidd_yolo import names
from lidd_yolo.cli.compare import seconds
from lidd_yolo.data.formats.coco import read_coco
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.problems import UnusableError
from lidd_yolo.errors import InputError
from lidd_yolo.files import check_name
from lidd_yolo.results.ledger import read_ledger
from lidd_yolo.results.plan_file import UNSAFE

LONG = 200_000
TEXTS = {
    "letters": "a" * LONG,
    "parts": "-aa" * LONG + "!",
    "ours": "lidd" + "-aa" * LONG + "-",
    "digits": "1" * LONG + "x",
    "times": "1.1h" * LONG + "x",
    "seeds": "-s1" * LONG + "x",
    "blanks": " " * LONG + "x",
    "stars": "*a" * 50 + "b",
    "signs": "../'\"\x00\n" * (LONG // 7),
}
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=TEXTS)
def text(request):
    return TEXTS[request.param]


class TestWords:
    def test_model__ours_or_not(self, text):
        assert not names.is_ours(f"{text}.yaml")
        assert names.weights_name(f"{text}.pt") == ""

    def test_model__newline_is_no_part_of_a_name(self):
        assert names.is_ours("lidd.yaml")
        assert not names.is_ours("lidd\n.yaml")

    def test_time(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match="has to be a time"):
            seconds(text)

    def test_run_name(self, text):
        assert UNSAFE.search(UNSAFE.sub("_", text)) is None

    def test_place__control_characters(self, text):
        if "\n" in text:
            with pytest.raises(InputError, match="control character"):
                check_name(Path(text))
        else:
            check_name(Path(text))

    def test_ledger__pattern(self, tmp_path, text):
        (tmp_path / f"{'a' * 190}.json").write_text('{"name": "a", "results": {}}')
        assert read_ledger(tmp_path, text.replace("\x00", "")[:200]) == []


class TestFiles:
    def test_yolo(self, tmp_path, text):
        file = tmp_path / "a.txt"
        file.write_text(f"0 0.5 0.5 0.4 0.4\n{text}\n0 {text} 0.5 0.4 0.4\n")
        annotation, problems = read_yolo(file, ["a"], (100, 100))
        assert len(annotation.objects) == 1
        assert all(len(str(problem)) < 1000 for problem in problems)

    def test_voc(self, tmp_path, text):
        clean = text.replace("\x00", "")
        box = "<bndbox><xmin>{}</xmin><ymin>1</ymin><xmax>50</xmax><ymax>50</ymax></bndbox>"
        things = "".join(
            f"<object><name>{name}</name>{box.format(x)}</object>" for name, x in ((clean, 1), ("a", clean))
        )
        size = "<size><width>100</width><height>100</height></size>"
        (tmp_path / "a.xml").write_text(f"<annotation><filename>{clean}</filename>{size}{things}</annotation>")
        annotation, problems = read_voc(tmp_path / "a.xml")
        assert len(annotation.objects) == 1
        assert all("\n" not in str(problem) for problem in problems)

    def test_coco(self, tmp_path, text):
        image = {"id": text, "file_name": text, "width": 100, "height": 100}
        thing = {"id": 1, "image_id": text, "category_id": 1, "bbox": [text, 1, 5, 5]}
        counts = {**thing, "id": 2, "bbox": [1, 1, 5, 5], "segmentation": {"size": [100, 100], "counts": text}}
        content = {"images": [image], "annotations": [thing, counts], "categories": [{"id": 1, "name": text}]}
        (tmp_path / "a.json").write_text(json.dumps(content))
        try:
            problems = read_coco(tmp_path / "a.json").problems
        except (UnusableError, InputError, ValueError) as error:
            problems = [error]
        assert all("\n" not in str(problem) for problem in problems)
