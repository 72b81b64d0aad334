"""Outcomes are counted, and told once."""

import pytest

from lidd_yolo.compare import pool as outcome
from lidd_yolo.compare.pool import Outcome, Teller
from tests.helpers.plans import make_run


class TestOutcome:
    @pytest.mark.parametrize(
        ("done", "failed", "left", "status"),
        [([], [], [], 0), (["a"], [], [], 0), (["a"], ["b"], [], 1), (["a"], ["b"], ["c"], 75), ([], [], ["c"], 75)],
    )
    def test_status(self, done, failed, left, status):
        assert Outcome(done, failed, left).status == status


class TestTeller:
    @pytest.fixture
    def said(self):
        return []

    @pytest.fixture
    def teller(self, tmp_path, said):
        return Teller(make_run(name="r", epochs=9), tmp_path, said.append)

    def write(self, folder, epoch):
        (folder / "results.csv").write_text(f"epoch,metrics/mAP50(B)\n{epoch},0.25\n")

    def test_progress__each_epoch_once_and_not_too_often(self, teller, tmp_path, said, monkeypatch):
        self.write(tmp_path, 1)
        teller.progress()
        self.write(tmp_path, 2)
        teller.progress()
        monkeypatch.setattr(outcome, "_TELL_EVERY", 0)
        teller.progress()
        teller.progress()
        assert said == ["r: epoch 1/9, mAP50 0.250", "r: epoch 2/9, mAP50 0.250"]

    @pytest.mark.parametrize(
        ("status", "told", "counted"),
        [
            (0, "r: done", (["r"], [], [])),
            (75, "r: stopped at the time limit", ([], [], ["r"])),
            (2, "r: failed: no disk", ([], ["r"], [])),
        ],
    )
    def test_ended__counted_and_told(self, teller, tmp_path, said, status, told, counted):
        self.write(tmp_path, 3)
        found = Outcome()
        teller.ended(status, found, "no disk" if status == 2 else "")
        assert said == ["r: epoch 3/9, mAP50 0.250", told]
        assert (found.done, found.failed, found.left) == counted

    def test_ended__reason_from_the_log(self, teller, tmp_path, said):
        teller.ended(1, Outcome())
        (tmp_path / "run.log").write_text("begun\nValueError: why\n\n")
        teller.ended(1, Outcome())
        assert said == [
            f"r: failed: {reason} ({tmp_path / 'run.log'})" for reason in ("without a word", "ValueError: why")
        ]
