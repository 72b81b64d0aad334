"""What page and table say about a certificate that ``lidd export``'s own functions wrote."""

import json

import pytest

from lidd_yolo.report.certificates import COLUMNS, certificate_section, certificate_table
from tests.helpers.made_up_certificate import format_of, int8_entry, write_certificate

REASON = "scores differ by 6.0e-02 of their size, limit 1e-02"


@pytest.fixture
def file(tmp_path):
    formats = {
        "onnx": format_of("onnx", 1e-6),
        "ncnn": format_of("ncnn", 0.02, failures=(REASON,), iou=0.91, alone=2),
        "onnx-int8": int8_entry(),
    }
    formats["onnx"] |= {"notes": ["a note"], "not_compared": ["dynamic: it could not be exported"]}
    point = {"file": "operating.yaml", "sha256": "0" * 64, "weights_sha256": "1" * 64, "imgsz": 192}
    formats["onnx"] |= {"operating": {**point, "thresholds": {"scratch": 0.41, "pit": 0.3}}}
    return write_certificate(tmp_path / "best.parity.json", formats)


def changed(file, **parts):
    """Return a certificate of which some parts were exchanged."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **parts}))
    return file


class TestCertificateSection:
    def test_lines(self, file):
        fold, onnx, ncnn, int8 = certificate_section(file).lines
        assert (fold.name, fold.passed, fold.figures[2]) == (
            "folding",
            True,
            ("4.0e-06 of 1e-04", "boxes in scratch_1.png"),
        )
        assert dict(zip(COLUMNS, onnx.figures, strict=True)) == {
            "precision": ("float32", "static 192x192, batch 1"),
            "outputs from the folded network": ("3.0e-06 of 1e-04", "scores in pit_7.png, dynamic 192x192, batch 3"),
            "outputs from the trained network": (
                "6.0e-06 of 1e-04",
                "boxes in scratch_1.png, dynamic 192x192, batch 3",
            ),
            "detections": ("36 matched", "0 unmatched; scores within 6.0e-06"),
            "smallest IoU of boxes": ("0.9995", "pit_7.png"),
            "mAP50-95": ("0.3512", "trained 0.3511, folded 0.3511"),
        }
        assert (ncnn.passed, ncnn.figures[3][1][:11], ncnn.figures[-1]) == (False, "6 unmatched", ("–", ""))
        assert [figure for figure, _ in int8.figures] == ["int8", "–", "–", "–", "–", "0.3450"]

    def test_failures__in_words(self, file):
        section = certificate_section(file)
        assert section.passed is False
        assert section.failures["ncnn"] == [REASON, "first layer that differs: model.5 (CSEB)"]
        assert list(section.failures) == ["ncnn", "onnx-int8"]

    def test_failures__folding(self, tmp_path):
        section = certificate_section(write_certificate(tmp_path / "best.parity.json", {}, fold=0.5))
        (told,) = section.failures["folding"]
        assert "first layer that differs: model.2 (CSEA); nothing was exported" in told

    def test_notes(self, file):
        assert certificate_section(file).notes == [
            "onnx: a note",
            "onnx, not compared: dynamic: it could not be exported",
            "onnx carries the thresholds of operating.yaml: scratch 0.41, pit 0.3",
            "onnx-int8, calibration: split train, seed 0, pictures 4 entries, sha256 abababababab",
        ]

    def test_recall__of_each_class(self, file):
        (table,) = certificate_section(file).recalls
        assert table.heading == "onnx-int8: recall of each class"
        assert table.rows == (("scratch", "0.800", "0.810", "+0.010"), ("pit", "0.900", "0.850", "−0.050"))

    def test_files__changed_since(self, file):
        assert certificate_section(file).changed == []
        file.with_name("best.onnx").write_text("another")
        file.with_name("best.ncnn").unlink()
        section = certificate_section(file)
        assert section.changed == ["best.onnx"]
        assert [state for *_, state in section.files] == [
            "as certified",
            "changed since",
            "not beside the certificate",
            "as certified",
        ]

    def test_facts__by_the_time_of_certifying(self, file):
        content = json.loads(file.read_text())
        told = dict(certificate_section(file).facts)
        assert told["Pictures"] == "2 of val of steel.yaml"
        assert "ultralytics 8." in told["Versions"]
        content["formats"]["ncnn"]["versions"] = {"ncnn": "1.0"}
        told = dict(certificate_section(changed(file, **content)).facts)
        assert told["Versions (ncnn)"] == "ncnn 1.0"
        assert "Versions (onnx)" in told

    def test_masks(self, file):
        content = json.loads(file.read_text())
        content["fold"]["map50_95"] = {"trained": {"box": 0.4, "mask": 0.3}}
        content["formats"]["onnx"]["map50_95"] = {"box": 0.41, "mask": 0.31}
        content["formats"]["onnx"]["cases"][0]["final"]["mask_iou"] = 0.97
        onnx = certificate_section(changed(file, **content)).lines[1].figures
        assert onnx[-1] == ("0.4100 (masks 0.3100)", "trained 0.4000 (masks 0.3000)")
        assert onnx[-2] == ("0.9995", "pit_7.png; masks 0.9700")

    @pytest.mark.parametrize(
        "parts", [{"fold": {"passed": True}}, {"formats": {"onnx": {"passed": True, "cases": [3]}}}]
    )
    def test_another_make__refused(self, file, parts):
        with pytest.raises(ValueError, match=r"best.parity.json: a certificate of another make"):
            certificate_section(changed(file, **parts))


@pytest.fixture
def entry(tmp_path):
    formats = {"onnx": format_of("onnx", 2e-6), "openvino-int8": int8_entry()}
    file = write_certificate(tmp_path / "best.parity.json", formats)
    results = json.loads(file.read_text(encoding="utf-8"))
    return {"name": "certificate-steel", "results": results, "machine": {"processor": "Some CPU"}}


class TestCertificateTable:
    def test_table__folding_and_each_format(self, entry):
        lines = certificate_table([entry]).splitlines()
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[:5]]
        assert {len(row) for row in rows} == {10}
        assert [row[:3] for row in rows[2:]] == [
            ["certificate-steel", "folding", "passed"],
            ["certificate-steel", "onnx", "passed"],
            ["certificate-steel", "openvino-int8", "**failed**"],
        ]
        # the worst of three cases, which differ by 2, 4 and 6 millionths from the folded network
        assert rows[3][3:] == ["float32", "6.0e-06 of 1e-04", "1.2e-05 of 1e-04", "36 matched", "0.9995", "0.3512", "–"]

    def test_table__largest_loss_of_recall(self, entry):
        """A scratch is found more often than before, a pit in 5 of 100 cases less; of boxes and masks the worst."""
        row = certificate_table([entry]).splitlines()[4]
        assert row.endswith("| 0.050 (pit) |")
        entry["results"]["formats"]["openvino-int8"]["mask_recall"] = {"pit": [0.9, 0.8], "scratch": [0.5, 0.6]}
        assert certificate_table([entry]).splitlines()[4].endswith("| 0.100 (masks of pit) |")

    def test_table__rows_in_float(self, entry):
        entry["results"]["formats"]["openvino-int8"]["keep_float"] = ["0", "32.cv4"]
        assert "| int8, in float: 0, 32.cv4 |" in certificate_table([entry]).splitlines()[4]

    def test_table__what_it_rests_on(self, entry):
        last = certificate_table([entry]).splitlines()[-1]
        assert last.startswith("certificate-steel: weights ")
        assert "2 pictures of val of steel.yaml; Some CPU;" in last
