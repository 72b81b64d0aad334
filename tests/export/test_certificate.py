"""The certificate: what it says about a format, hashes, and how it joins an earlier one."""

import hashlib
import json
from pathlib import Path

import pytest

from lidd_yolo.export.calibration import Calibration
from lidd_yolo.export.certificate import (
    certificate_file,
    compared_entry,
    file_hashes,
    format_entry,
    int8_entry,
    joined_with,
    surroundings,
)
from lidd_yolo.export.comparison import Agreement, Apart, Compared
from lidd_yolo.export.float_check import FormatResult
from lidd_yolo.export.formats import InputShape, Variant, limits_of
from lidd_yolo.export.int8_check import Int8Result
from lidd_yolo.export.int8_layers import Sensitivity
from tests.helpers.folders import text

FILES = [Path("a/one.png"), Path("a/two.png")]
SMALL = Compared("static", Apart(1e-6, "boxes", 0), Apart(3e-6, "scores", 1), Agreement(5, box_iou=0.99), 1)
LARGE = Compared("dynamic", Apart(5e-6, "scores", 1), Apart(2e-6, "boxes", 0), Agreement(4, box_iou=0.98), 0)


@pytest.fixture
def result():
    found = FormatResult("onnx", Variant(InputShape(64, 64)), limits_of("onnx", half=False))
    found.compared = [SMALL, LARGE]
    return found


class TestFileHashes:
    def test_file(self, tmp_path):
        file = text(tmp_path / "best.onnx", "abc")
        assert file_hashes(file) == {"best.onnx": hashlib.sha256(b"abc").hexdigest()}

    def test_folder__each_file(self, tmp_path):
        folder = text(tmp_path / "best_ncnn_model" / "model.bin", "abc").parent
        text(folder / "model.param", "")
        assert list(file_hashes(folder)) == ["best_ncnn_model/model.bin", "best_ncnn_model/model.param"]


class TestEntries:
    def test_compared__pictures_by_name(self):
        entry = compared_entry(SMALL, FILES)
        assert entry["to_folded"] == {"difference": 1e-6, "output": "boxes", "picture": "one.png"}
        assert entry["to_trained"] == {"difference": 3e-6, "output": "scores", "picture": "two.png"}
        assert entry["final"]["picture"] == "two.png"
        assert entry["final"]["matched"] == 5

    def test_format__worst_case_of_each_side(self, result):
        entry = format_entry(result, FILES, {"confidence": 0.25})
        assert entry["passed"] is True
        assert entry["worst"]["to_folded"] == {
            "case": "dynamic",
            "difference": 5e-6,
            "output": "scores",
            "picture": "two.png",
        }
        assert entry["worst"]["to_trained"]["case"] == "static"
        assert entry["limits"]["raw"] == entry["limits"]["raw_to_trained"] == 1e-4
        assert entry["confidence"] == 0.25
        assert json.loads(json.dumps(entry)) == entry

    def test_format__failed(self, result):
        result.failures, result.compared = ["could not be exported"], []
        entry = format_entry(result, FILES, {})
        assert (entry["passed"], entry["worst"], entry["cases"]) == (False, {}, [])

    def test_int8__calibration_recall_and_search(self):
        found = Int8Result("onnx", Variant(InputShape(64, 64)), ("27.cv3",), recall={"a": (0.8, 0.7)}, map={"box": 0.5})
        found.failures, found.sensitivity = ["recall of a falls"], Sensitivity(0.5, {"neck": 0.2}, ("9",), 0.2)
        calibration = Calibration((Path("x.png"),), 7, 1, 2, "ab")
        entry = int8_entry(found, calibration, {"confidence": 0.25})
        assert (entry["passed"], entry["precision"], entry["cases"]) == (False, "int8", [])
        used = {"split": "train", "pictures": 1, "groups": 1, "left_out": 2, "seed": 7, "sha256": "ab"}
        assert entry["calibration"] == used
        assert (entry["recall"], entry["keep_float"]) == ({"a": [0.8, 0.7]}, ["27.cv3"])
        assert "mask_recall" not in entry
        assert entry["limits"] == {"recall": 0.01, "map": 0.02}
        assert entry["sensitivity"]["errors"] == {"neck": 0.2}
        json.dumps(entry)
        found.mask_recall = {"a": (0.5, 0.5)}
        assert int8_entry(found, calibration, {})["mask_recall"] == {"a": [0.5, 0.5]}

    def test_surroundings__versions(self):
        assert {"lidd-yolo", "ultralytics", "torch"} <= surroundings()["versions"].keys()


class TestJoinedWith:
    @pytest.fixture
    def earlier(self, tmp_path):
        """A certificate of an ONNX file, and the file."""
        file = text(tmp_path / "best.onnx", "abc")
        content = {
            "weights": {"sha256": "w"},
            "fold": {"passed": True},
            "formats": {"onnx": {"passed": True, "files": file_hashes(file)}},
        }
        return text(certificate_file(tmp_path / "best.pt"), json.dumps(content))

    def new(self, weights="w", *, passed=True, fold=True):
        entry = {"passed": passed, "files": {}}
        return {"weights": {"sha256": weights}, "fold": {"passed": fold}, "formats": {"ncnn": entry}}

    def test_same_weights__both(self, earlier):
        joined = joined_with(earlier, self.new())
        assert list(joined["formats"]) == ["onnx", "ncnn"]
        assert joined["passed"] is True

    def test_failed__not_passed_as_a_whole(self, earlier):
        assert joined_with(earlier, self.new(passed=False))["passed"] is False

    def test_failed_fold__nothing_else_counts(self, earlier):
        joined = joined_with(earlier, self.new(fold=False))
        assert (joined["passed"], list(joined["formats"])) == (False, ["ncnn"])

    def test_other_weights__new_alone(self, earlier):
        assert list(joined_with(earlier, self.new("other"))["formats"]) == ["ncnn"]

    @pytest.mark.parametrize("change", ["changed", "gone"])
    def test_other_file__no_longer_certified(self, earlier, change):
        file = earlier.with_name("best.onnx")
        if change == "gone":
            file.unlink()
        else:
            file.write_text("axy")
        assert list(joined_with(earlier, self.new())["formats"]) == ["ncnn"]

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights": 3}'])
    def test_damaged__new_alone(self, earlier, content):
        earlier.write_text(content)
        assert list(joined_with(earlier, self.new())["formats"]) == ["ncnn"]
