"""The table of certificates beside the figures that it was made from."""

import json

import pytest

from lidd_yolo.report.certificates import certificate_table
from tests.helpers.made_up_certificate import format_of, int8_entry, write_certificate


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
