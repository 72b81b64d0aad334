"""Tables of each kind from entries made up for it, by their markers, and the pages in the repository are up to date."""

import json
from pathlib import Path

import pytest

from benchmarks.readme_tables import (
    fill,
    group_table,
    inspection_table,
    latency_table,
    leak_table,
    loading_table,
    main,
    mask_table,
    operator_table,
    predict_table,
    ratio_table,
    result_table,
    size_table,
    step_table,
    write_tables,
)
from tests.helpers.made_up_ledger import made_up_entry, write_entry
from tests.helpers.two_splits import write_two_splits

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "neu-det-a.json").write_text(json.dumps(ENTRY))
    return tmp_path / "ledger"


class TestFill:
    def test_fill__replaces_only_between_markers(self, ledger):
        page = "before\n<!-- table: neu-det-* -->\nold\n<!-- end of table -->\nafter\n"
        filled = fill(page, ledger)
        assert filled.startswith("before\n")
        assert filled.endswith("<!-- end of table -->\nafter\n")
        assert "a-run" in filled
        assert "old" not in filled
        assert fill(filled, ledger) == filled

    def test_fill__other_pattern_other_entries(self, ledger):
        filled = fill("<!-- table: wlnet-* -->\n<!-- end of table -->\n", ledger)
        assert filled == "<!-- table: wlnet-* -->\n*Not measured yet.*\n<!-- end of table -->\n"

    def test_fill__a_class_of_characters(self, ledger):
        assert "a-run" in fill("<!-- table: neu-det-[a-c] -->\n<!-- end of table -->\n", ledger)
        assert "a-run" not in fill("<!-- table: neu-det-[0-9] -->\n<!-- end of table -->\n", ledger)

    def test_fill__several_patterns_in_their_order(self, ledger):
        (ledger / "neu-det-b.json").write_text(json.dumps({**ENTRY, "name": "b-run"}))
        filled = fill("<!-- table: neu-det-b neu-det-* -->\n<!-- end of table -->\n", ledger)
        assert filled.count("b-run") == filled.count("a-run") == 1
        assert filled.index("b-run") < filled.index("a-run")

    def test_fill__by_its_marker(self, tmp_path):
        entry = {"name": "leak-x", "dataset": "x", "images": 1, "groups": 1, "largest": 1, "draws": 1, "results": {}}
        (tmp_path / "leak-x.json").write_text(json.dumps({**entry, "group_sha256": "00"}))
        filled = fill("<!-- leaks: leak-* -->\n<!-- end of leaks -->\n", tmp_path)
        assert "x: groups 00" in filled

    def test_fill__differences(self, tmp_path):
        for name, quality in (("lidd", 0.9), ("yolov8n", 0.3)):
            write_entry(tmp_path, made_up_entry(f"steel-{name}-s0", model=f"{name}.yaml"), quality=quality)
        filled = fill("<!-- differences: steel-* -->\n<!-- end of differences -->\n", tmp_path)
        assert "| lidd − yolov8n | +" in filled
        assert fill(filled, tmp_path) == filled

    def test_fill__splits(self, tmp_path):
        write_two_splits(tmp_path)
        filled = fill("<!-- splits: random-* grouped-* -->\n<!-- end of splits -->\n", tmp_path)
        assert "| lidd | random (" in filled
        assert fill(filled, tmp_path) == filled


class TestWriteTables:
    def test_write_tables__names_changed_pages(self, ledger, tmp_path):
        page = tmp_path / "page.md"
        page.write_text("<!-- table: * -->\n<!-- end of table -->\n")
        assert write_tables([page], ledger) == [page]
        assert write_tables([page], ledger) == []


class TestRepositoryPages:
    @pytest.mark.trains
    @pytest.mark.parametrize(
        "page", ["README.md", *(page.relative_to(ROOT).as_posix() for page in sorted((ROOT / "docs").rglob("*.md")))]
    )
    def test_pages__say_what_the_ledger_says(self, page):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert fill(text, ROOT / "benchmarks" / "results") == text, "run: make tables"


ENTRY = {
    "name": "a-run",
    "model": "lidd.yaml",
    "data": {"yaml": "neu-det.yaml", "dataset": "neu-det", "protocol": "grouped", "seed": 0, "data_sha256": "ab" * 32},
    "arguments": {"imgsz": 192},
    "epochs_run": 60,
    "results": {"val": {"map50": 0.5, "map": 0.25}, "test": {"map50": 0.4, "map": 0.2}},
    "counts": {"parameters_folded": 626_256},
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


MACHINE = {"processor": "Some CPU", "threads": 2, "versions": {"torch": "2.15.0", "openvino": "2026.4"}}


class TestLatencyTable:
    def test_latency_table__runtime_batch_and_quartiles(self):
        def entry(batch, runtime, seconds):
            spread = {"quartiles_s": [0.5 * seconds, 2 * seconds], "ratio_quartiles": [0.9, 1.25]}
            results = {"a.yaml": {"median_s": seconds, "ratio": 1.0, **spread}}
            facts = {"imgsz": 192, "batch": batch, "runtime": runtime, "reference": "a.yaml"}
            return {**facts, "results": results, "machine": MACHINE}

        lines = latency_table([entry(8, "openvino", 0.08), entry(1, "pytorch", 0.02)]).splitlines()
        assert lines[2:4] == [
            "| a.yaml | pytorch | 192 | 1 | 2 | 20.00 | 10.00 to 40.00 | 1.00 | 0.90 to 1.25 |",
            "| a.yaml | openvino | 192 | 8 | 2 | 10.00 | 5.00 to 20.00 | 1.00 | 0.90 to 1.25 |",
        ]
        assert lines[-1] == "Reference: a.yaml. Some CPU, openvino 2026.4, torch 2.15.0."

    def test_latency_table__without_quartiles(self):
        """As measured before they were kept."""
        entry = {"imgsz": 64, "batch": 2, "runtime": "onnx", "reference": "a", "machine": MACHINE}
        row = latency_table([{**entry, "results": {"a": {"median_s": 0.1, "ratio": 1}}}]).splitlines()[2]
        assert row == "| a | onnx | 64 | 2 | 2 | 50.00 | - | 1.00 | - |"


class TestRatioTable:
    def test_ratio_table__runtimes_side_by_side_without_other_forms(self):
        def entry(runtime, imgsz, ratio):
            network = {"median_s": 1.0, "ratio": ratio, "ratio_quartiles": [ratio - 0.1, ratio + 0.1]}
            results = {"a.yaml": {**network, "ratio": 1.0}, "b.yaml": network, "b.yaml, unfused": network}
            facts = {"imgsz": imgsz, "batch": 8, "runtime": runtime, "reference": "a.yaml"}
            return {**facts, "results": results, "machine": MACHINE}

        lines = ratio_table(
            [entry("openvino", 64, 0.7), entry("pytorch", 64, 1.2), entry("onnx", 32, 0.5)]
        ).splitlines()
        assert lines[0] == "| network | beside | side in px | batch | threads | PyTorch | ONNX Runtime | OpenVINO |"
        assert lines[2:4] == [
            "| b.yaml | a.yaml | 32 | 8 | 2 | - | 0.50 (0.40 to 0.60) | - |",
            "| b.yaml | a.yaml | 64 | 8 | 2 | 1.20 (1.10 to 1.30) | - | 0.70 (0.60 to 0.80) |",
        ]
        assert lines[-1].endswith("Reference: a.yaml. Some CPU, openvino 2026.4, torch 2.15.0.")


class TestPredictTable:
    def test_predict_table__speed_start_and_memory(self):
        found = {
            **{"pictures_per_s": 41.26, "ratio": 0.8, "ratio_quartiles": [0.7, 0.9], "detections": 2.25},
            **{"start": {"median_s": 3.14}, "peak_mib": 512.4, "grown_mib": 60.6},
        }
        entry = {"imgsz": 320, "reference": "a", "results": {"b.pt": found}, "machine": MACHINE}
        row = predict_table([entry]).splitlines()[2]
        assert row == "| b.pt | 320 | 2 | 41.3 | 0.80 | 0.70 to 0.90 | 3.1 | 512 | 61 | 2.2 |"


class TestStepTable:
    def test_step_table__device_and_memory(self):
        found = {"median_s": 0.5, "ratio": 1.5, "ratio_quartiles": [1.4, 1.6], "peak_mib": 700.2}
        entry = {"imgsz": 640, "batch": 4, "reference": "y", "device": "cpu", "results": {"x": found}}
        on_gpu = {**entry, "imgsz": 700, "device": "cuda:0", "machine": {**MACHINE, "gpu": "Some GPU"}}
        lines = step_table([on_gpu, {**entry, "machine": MACHINE}]).splitlines()
        assert lines[2:4] == [
            "| x | 640 | 4 | CPU, 2 thread(s) | 0.500 | 1.50 | 1.40 to 1.60 | 700 |",
            "| x | 700 | 4 | Some GPU | 0.500 | 1.50 | 1.40 to 1.60 | 700 |",
        ]


class TestLoadingTable:
    def test_loading_table__smallest_batch_first(self):
        found = {"step_s": 1.5, "wait_s": 0.25, "waiting": 0.1429, "workers": 2}
        entry = {"imgsz": 192, "batch": 8, "device": "cpu", "data": "some/steel.yaml", "machine": MACHINE}
        lines = loading_table([{**entry, "results": {"x": found}}, {**entry, "batch": 4, "results": {"y": found}}])
        assert lines.splitlines()[2:] == [
            "| y | steel | 192 | 4 | CPU, 2 thread(s) | 2 | 1.500 | 0.250 | 14 % |",
            "| x | steel | 192 | 8 | CPU, 2 thread(s) | 2 | 1.500 | 0.250 | 14 % |",
            "",
            "Some CPU, torch 2.15.0.",
        ]


class TestFillOfSpeed:
    def test_fill__by_their_markers(self, tmp_path):
        machine = {"processor": "Some CPU", "threads": 1, "versions": {"torch": "2"}}
        entry = {"name": "x", "imgsz": 64, "batch": 1, "runtime": "pytorch", "reference": "a"}
        entry["results"] = {"a": {"median_s": 1, "ratio": 1}}
        (tmp_path / "latency-64.json").write_text(json.dumps({**entry, "machine": machine}))
        filled = fill("<!-- latency: latency-* -->\n<!-- end of latency -->\n", tmp_path)
        assert "| a | pytorch | 64 | 1 | 1 | 1000.00 | - | 1.00 | - |" in filled
        filled = fill("<!-- predict: predict-* -->\n<!-- end of predict -->\n", tmp_path)
        assert "*Not measured yet.*" in filled


OPERATORS = {
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
        lines = operator_table([OPERATORS]).splitlines()
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
        assert operator_table([OPERATORS, {**OPERATORS, "imgsz": 32}]).count("| all operators |") == 2


class TestMain:
    def test_main__renews(self, ledger, tmp_path, capsys):
        page = tmp_path / "page.md"
        page.write_text("<!-- table: neu-* -->\n<!-- end of table -->\n")
        assert main([str(page), "--ledger", str(ledger)]) == 0
        assert "| a-run | lidd.yaml |" in page.read_text()
        assert capsys.readouterr().out == f"renewed {page}\n"
        assert main([str(page), "--ledger", str(ledger)]) == 0
        assert capsys.readouterr().out == "every table is up to date\n"

    def test_main__no_page(self, ledger, tmp_path, capsys):
        assert main([str(tmp_path / "none.md"), "--ledger", str(ledger)]) == 2
        assert "none.md" in capsys.readouterr().err


class TestInspections:
    def test_sizes__share_found_in_each_class_of_size(self):
        bins = [
            {"from_px": 0.0, "below_px": 8.0, "defects": 4, "found": 1},
            {"from_px": 8.0, "defects": 10, "found": 9},
            {"defects": 14, "found": 10, "false_alarms": 3},
        ]
        entry = {"data": "small", "imgsz": 96, "false_alarms_per_picture": 0.5, "results": {"a": {"bins": bins}}}
        head, _, row, *_ = size_table([entry]).splitlines()
        assert head == "| network | 0 to 8 (4) | from 8 (10) | all (14) | false alarms |"
        assert row == "| a | 0.250 | 0.900 | 0.714 | 3 |"

    def test_inspections__counts_with_intervals_and_a90(self):
        tally = {"events": 1, "total": 8, "value": 0.125, "low": 0.01, "high": 0.5}
        counts = {"missed defects": tally, "missed parts": {**tally, "total": 0}, "rejected good parts": None}
        entry = {
            "run": "a-run",
            "data": "plates",
            "imgsz": 192,
            "criterion": {"min_recall": {"share": 0.9}},
            "results": {
                "test": {"of_class": {"pit": counts}, "together": counts},
                "probability_of_detection": {"unit": "mm", "pit": {"a90": {"value": 12.4, "low": 10, "high": 20}}},
            },
        }
        lines = inspection_table([entry]).splitlines()
        assert lines[0].endswith("| rejected good pictures | nine of ten found from, mm |")
        assert lines[2] == "| pit | 1 of 8: 12.5 % (1.0 to 50.0) | - | - | 12 (10 to 20) |"
        assert lines[3] == "| together | 1 of 8: 12.5 % (1.0 to 50.0) | - | - | - |"
        assert lines[5] == "`a-run`, plates, 192 px; asked for: min recall share 0.9."
