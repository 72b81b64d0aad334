"""The lines about a file in int8."""

from lidd_yolo.export.summary import int8_lines

ENTRY = {
    "calibration": {"pictures": 128, "groups": 90, "left_out": 0, "seed": 3, "sha256": "0123456789abcdef"},
    "confidence": 0.25,
    "keep_float": [],
    "limits": {"recall": 0.01, "map": 0.02},
    "recall": {"dark": [0.8, 0.795], "bright": [1.0, 0.5]},
    "sensitivity": None,
}


class TestInt8Lines:
    def test_plain(self):
        assert list(int8_lines(ENTRY)) == [
            "calibrated on 128 pictures of train of 90 groups, seed 3, 0123456789ab",
            "recall above 0.25, limit of the loss 0.01: dark 0.800 to 0.795, bright 1.000 to 0.500",
        ]

    def test_rest__when_there_is_any(self):
        more = {
            "calibration": {**ENTRY["calibration"], "groups": None, "left_out": 4},
            "keep_float": ["22", "27.cv3"],
            "mask_recall": {"dark": [0.5, 0.5]},
            "sensitivity": {"error": 0.5, "errors": {"neck": 0.4, "head, cv3": 0.1}},
        }
        assert list(int8_lines({**ENTRY, **more})) == [
            "calibrated on 128 pictures of train, seed 3, 0123456789ab, 4 left out as they are in another split too",
            "kept in float: 22, 27.cv3",
            "recall above 0.25, limit of the loss 0.01: dark 0.800 to 0.795, bright 1.000 to 0.500",
            "recall by masks above 0.25, limit of the loss 0.01: dark 0.500 to 0.500",
            "error of the outputs 0.500; with one group of layers in float: head, cv3 0.100, neck 0.400",
        ]
