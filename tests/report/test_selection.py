"""Entries by name, by pattern and by the folder of their runs."""

import os

import pytest

from lidd_yolo.report.selection import chosen_entries
from tests.helpers.made_up_ledger import made_up_entry, write_entry, write_latency


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    for name in ("steel-s0", "steel-s1", "sheet-s0"):
        write_entry(folder, made_up_entry(name))
    write_latency(folder, {"lidd.yaml": 0.002})
    return folder


@pytest.fixture
def runs(tmp_path):
    """Folders of three runs, the last of which is not over, and one of something else."""
    for name in ("steel-s1", "sheet-s0", "steel-s2"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").touch()
    (tmp_path / "runs" / "other").mkdir()
    return tmp_path / "runs"


def chosen(ledger, *words):
    entries, left_out = chosen_entries(ledger, [str(word) for word in words])
    return [entry["name"] for entry in entries], left_out


class TestChosenEntries:
    def test_chosen_entries__all(self, ledger):
        assert chosen(ledger) == (["sheet-s0", "steel-s0", "steel-s1"], [])

    def test_chosen_entries__each_once_in_the_order_of_the_words(self, ledger):
        assert chosen(ledger, "steel-*", "*-s0") == (["steel-s0", "steel-s1", "sheet-s0"], [])

    def test_chosen_entries__folder_of_all_runs(self, ledger, runs):
        assert chosen(ledger, runs) == (["sheet-s0", "steel-s1"], ["steel-s2"])

    def test_chosen_entries__folders_of_single_runs(self, ledger, runs, monkeypatch):
        assert chosen(ledger, runs / "steel-s1", runs / "steel-s2") == (["steel-s1"], ["steel-s2"])
        monkeypatch.chdir(runs / "steel-s1")
        assert chosen(ledger, ".") == (["steel-s1"], [])

    def test_chosen_entries__pattern_and_folder(self, ledger, runs):
        assert chosen(ledger, "steel-s0", f"{runs}{os.sep}") == (["steel-s0", "sheet-s0", "steel-s1"], ["steel-s2"])

    @pytest.mark.parametrize(
        ("word", "told"),
        [
            ("latency-*", "no training run latency-* in "),
            ("runs/other", "runs/other holds no run of lidd compare"),
            ("runs/steel-s2", "no training run of runs/steel-s2 is in "),
        ],
    )
    def test_chosen_entries__refused(self, ledger, runs, monkeypatch, word, told):
        monkeypatch.chdir(runs.parent)
        with pytest.raises(ValueError, match="no") as error:
            chosen(ledger, word)
        assert str(error.value).startswith(told)

    def test_chosen_entries__one_word_of_two_is_wrong(self, ledger):
        with pytest.raises(ValueError, match="no training run none in"):
            chosen(ledger, "steel-*", "none")
