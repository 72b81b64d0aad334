"""What a person sees of a check."""

import json

from lidd_yolo.data.checks.report import SHOWN, check_text
from lidd_yolo.data.checks.set_check import check_folder, check_yolo_set
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from tests.helpers.pictures import encoded, noise
from tests.helpers.plates import voc
from tests.helpers.yolo_sets import GOOD, write_yolo_set

BOTH = GOOD + "1 0.2 0.2 0.3 0.3\n"


def _checked(tmp_path, labels):
    return check_yolo_set(read_yolo_set(write_yolo_set(tmp_path, labels)))


class TestCheckText:
    def test_clean(self, tmp_path):
        lines = check_text(_checked(tmp_path, {"train/a": BOTH, "val/b": GOOD, "val/c": ""})).splitlines()
        assert lines[0].endswith("data.yaml: 3 pictures, 3 objects; nothing found")
        assert [line.split() for line in lines[2:7]] == [
            ["train", "val"],
            ["pictures", "1", "2"],
            ["without", "objects", "0", "1"],
            ["scratch", "1", "1"],
            ["pit", "1", "0"],
        ]
        assert "Suggested imgsz=64:" in "\n".join(lines)
        assert lines[-1].endswith(f"lidd data groups {tmp_path / 'data.yaml'}")

    def test_folder__nothing_proposed_that_needs_a_yaml(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        (tmp_path / "a.xml").write_text(voc("", (40, 30)))
        assert check_text(check_folder(tmp_path, "voc")).splitlines()[-1].endswith("lidd data convert")

    def test_counts_before_examples(self, tmp_path):
        text = check_text(_checked(tmp_path, {"train/a": BOTH + "9 0.5 0.5 0.1 0.1\n0 0.5\n0 0.5\n", "val/b": GOOD}))
        assert "2 pictures, 3 objects; 3 findings in 1 file\n" in text
        assert (
            "  1  classes out of range  [class-range]\n  2  lines with a wrong number of columns  [columns]\n" in text
        )
        assert "a.txt, line 3: class 9 is none of 0 to 1; correct the number" in text

    def test_many__first_of_each_kind(self, tmp_path):
        text = check_text(
            _checked(tmp_path, {"train/a": BOTH + "9 0.5 0.5 0.1 0.1\n" * 40 + "0 0.5\n" * 3, "val/b": ""})
        )
        shown = [line for line in text.splitlines() if "a.txt, line" in line]
        assert len(shown) == SHOWN
        assert sum("0 0.5" in line or "2 fields" in line for line in shown) == 3
        assert "and 23 more; --json gives all of them" in text


class TestAsDict:
    def test_everything(self, tmp_path):
        done = _checked(tmp_path, {"train/a": BOTH + "9 0.5 0.5 0.1 0.1\n" * 30, "val/b": ""})
        found = json.loads(json.dumps(done.as_dict()))
        assert found["counts"] == {"class-range": 30}
        assert [entry["where"] for entry in found["findings"]] == [f"line {k}" for k in range(3, 33)]
        assert found["figures"]["objects"] == {"scratch": {"train": 1, "val": 0}, "pit": {"train": 1, "val": 0}}
