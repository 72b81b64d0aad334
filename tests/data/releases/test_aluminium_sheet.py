"""The whole conversion of the aluminium release: on a small generated one, and on the real one where it is at hand."""

import json

import cv2
import pytest

from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.releases.aluminium_sheet import CLASS_NAMES, SHEETS, convert_aluminium_sheet
from lidd_yolo.errors import InputError
from tests.helpers.plates import plate
from tests.helpers.releases import release


def shape(label, kind="polygon"):
    points = [[10, 10], [30, 10], [30, 25]] if kind == "polygon" else [[10, 50], [60, 50]]
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}}


def write(folder, numbers, shapes=None):
    """Write photographs; those of one sheet look alike, as their numbers are what counts."""
    for kind in ("images", "json"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / "images" / f"{number}.jpg"), plate(0, 80, 100))
        content = {"shapes": shapes or [shape("zang_wu")], "imageHeight": 80, "imageWidth": 100}
        (folder / "json" / f"{number}.json").write_text(json.dumps(content))
    return folder


def side_of(target):
    return {int(path.stem): path.parent.name for path in (target / "images").rglob("*.jpg")}


class TestSheets:
    def test_numbers__on_one_sheet_each(self):
        numbers = [number for spans in SHEETS.values() for span in spans for number in span]
        assert len(numbers) == len(set(numbers)) == 85


class TestConvertAluminiumSheet:
    def test_grouped__sheets_stay_together(self, tmp_path):
        source = write(tmp_path / "release", [1, 2, 3, 26, 27, 36, 6, 7, 41, 52, 53])
        done = convert_aluminium_sheet(source, tmp_path / "set")
        sides = side_of(tmp_path / "set")
        for sheet in ([1, 2, 3, 26, 27, 36], [6, 7, 41], [52, 53]):
            assert len({sides[number] for number in sheet}) == 1
        assert set(sides.values()) == {"train", "val"}
        assert done.report.facts["sheets"] == {"two pinholes": 6, "scratches": 3, "dirt alone": 2}
        assert done.report.leak == {"val": 0.0}
        assert done.report.overlap == {}

    def test_labels__english_names_in_order_of_the_masks(self, tmp_path):
        labels = ["zhen_kong", "zang_wu", "zhe_zhou"]
        shapes = [*map(shape, labels), shape("ca_shang", "linestrip")]
        convert_aluminium_sheet(write(tmp_path / "release", [1, 4], shapes), tmp_path / "set")
        label = next((tmp_path / "set/labels").rglob("1.txt"))
        annotation, problems = read_yolo(label, CLASS_NAMES, (100, 80))
        assert problems == []
        assert [item.class_name for item in annotation.objects] == ["pinhole", "dirt", "crease", "scratch"]
        assert [line.split()[0] for line in label.read_text().splitlines()] == ["3", "2", "0", "1"]
        assert annotation.objects[3].box.height == pytest.approx(9, abs=0.6)

    def test_paper__random_and_its_leak_told(self, tmp_path):
        source = write(tmp_path / "release", range(70, 80))
        done = convert_aluminium_sheet(source, tmp_path / "set", protocol="paper")
        assert done.report.images == {"train": 8, "val": 2}
        assert done.report.leak == {"val": 1.0}

    def test_photograph_of_unknown_sheet__left_out_and_named(self, tmp_path):
        source = write(tmp_path / "release", [1, 4, 101, "other"])
        done = convert_aluminium_sheet(source, tmp_path / "set")
        assert sorted(side_of(tmp_path / "set")) == [1, 4]
        assert [(p.file.name, p.reason) for p in done.problems] == [
            ("101.jpg", "it is none of the photographs whose sheet is known"),
            ("other.jpg", "it is none of the photographs whose sheet is known"),
        ]

    def test_unknown_photographs_alone(self, tmp_path):
        with pytest.raises(ValueError, match=r"the sheet of no photograph is known; first problem: .*200\.jpg"):
            convert_aluminium_sheet(write(tmp_path / "release", [200]), tmp_path / "set")

    def test_unknown_label__left_out_and_named(self, tmp_path):
        source = write(tmp_path / "release", [1, 4], [shape("zang_wu"), shape("dent")])
        done = convert_aluminium_sheet(source, tmp_path / "set")
        assert {problem.reason for problem in done.problems} == {
            "class 'dent' is none of crease, scratch, dirt, pinhole"
        }

    def test_source__no_release(self, tmp_path):
        with pytest.raises(InputError, match=r"is not the aluminium sheet release"):
            convert_aluminium_sheet(tmp_path / "nowhere", tmp_path / "set")

    def test_protocol__unknown(self, tmp_path):
        with pytest.raises(ValueError, match="no protocol 'official'; there are grouped, paper"):
            convert_aluminium_sheet(tmp_path, tmp_path / "set", protocol="official")


class TestRealRelease:
    def test_grouped__five_sheets_and_every_photograph(self, tmp_path):
        report = convert_aluminium_sheet(release("aluminium-sheet"), tmp_path / "set").report
        assert report.facts["sheets"] == {
            "two pinholes": 14,
            "one pinhole": 19,
            "scratches": 19,
            "dirt alone": 7,
            "crease": 26,
        }
        assert sum(report.images.values()) == 85
        objects = {name: sum(boxes[name] for boxes in report.boxes.values()) for name in CLASS_NAMES}
        assert objects == {"crease": 29, "scratch": 55, "dirt": 94, "pinhole": 47}
        assert report.leak == {"val": 0.0}
        assert report.problems == []
