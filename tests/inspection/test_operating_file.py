"""``operating.yaml``: written, read back the same, and refused with file and key."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml

from lidd_yolo.errors import InputError
from lidd_yolo.files import sha256
from lidd_yolo.inspection.operating_file import FORMAT, OperatingFile, PromisedFigure, carried_point, read_operating
from lidd_yolo.inspection.operating_point import LeastCost, MaxFalseAlarms, MinRecall
from lidd_yolo.inspection.pictures import MatchRule
from tests.helpers.hostile_yaml import IN_LISTS

FIGURES = (
    PromisedFigure("missed defects", "test", 0.1, 0.05, 0.2, 4, 40, 20),
    PromisedFigure("rejected good parts", "test", 0.0, 0.0, 0.1, 0, 30, 30, "Riß"),
)


@pytest.fixture
def weights(tmp_path):
    file = tmp_path / "best.pt"
    file.write_bytes(b"weights")
    return file


@pytest.fixture
def operating(weights):
    return OperatingFile(
        weights="best.pt",
        weights_sha256=sha256(weights),
        data="my-data.yaml",
        data_sha256="ab12",
        classes=["Riß", "no", "7"],
        thresholds={"Riß": 0.1 + 0.2, "no": 1.0, "7": 0.0},
        criterion=MaxFalseAlarms(0.01),
        match=MatchRule(iou=0.4, by="mask"),
        imgsz=320,
        figures=list(FIGURES),
        lidd_yolo="1.2.3",
    )


@pytest.fixture
def file(operating, tmp_path):
    target = tmp_path / "operating.yaml"
    operating.write(target)
    return target


def changed(file, **values):
    """Write the file anew with other values; None takes a key out."""
    content = yaml.safe_load(file.read_text(encoding="utf-8")) | values
    file.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}), encoding="utf-8")
    return file


class TestRoundTrip:
    def test_same(self, operating, file, weights):
        assert read_operating(file, weights) == read_operating(file) == operating

    @pytest.mark.parametrize("criterion", [LeastCost(50, 1), MinRecall(0.99)])
    def test_criterion(self, operating, tmp_path, criterion):
        made = replace(operating, criterion=criterion)
        made.write(tmp_path / "other.yaml")
        assert read_operating(tmp_path / "other.yaml") == made

    def test_numbers_of_numpy(self, operating, tmp_path):
        """As they come out of counting."""
        import numpy as np  # noqa: PLC0415

        made = replace(operating, thresholds={name: np.float64(0.5) for name in operating.classes})
        made.write(tmp_path / "other.yaml")
        assert read_operating(tmp_path / "other.yaml").thresholds == dict.fromkeys(operating.classes, 0.5)

    def test_tiles(self, operating, file, tmp_path):
        """Files of before that could be told have no such key."""
        made = replace(operating, tile="640:128")
        made.write(tmp_path / "other.yaml")
        assert read_operating(tmp_path / "other.yaml") == made
        assert carried_point(tmp_path / "other.yaml").tile == "640:128"
        assert read_operating(changed(file, tile=None)) == operating
        assert operating.tile == ""

    def test_whole_numbers_are_thresholds(self, file):
        assert read_operating(changed(file, thresholds={"Riß": 1, "no": 0, "7": 0.5})).thresholds["Riß"] == 1.0

    def test_without_torch(self, file):
        code = f"""
import sys
from pathlib import Path
from lidd_yolo.inspection.operating_file import read_operating
read_operating(Path({str(file)!r}))
assert not {{"torch", "ultralytics", "scipy"}} & set(sys.modules)
"""
        subprocess.run([sys.executable, "-c", code], check=True)


BROKEN = ("", "- 1", "a: [", "format: 1\nformat: 1\n", "thresholds: {a: 0.1, a: 0.9}")


class TestRefused:
    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ({"thresholds": {"Riß": 0.5, "no": 0.5}}, "thresholds: no threshold for class 7"),
            ({"thresholds": {"Riß": 0.5, "no": 0.5, "7": 1.01}}, "thresholds: that of 7 has to lie between 0 and 1"),
            ({"thresholds": {"Riß": 0.5, "no": 0.5, "7": -0.1}}, "thresholds: that of 7 has to lie between 0 and 1"),
            ({"thresholds": {"Riß": 0.5, "no": 0.5, "7": float("nan")}}, "thresholds.7: has to be a number"),
            ({"thresholds": {"Riß": 0.5, "no": 0.5, "7": True}}, "thresholds.7: has to be a number"),
            ({"thresholds": {"Riß": 0.5, "no": 0.5, "7": 0.5, "dent": 0.5}}, "thresholds: no class is called dent"),
            ({"classes": ["Riß", "Riß"]}, "classes: a name is there twice"),
            ({"classes": ["Riß", 3]}, "classes: has to be a text, not 3"),
            ({"tile": "20"}, "tile: a tile has at least 32 pixels a side, not 20"),
            ({"tile": 640}, "tile: has to be a text, not 640"),
            ({"limits": 1}, "limits: unknown key; known: weights,"),
            ({"weights_sha256": None}, "weights_sha256: missing"),
            ({"match": None}, "match: has to be a mapping, not None"),
            ({"match": {"iou": 0.5}}, "match.by: missing"),
            ({"match": {"iou": 2, "by": "box"}}, "match.iou: an overlap is above 0"),
            ({"criterion": {"max_false_alarm": {"share": 0.1}}}, "criterion: has to be one of max_false_alarms, cost"),
            ({"criterion": {"cost": {"miss": 0, "false_alarm": 1}}}, "criterion.cost.cost: two numbers above 0"),
            ({"criterion": {"cost": {"miss": "x", "false_alarm": 1}}}, "criterion.cost.miss: has to be a number"),
            ({"figures": [{"name": "x"}]}, "figures.0.split: missing"),
            ({"format": FORMAT + 1}, f"format: has to be {FORMAT}, not {FORMAT + 1}"),
            ({"format": None}, f"format: has to be {FORMAT}, not None"),
        ],
    )
    def test_content(self, file, values, told):
        with pytest.raises(InputError, match=f"^{re.escape(f'{file}: {told}')}"):
            read_operating(changed(file, **values))

    def test_other_weights(self, file, tmp_path):
        other = tmp_path / "other.pt"
        other.write_bytes(b"other")
        with pytest.raises(
            InputError, match=r"operating.yaml: weights_sha256: made for best.pt \(\w{12}...\), not for"
        ):
            read_operating(file, other)

    @pytest.mark.parametrize("text", [*BROKEN, IN_LISTS, "format: !!bool x", "[" * 3000], ids=lambda text: text[:12])
    @pytest.mark.timeout(60)
    def test_no_such_file(self, file, text):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=rf"^{re.escape(str(file))}(, line \d+)?: [^\n]+$"):
            read_operating(file)
        file.unlink()
        with pytest.raises(InputError, match=re.escape(str(file))):
            read_operating(file)

    def test_twice__names_the_key(self, file):
        file.write_text(file.read_text(encoding="utf-8") + "weights: other.pt\n", encoding="utf-8")
        with pytest.raises(InputError, match="weights: there twice"):
            read_operating(file)

    def test_written__whole_or_not_at_all(self, operating, tmp_path):
        target = tmp_path / "operating.yaml"
        operating.write(target)
        before = target.read_text(encoding="utf-8")
        with pytest.raises(yaml.YAMLError):
            replace(operating, data=object()).write(target)
        assert target.read_text(encoding="utf-8") == before
        assert [file.name for file in tmp_path.iterdir() if "operating" in file.name] == ["operating.yaml"]
