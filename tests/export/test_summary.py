"""The lines for the terminal."""

from pathlib import Path

import pytest

from lidd_yolo.export.summary import summary_text

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
    return summary_text({"fold": fold, "formats": formats}, ["onnx"], put, Path("best.parity.json")).splitlines()


class TestSummaryText:
    def test_passed(self):
        assert lines(placed="best.onnx") == [
            "folding     passed: outputs differ by 2.0e-06 of their size, limit 1e-04 (scores in one.png)",
            "onnx        passed: best.onnx (float32, static 64x64, batch 1)",
            "            outputs: at most 2.0e-06 from the folded network, limit 1e-04 (static, scores in one.png)",
            "            outputs: at most 2.0e-06 from the trained network, limit 1e-03 (dynamic, scores in one.png)",
            "            detections above 0.25: 5 pairs, 0 without a counterpart; smallest IoU of boxes 0.9991 "
            "(two.png); scores within 1.0e-05",
            "wrote best.parity.json",
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
        told = summary_text({"fold": FOLD, "formats": formats}, ["openvino-int8"], {}, Path("best.parity.json"))
        assert told.splitlines()[1] == "openvino-int8 FAILED: x"

    def test_rest__named(self):
        told = lines({**ENTRY, "not_compared": ["batch 4: why"], "notes": ["float32"]})
        assert told[-3:-1] == ["            not compared: batch 4: why", "            note: float32"]
