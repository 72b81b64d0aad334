"""The first predictions of a fresh process."""

import time

import pytest

from lidd_yolo.bench.first_prediction import main
from lidd_yolo.bench.in_turn import measured_alone
from tests.helpers.checkpoints import write_lidd
from tests.helpers.tiny import write_tiny_data


class TestMain:
    @pytest.mark.trains
    def test_alone__time_and_memory(self, tmp_path):
        data = write_tiny_data(tmp_path / "tiny", train=1, val=2).parent
        words = [write_lidd(tmp_path / "best.pt"), data / "images" / "val", 64]
        before = time.time()
        found = measured_alone("lidd_yolo.bench.first_prediction", words)
        assert before < found["first_at"] < time.time()
        assert 50 < found["imported_mib"] < found["peak_mib"]

    def test_main__nothing_but_figures_on_stdout(self, tmp_path, capsys):
        data = write_tiny_data(tmp_path / "tiny", train=1, val=1).parent
        found = main([str(write_lidd(tmp_path / "best.pt")), str(data / "images" / "val"), "64"])
        assert set(found) == {"first_at", "imported_mib", "peak_mib"}
        assert capsys.readouterr().out == ""
