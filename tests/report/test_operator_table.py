"""The table of operators adds up."""

from lidd_yolo.report.speed_tables import operator_table

ENTRY = {
    **{"imgsz": 64, "runtime": "onnx", "rounds": 7},
    "machine": {"processor": "Some CPU", "versions": {"onnxruntime": "1.2"}},
    "results": {
        "a.yaml": {
            "whole_s": 1e-3,
            "operators": {
                "Conv": {"count": 9, "seconds": 6e-4},
                "Add": {"count": 2, "seconds": 1e-5},
                "Exp": {"count": 1, "seconds": 4e-6},
            },
        },
        "b.yaml": {
            "whole_s": 5e-4,
            "operators": {"Split": {"count": 3, "seconds": 2e-4}, "Conv": {"count": 4, "seconds": 1e-4}},
        },
    },
}


class TestOperatorTable:
    def test_rows__by_hand(self):
        lines = operator_table([ENTRY]).splitlines()
        assert lines == [
            "| onnx, 64 px | a.yaml: number | us | share | b.yaml: number | us | share |",
            "|---|---|---|---|---|---|---|",
            "| Conv | 9 | 600 | 98 % | 4 | 100 | 33 % |",
            "| Split | - | - | - | 3 | 200 | 67 % |",
            "| others | 3 | 14 | 2 % | 0 | 0 | 0 % |",
            "| all operators | 12 | 614 | 100 % | 7 | 300 | 100 % |",
            "| a call without the profile |  | 1000 |  |  | 500 |  |",
            "",
            "Some CPU, 1 thread, onnxruntime 1.2; 7 runs.",
        ]

    def test_tables__one_for_each_entry(self):
        assert operator_table([ENTRY, {**ENTRY, "imgsz": 32}]).count("| all operators |") == 2
