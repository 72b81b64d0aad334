"""Each kind of table from entries made up for it."""

from lidd_yolo.report.readme_tables import group_table, leak_table, mask_table, result_table

ENTRY = {
    "name": "a-run",
    "model": "lidd.yaml",
    "data": {"yaml": "neu-det.yaml", "dataset": "neu-det", "protocol": "grouped", "seed": 0, "data_sha256": "ab" * 32},
    "arguments": {"imgsz": 192},
    "epochs_run": 60,
    "results": {"val": {"map50": 0.5, "map": 0.25}, "test": {"map50": 0.4, "map": 0.2}},
    "size": {"parameters_folded": 626_256},
    "machine": {"processor": "Some CPU", "versions": {"ultralytics": "8.4.190", "torch": "2.15.0"}},
}


class TestResultTable:
    def test_result_table__figures_beside_the_printed_ones(self):
        row = result_table([ENTRY]).splitlines()[2]
        assert row == ("| a-run | lidd.yaml | 0.626 M | 60 | 0.500 | 0.250 | 0.400 | 0.200 | 0.983 / 0.733, 0.6287 M |")

    def test_result_table__rows_of_the_ablation(self):
        row = result_table([{**ENTRY, "model": "lidd-latm.yaml"}]).splitlines()[2]
        assert row.endswith("| 0.967 / 0.668, 1.1718 M |")

    def test_result_table__printed_on_the_same_data_set(self):
        """YOLOv8n: table 4 for the aluminium sheets, nothing for data that the paper does not have."""
        for dataset, printed in (("aluminium-sheet", "0.955 / 0.508, 3.0068 M (other pictures)"), ("mine", "-")):
            entry = {**ENTRY, "model": "yolov8n.yaml", "data": {**ENTRY["data"], "dataset": dataset}}
            assert result_table([entry]).splitlines()[2].endswith(f" | {printed} |")

    def test_result_table__recipe_of_another_network(self):
        entry = {**ENTRY, "model": "yolov8n.yaml"}
        rows = result_table([{**entry, "recipe": "own"}, {**entry, "recipe": "lidd"}]).splitlines()[2:4]
        assert [row.split(" | ")[1] for row in rows] == ["yolov8n.yaml", "yolov8n.yaml, lidd recipe"]

    def test_result_table__no_test_part(self):
        entry = {**ENTRY, "results": {"val": ENTRY["results"]["val"]}}
        assert "| 60 | 0.500 | 0.250 | - | - | 0.983" in result_table([entry]).splitlines()[2]

    def test_result_table__says_what_the_figures_rest_on(self):
        last = result_table([ENTRY]).splitlines()[-1]
        for fact in ("neu-det", "`grouped` split seed 0", "abababababab", "192 px", "Some CPU", "ultralytics 8.4.190"):
            assert fact in last


class TestMaskTable:
    def test_mask_table__boxes_and_masks_beside_the_printed_ones(self):
        figures = {"map50": 0.5, "map": 0.25, "mask_map50": 0.4, "mask_map": 0.2}
        entry = {**ENTRY, "model": "wlnet.yaml", "results": {"val": figures, "test": {**figures, "mask_map": 0.1}}}
        rows = mask_table([entry, {**entry, "name": "b-run"}]).splitlines()[2:]
        assert rows[0] == "| a-run | wlnet.yaml | 0.626 M | 60 | val | 0.500 | 0.250 | 0.400 | 0.200 |"
        assert rows[1] == "| a-run | wlnet.yaml | 0.626 M | 60 | test | 0.500 | 0.250 | 0.400 | 0.100 |"
        assert rows[4] == "| *printed in the paper* | wlnet.yaml | 12.57 M | ? | ? | 0.939 | 0.705 | 0.912 | 0.541 |"
        assert rows[5] == ""


class TestLeakTable:
    def test_group_table__a_line_for_each_number_of_pictures(self):
        figures = {"seconds": 25.04, "cpu_seconds": 12.5, "pairs": 1712, "recall": 0.99854, "precision": 1.0}
        entry = {"results": {"1000 pictures": figures}, "machine": {"processor": "P", "cores": 2}}
        lines = group_table([entry]).splitlines()
        assert lines[2] == "| 1000 pictures | 25 | 12 | 1712 | 0.9985 | 1.0000 |"
        assert lines[4] == "P, 2 cores."

    def test_leak_table__per_cent_and_spread(self):
        entry = {
            **{"dataset": "set", "images": 10, "groups": 4, "largest": 3, "draws": 7, "group_sha256": "ab" * 32},
            "results": {
                "random 8:2": {"images": {"a": 8, "b": 2}, "leak": {"val": 0.714}, "range": {"val": [0.5, 0.8125]}},
                "official": {"images": {"a": 9}, "leak": {"val": 0.0, "test": 0.9643}},
            },
        }
        lines = leak_table([entry]).splitlines()
        assert lines[2:4] == [
            "| set | 10 | 4 | random 8:2 | 71.4 % (50.0 to 81.2) | - |",
            "| set | 9 | 4 | official | 0.0 % | 96.4 % |",
        ]
        assert lines[5].startswith("set: groups abababababab, the largest of 3 pictures; random: mean of 7 splits")
