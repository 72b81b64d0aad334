"""Tables of measured speed, of the present ledger entries and of earlier ones."""

import json

from lidd_yolo.report.readme_tables import fill
from lidd_yolo.report.speed_tables import latency_table, loading_table, predict_table, ratio_table, step_table

MACHINE = {"processor": "Some CPU", "threads": 2, "versions": {"torch": "2.15.0", "openvino": "2026.4"}}


class TestStepTable:
    def test_step_table__ratios_and_machine(self):
        entry = {
            "results": {"yolov8n.yaml": {"median_s": 0.5, "ratio": 1.0}, "x": {"median_s": 0.9, "ratio": 1.8}},
            "machine": {"processor": "Some CPU", "threads": 1, "versions": {"torch": "2.15.0"}},
        }
        lines = step_table([entry]).splitlines()
        assert lines[2:4] == ["| yolov8n.yaml | 0.500 | 1.00 |", "| x | 0.900 | 1.80 |"]
        assert "Some CPU, 1 thread(s)" in lines[-1]


class TestLatencyTable:
    def test_latency_table__networks_and_settings(self):
        def entry(imgsz, seconds):
            machine = {"processor": "Some CPU", "threads": 2, "versions": {"torch": "2.15.0"}}
            results = {"a.yaml": {"median_s": seconds, "ratio": 1.0}, "b.yaml": {"median_s": 0.0404, "ratio": 1.06}}
            return {"imgsz": imgsz, "reference": "a.yaml", "results": results, "machine": machine}

        lines = latency_table([entry(224, 0.038), entry(640, 0.25)]).splitlines()
        assert lines[2:6] == [
            "| a.yaml | 224 | 2 | 38.0 | 1.00 |",
            "| b.yaml | 224 | 2 | 40.4 | 1.06 |",
            "| a.yaml | 640 | 2 | 250.0 | 1.00 |",
            "| b.yaml | 640 | 2 | 40.4 | 1.06 |",
        ]
        assert lines[-1] == "Reference: a.yaml. Some CPU, torch 2.15.0."

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

    def test_latency_table__earlier_entries_beside_present_ones(self):
        old = {"imgsz": 64, "reference": "a", "results": {"a": {"median_s": 0.1, "ratio": 1}}, "machine": MACHINE}
        lines = latency_table([old, {**old, "runtime": "onnx", "batch": 2}]).splitlines()
        assert lines[2:4] == [
            "| a | pytorch | 64 | 1 | 2 | 100.00 | - | 1.00 | - |",
            "| a | onnx | 64 | 2 | 2 | 50.00 | - | 1.00 | - |",
        ]


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


class TestStepsOfADevice:
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
        entry = {"name": "x", "imgsz": 64, "reference": "a", "results": {"a": {"median_s": 1, "ratio": 1}}}
        (tmp_path / "latency-64.json").write_text(json.dumps({**entry, "machine": machine}))
        filled = fill("<!-- latency: latency-* -->\n<!-- end of latency -->\n", tmp_path)
        assert "| a | 64 | 1 | 1000.0 | 1.00 |" in filled
        filled = fill("<!-- predict: predict-* -->\n<!-- end of predict -->\n", tmp_path)
        assert "*Not measured yet.*" in filled
