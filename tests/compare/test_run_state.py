"""How far a run is: by its ledger entry, by its folder."""

import json
from dataclasses import replace

import pytest

from lidd_yolo.compare.run_folder import claim_folder, note_trained
from lidd_yolo.compare.run_state import asked_of, data_of, state_of
from tests.helpers.plans import make_run
from tests.helpers.tiny import write_tiny_data


@pytest.fixture
def run(tmp_path):
    return make_run(data=str(write_tiny_data(tmp_path / "data")), extra={})


@pytest.fixture
def places(tmp_path):
    (tmp_path / "ledger").mkdir()
    return {"ledger": tmp_path / "ledger", "project": tmp_path / "runs"}


def identity(run):
    return {**asked_of(run), "data": dict(data_of(run.data))}


def write_entry(run, ledger, **changes):
    asked = identity(run)
    entry = {"name": run.name, "data": asked.pop("data"), "asked": asked, "results": {}, **changes}
    (ledger / f"{run.name}.json").write_text(json.dumps(entry))


class TestLedger:
    def test_entry__there(self, run, places):
        write_entry(run, places["ledger"])
        state = state_of(run, **places)
        assert (state.kind, state.asked) == ("there", identity(run))

    def test_entry__of_other_arguments(self, run, places):
        write_entry(replace(run, batch=8), places["ledger"])
        state = state_of(run, **places)
        assert state.kind == "blocked"
        assert state.detail.endswith("batch was 8, the plan says 4; --again trains it anew")
        assert state_of(run, again=True, **places).kind == "missing"

    def test_entry__of_another_device(self, run, places):
        write_entry(replace(run, extra={"device": "0", "workers": 3}), places["ledger"])
        assert state_of(run, **places).kind == "there"

    def test_entry__of_other_data(self, run, places):
        write_entry(run, places["ledger"], data={"yaml": "other.yaml"})
        assert "data was other.yaml, the plan says tiny.yaml" in state_of(run, **places).detail

    def test_entry__made_by_hand(self, run, places):
        (places["ledger"] / f"{run.name}.json").write_text('{"name": "x", "results": {}}')
        state = state_of(run, **places)
        assert state.kind == "blocked"
        assert "not an entry of a plan's run" in state.detail


class TestFolder:
    def test_folder__nothing_there(self, run, places):
        state = state_of(run, **places)
        assert (state.kind, state.detail, state.outdated) == ("missing", "0 of 2 epochs", False)

    def test_folder__begun(self, run, places):
        folder = places["project"] / run.name
        claim_folder(folder, run, identity(run))
        (folder / "results.csv").write_text("epoch,metrics/mAP50(B)\n1,0.5\n")
        state = state_of(run, **places)
        assert (state.kind, state.detail) == ("begun", "1 of 2 epochs")

    def test_folder__of_other_arguments_untrained(self, run, places):
        """Nothing is lost if it is begun anew."""
        claim_folder(places["project"] / run.name, run, identity(replace(run, batch=8)))
        state = state_of(run, **places)
        assert (state.kind, state.outdated) == ("missing", True)

    def test_folder__of_other_arguments_trained(self, run, places):
        folder = places["project"] / run.name
        claim_folder(folder, run, identity(replace(run, batch=8)))
        note_trained(folder)
        state = state_of(run, **places)
        assert (state.kind, state.outdated) == ("blocked", False)
        assert "batch was 8, the plan says 4; --again" in state.detail
        assert state_of(run, again=True, **places).outdated

    def test_folder__of_something_else(self, run, places):
        folder = places["project"] / run.name
        folder.mkdir(parents=True)
        (folder / "thesis.txt").write_text("mine")
        for again in (False, True):
            state = state_of(run, again=again, **places)
            assert state.kind == "blocked"
            assert "does not describe a run" in state.detail


class TestWrongRun:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"model": "nowhere.yaml"}, "nowhere.yaml"),
            ({"recipe": "none"}, "no recipe"),
            ({"extra": {"x": 1}}, "x: no"),
        ],
    )
    def test_run__cannot_be_done(self, run, places, change, message):
        state = state_of(replace(run, **change), **places)
        assert state.kind == "blocked"
        assert message in state.detail
