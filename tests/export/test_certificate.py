"""The certificate: entries, hashes, joining an earlier one, the lines for the terminal, files that are refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from lidd_yolo.export.calibration import Calibration
from lidd_yolo.export.certificate import (
    AS_CERTIFIED,
    CHANGED,
    ELSEWHERE,
    Agreement,
    Certificate,
    certificate_file,
    file_hashes,
    surroundings,
)
from lidd_yolo.export.comparison import Apart, Checked, Compared
from lidd_yolo.export.formats import InputShape, Variant, limits_of
from lidd_yolo.export.int8_check import MAP_LIMIT, Int8Checked
from lidd_yolo.export.int8_layers import Sensitivity
from tests.helpers.folders import text

SMALL = Compared(
    "static", Apart(1e-6, "boxes", "one.png"), Apart(3e-6, "scores", "two.png"), Agreement(5, box_iou=0.99, picture="b")
)
LARGE = Compared(
    "dynamic", Apart(5e-6, "scores", "two.png"), Apart(2e-6, "boxes", "one.png"), Agreement(4, box_iou=0.98)
)


@pytest.fixture
def result():
    found = Checked("onnx", Variant(InputShape(64, 64)), limits_of("onnx", half=False))
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
    def test_compared__as_it_is(self):
        entry = SMALL.entry()
        assert entry["to_folded"] == {"difference": 1e-6, "output": "boxes", "picture": "one.png"}
        assert entry["to_trained"] == {"difference": 3e-6, "output": "scores", "picture": "two.png"}
        assert (entry["final"]["picture"], entry["final"]["matched"]) == ("b", 5)

    def test_format__worst_case_of_each_side(self, result):
        entry = result.entry()
        assert entry["passed"] is True
        assert entry["worst"]["to_folded"] == {
            "case": "dynamic",
            "difference": 5e-6,
            "output": "scores",
            "picture": "two.png",
        }
        assert entry["worst"]["to_trained"]["case"] == "static"
        assert entry["limits"]["raw"] == entry["limits"]["raw_to_trained"] == 1e-4
        assert json.loads(json.dumps(entry)) == entry

    def test_format__failed(self, result):
        result.failures, result.compared = ["could not be exported"], []
        entry = result.entry()
        assert (entry["passed"], entry["worst"], entry["cases"]) == (False, {}, [])

    def test_int8__calibration_recall_and_search(self):
        limits = replace(limits_of("onnx", half=False), map=MAP_LIMIT)
        result = Int8Checked("onnx", Variant(InputShape(64, 64)), limits, recall={"a": (0.8, 0.7)}, map={"box": 0.5})
        result.failures, result.sensitivity = ["recall of a falls"], Sensitivity(0.5, {"neck": 0.2}, ("9",), 0.2)
        result.calibration = Calibration((Path("x.png"),), 7, 1, 2, "ab").as_dict()
        result.keep_float = ("27.cv3",)
        entry = result.entry()
        assert (entry["passed"], entry["precision"], entry["cases"]) == (False, "int8", [])
        used = {"split": "train", "pictures": 1, "groups": 1, "left_out": 2, "seed": 7, "sha256": "ab"}
        assert entry["calibration"] == used
        assert (entry["recall"], entry["keep_float"]) == ({"a": [0.8, 0.7]}, ["27.cv3"])
        assert "mask_recall" not in entry
        assert entry["limits"] == {"recall": 0.01, "map": 0.02}
        assert entry["sensitivity"]["errors"] == {"neck": 0.2}
        json.dumps(entry)
        result.mask_recall = {"a": (0.5, 0.5)}
        assert result.entry()["mask_recall"] == {"a": [0.5, 0.5]}

    def test_surroundings__versions(self):
        assert {"lidd-yolo", "ultralytics", "torch"} <= surroundings()["versions"].keys()


class TestJoinedWith:
    @pytest.fixture
    def earlier(self, tmp_path):
        """A certificate of an ONNX file, and the file."""
        file = text(tmp_path / "best.onnx", "abc")
        content = {
            "weights": {"file": "best.pt", "sha256": "w"},
            "fold": {"passed": True},
            "formats": {"onnx": {"passed": True, "files": file_hashes(file)}},
        }
        return text(certificate_file(tmp_path / "best.pt"), json.dumps(content))

    def new(self, weights="w", *, passed=True, fold=True):
        entry = {"passed": passed, "files": {}}
        return Certificate({"file": "best.pt", "sha256": weights}, {"passed": fold}, {"ncnn": entry})

    def test_same_weights__both(self, earlier):
        joined = self.new().joined_with(earlier)
        assert list(joined.formats) == ["onnx", "ncnn"]
        assert joined.passed is True

    def test_failed__not_passed_as_a_whole(self, earlier):
        assert self.new(passed=False).joined_with(earlier).passed is False

    def test_failed_fold__nothing_else_counts(self, earlier):
        joined = self.new(fold=False).joined_with(earlier)
        assert (joined.passed, list(joined.formats)) == (False, ["ncnn"])

    def test_other_weights__new_alone(self, earlier):
        assert list(self.new("other").joined_with(earlier).formats) == ["ncnn"]

    @pytest.mark.parametrize("change", ["changed", "gone"])
    def test_other_file__no_longer_certified(self, earlier, change):
        file = earlier.with_name("best.onnx")
        if change == "gone":
            file.unlink()
        else:
            file.write_text("axy")
        assert list(self.new().joined_with(earlier).formats) == ["ncnn"]

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights": 3}'])
    def test_damaged__new_alone(self, earlier, content):
        earlier.write_text(content)
        assert list(self.new().joined_with(earlier).formats) == ["ncnn"]


APART = {"difference": 2e-6, "output": "scores", "picture": "one.png"}
FOLD = {"passed": True, "limit": 1e-4, "first_layer": "", "to_trained": APART}
FINAL = {
    "matched": 5,
    "unmatched": 0,
    "swapped": 0,
    "box_iou": 0.9991,
    "mask_iou": 1.0,
    "score": 1e-5,
    "picture": "two.png",
}
ENTRY = {
    "passed": True,
    "failures": [],
    "first_layer": "",
    "precision": "float32",
    "delivered": "static 64x64, batch 1",
    "limits": {"raw": 1e-4, "raw_to_trained": 1e-3, "map": 0.002},
    "worst": {"to_folded": {"case": "static", **APART}, "to_trained": {"case": "dynamic", **APART}},
    "map50_95": None,
    "cases": [{"final": FINAL}],
    "not_compared": [],
    "notes": [],
    "confidence": 0.25,
}


def lines(entry=ENTRY, fold=FOLD, placed=None):
    formats = {} if entry is None else {"onnx": entry}
    put = {} if placed is None else {"onnx": Path(placed)}
    return Certificate({}, fold, formats).summary(["onnx"], put).splitlines()


class TestSummary:
    def test_passed(self):
        assert lines(placed="best.onnx") == [
            "folding     passed: outputs differ by 2.0e-06 of their size, limit 1e-04 (scores in one.png)",
            "onnx        passed: best.onnx (float32, static 64x64, batch 1)",
            "            outputs: at most 2.0e-06 from the folded network, limit 1e-04 (static, scores in one.png)",
            "            outputs: at most 2.0e-06 from the trained network, limit 1e-03 (dynamic, scores in one.png)",
            "            detections above 0.25: 5 pairs, 0 without a counterpart; smallest IoU of boxes 0.9991 "
            "(two.png); scores within 1.0e-05",
        ]

    def test_failed__who_departs_and_where(self):
        told = lines({**ENTRY, "passed": False, "failures": ["scores differ", "boxes too"], "first_layer": "model.3"})
        assert told[1:5] == [
            "onnx        FAILED: scores differ",
            "            boxes too",
            "            the exported file departs, the folded network does not; first layer that differs: model.3",
            "            nothing was kept",
        ]

    def test_failed__kept_under_another_name(self):
        told = lines({**ENTRY, "passed": False, "failures": ["x"]}, placed="best.onnx.failed")
        assert "            kept for a look as best.onnx.failed" in told

    def test_failed__no_file(self):
        told = lines({**ENTRY, "passed": False, "failures": ["x"], "cases": [], "worst": {}})
        assert "there is no exported file that runs" in told[2]

    @pytest.mark.parametrize("first", ["model.3 (CSEB)", ""])
    def test_fold__failed(self, first):
        told = lines(None, {**FOLD, "passed": False, "first_layer": first})
        assert told[0].startswith("folding     FAILED: the folded network departs from the trained one; first layer")
        assert told[0].endswith(first or "no single layer")
        assert told[1].endswith("nothing was exported")

    def test_map__beside_both_networks(self):
        fold = {**FOLD, "map50_95": {"trained": {"box": 0.5}, "folded": {"box": 0.501}}}
        told = lines({**ENTRY, "map50_95": {"box": 0.499}, "map50_95_difference": 0.001}, fold)
        want = "mAP50-95: box 0.4990 (trained 0.5000, folded 0.5010); difference 0.0010, limit 0.002"
        assert f"            {want}" in told

    def test_detections__none(self):
        nothing = {**FINAL, "matched": 0}
        assert "try a smaller --conf" in lines({**ENTRY, "cases": [{"final": nothing}]})[4]

    def test_swapped__when_there_are_any(self):
        assert (
            "5 pairs (2 by another of two nearly" in lines({**ENTRY, "cases": [{"final": {**FINAL, "swapped": 2}}]})[4]
        )

    def test_masks__when_there_are_any(self):
        assert "of masks 0.9700" in lines({**ENTRY, "cases": [{"final": {**FINAL, "mask_iou": 0.97}}]})[4]

    def test_int8__its_own_lines(self):
        used = {"pictures": 4, "groups": None, "left_out": 0, "seed": 0, "sha256": "ab"}
        own = {"calibration": used, "keep_float": [], "recall": {"a": [0.5, 0.2]}, "sensitivity": None}
        failed = {"passed": False, "failures": ["recall falls"], "cases": [], "worst": {}, "precision": "int8"}
        told = lines({**ENTRY, **own, **failed, "limits": {"recall": 0.01, "map": 0.02}})
        assert told[1:5] == [
            "onnx        FAILED: recall falls",
            "            nothing was kept",
            "            calibrated on 4 pictures of train, seed 0, ab",
            "            recall above 0.25, limit of the loss 0.01: a 0.500 to 0.200",
        ]

    def test_long_name__a_space_after_it(self):
        formats = {"openvino-int8": {**ENTRY, "passed": False, "failures": ["x"]}}
        told = Certificate({}, FOLD, formats).summary(["openvino-int8"], {})
        assert told.splitlines()[1] == "openvino-int8 FAILED: x"

    def test_rest__named(self):
        told = lines({**ENTRY, "not_compared": ["batch 4: why"], "notes": ["float32"]})
        assert told[-2:] == ["            not compared: batch 4: why", "            note: float32"]


INT8 = {
    **ENTRY,
    "cases": [],
    "worst": {},
    "precision": "int8",
    "calibration": {"pictures": 128, "groups": 90, "left_out": 0, "seed": 3, "sha256": "0123456789abcdef"},
    "confidence": 0.25,
    "keep_float": [],
    "limits": {"recall": 0.01, "map": 0.02},
    "recall": {"dark": [0.8, 0.795], "bright": [1.0, 0.5]},
    "sensitivity": None,
}


def int8_lines(entry):
    """Return the lines after those about folding and the verdict."""
    told = Certificate({}, FOLD, {"onnx-int8": entry}).summary(["onnx-int8"], {}).splitlines()
    return [line.strip() for line in told[2:]]


class TestInt8Lines:
    def test_plain(self):
        assert int8_lines(INT8) == [
            "calibrated on 128 pictures of train of 90 groups, seed 3, 0123456789ab",
            "recall above 0.25, limit of the loss 0.01: dark 0.800 to 0.795, bright 1.000 to 0.500",
        ]

    def test_rest__when_there_is_any(self):
        more = {
            "calibration": {**INT8["calibration"], "groups": None, "left_out": 4},
            "keep_float": ["22", "27.cv3"],
            "mask_recall": {"dark": [0.5, 0.5]},
            "sensitivity": {"error": 0.5, "errors": {"neck": 0.4, "head, cv3": 0.1}},
        }
        assert int8_lines({**INT8, **more}) == [
            "calibrated on 128 pictures of train, seed 3, 0123456789ab, 4 left out as they are in another split too",
            "kept in float: 22, 27.cv3",
            "recall above 0.25, limit of the loss 0.01: dark 0.800 to 0.795, bright 1.000 to 0.500",
            "recall by masks above 0.25, limit of the loss 0.01: dark 0.500 to 0.500",
            "error of the outputs 0.500; with one group of layers in float: head, cv3 0.100, neck 0.400",
        ]


WHOLE = {"weights": {"file": "best.pt", "sha256": "w"}, "fold": {"passed": True}, "formats": {"onnx": {"passed": True}}}


class TestRead:
    def test_read__whole(self, tmp_path):
        assert Certificate.read(text(tmp_path / "c.json", json.dumps(WHOLE))).as_dict() == {"passed": True, **WHOLE}

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("", "no JSON"),
            ("{", "no JSON"),
            ("[]", "it holds no object"),
            ('{"name": "neu-det-s0"}', "'weights' is missing"),
            (json.dumps({**WHOLE, "weights": {"file": "best.pt"}}), "'weights' has no 'sha256'"),
            (json.dumps({**WHOLE, "fold": {}}), "'fold' has no 'passed'"),
            (json.dumps({**WHOLE, "formats": ["onnx"]}), "'formats' is missing"),
            (json.dumps({**WHOLE, "formats": {"onnx": {}}}), "'onnx' of its formats does not say whether it passed"),
        ],
    )
    def test_read__refused(self, tmp_path, content, told):
        file = text(tmp_path / "c.json", content)
        with pytest.raises(ValueError, match=told) as refused:
            Certificate.read(file)
        assert str(refused.value).startswith(f"{file}: ")

    def test_read__no_text_or_no_file(self, tmp_path):
        (tmp_path / "c.json").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ValueError, match="no JSON"):
            Certificate.read(tmp_path / "c.json")
        with pytest.raises(ValueError, match=r"none.json: No such file"):
            Certificate.read(tmp_path / "none.json")
        with pytest.raises(ValueError, match="Is a directory"):
            Certificate.read(tmp_path)


class TestFileStates:
    def test_states__of_each_file(self, tmp_path):
        text(tmp_path / "best.pt", "weights")
        text(tmp_path / "best_ncnn_model" / "model.bin", "changed")
        digest = hashlib.sha256(b"weights").hexdigest()
        files = {"best_ncnn_model/model.bin": "a", "best_ncnn_model/model.param": "b"}
        content = {
            "weights": {"file": "best.pt", "sha256": digest},
            "fold": {"passed": True},
            "formats": {"ncnn": {"passed": True, "files": files}, "onnx": {"passed": False}},
        }
        assert Certificate.of(content).file_states(tmp_path) == [
            ("best.pt", digest, AS_CERTIFIED),
            ("best_ncnn_model/model.bin", "a", CHANGED),
            ("best_ncnn_model/model.param", "b", ELSEWHERE),
        ]
