"""The folder of a run: what it says of the run, its arguments and its progress."""

import json

import pytest
import yaml

from lidd_yolo.compare.run_folder import (
    begun_on,
    bring_back_arguments,
    claim_folder,
    clear_folder,
    identity_in,
    incompletely_validated,
    is_trained,
    keep_arguments,
    note_begun,
    note_resumed,
    note_trained,
    note_validated,
    progress_of,
    read_folder,
    resumed_after,
)
from tests.helpers.plans import make_run

HEAD = "epoch,time,  metrics/mAP50(B),metrics/mAP50-95(B)"


class TestRunFile:
    def test_run__round_trip(self, tmp_path):
        run, asked = make_run(), {"model": "lidd.yaml", "data": {"yaml": "data.yaml"}}
        file = claim_folder(tmp_path / "run", run, asked)
        assert file == tmp_path / "run" / "run.json"
        assert read_folder(file) == (run, asked)
        assert identity_in(tmp_path / "run") == asked

    def test_identity__nothing_there(self, tmp_path):
        assert identity_in(tmp_path / "none") is None
        assert identity_in(tmp_path) is None

    @pytest.mark.parametrize("content", [None, "half of {", '{"run": {"name": "x"}, "asked": {}}', "[]"])
    def test_identity__something_else(self, tmp_path, content):
        (tmp_path / "other.txt").write_text("mine")
        if content is not None:
            (tmp_path / "run.json").write_text(content)
        with pytest.raises(ValueError, match=r"run\.json does not describe a run"):
            identity_in(tmp_path)

    def test_clear__a_run(self, tmp_path):
        claim_folder(tmp_path / "run", make_run(), {})
        clear_folder(tmp_path / "run")
        assert list(tmp_path.iterdir()) == []

    def test_clear__leaves_other_folders(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("mine")
        clear_folder(tmp_path)
        assert (tmp_path / "thesis.txt").exists()


class TestNotes:
    def test_resumed__in_order(self, tmp_path):
        assert resumed_after(tmp_path) == []
        note_resumed(tmp_path, 2)
        note_resumed(tmp_path, 5)
        assert resumed_after(tmp_path) == [2, 5]

    def test_validated__a_repeated_epoch_counts_anew(self, tmp_path):
        assert incompletely_validated(tmp_path) == []
        for epoch, complete in ((1, True), (2, False), (3, False), (3, True), (4, False)):
            note_validated(tmp_path, epoch, complete=complete)
        assert incompletely_validated(tmp_path) == [2, 4]

    def test_trained(self, tmp_path):
        assert not is_trained(tmp_path)
        note_trained(tmp_path)
        assert is_trained(tmp_path)
        assert json.loads((tmp_path / "trained.json").read_text()) == {}


class TestBegun:
    def test_begun__of_the_attempt_alone(self, tmp_path):
        assert begun_on(tmp_path, "a1") == ""
        note_begun(tmp_path, "a1", "far")
        assert (begun_on(tmp_path, "a1"), begun_on(tmp_path, "a2")) == ("far", "")

    def test_begun__half_written(self, tmp_path):
        (tmp_path / "begun.json").write_text('{"attempt": "a1", ')
        assert begun_on(tmp_path, "a1") == ""


class TestArguments:
    def test_arguments__of_the_beginning(self, tmp_path):
        file = tmp_path / "args.yaml"
        file.write_text(yaml.safe_dump({"model": "lidd.yaml", "data": "there/d.yaml", "resume": False, "imgsz": 100}))
        keep_arguments(tmp_path)
        file.write_text(yaml.safe_dump({"model": "last.pt", "data": "there/d.yaml", "resume": "last.pt", "imgsz": 128}))
        bring_back_arguments(tmp_path, "here/d.yaml")
        found = yaml.safe_load(file.read_text())
        assert found == {"model": "lidd.yaml", "data": "here/d.yaml", "resume": False, "imgsz": 100}

    def test_arguments__device_of_this_machine(self, tmp_path):
        (tmp_path / "args.yaml").write_text(yaml.safe_dump({"data": "d.yaml", "device": "3"}))
        bring_back_arguments(tmp_path, "d.yaml", "0")
        assert yaml.safe_load((tmp_path / "args.yaml").read_text()) == {"data": "d.yaml", "device": "0"}

    def test_arguments__none_kept(self, tmp_path):
        (tmp_path / "args.yaml").write_text(yaml.safe_dump({"model": "lidd.yaml", "data": "there/d.yaml"}))
        bring_back_arguments(tmp_path, "here/d.yaml")
        assert yaml.safe_load((tmp_path / "args.yaml").read_text()) == {"model": "lidd.yaml", "data": "here/d.yaml"}


class TestProgress:
    @pytest.mark.parametrize(
        ("text", "progress"),
        [
            (None, (0, 0.0)),
            ("", (0, 0.0)),
            (f"{HEAD}\n", (0, 0.0)),
            (f"{HEAD}\n1,9.5,0.25,0.1\n", (1, 0.25)),
            (f"{HEAD}\n1,9.5,0.25,0.1\n2,19.5,0.5,0.2\n", (2, 0.5)),
            (f"{HEAD}\n1,9.5,0.25,0.1\n2,19", (1, 0.25)),
            (f"{HEAD},metrics/mAP50(M)\n3,9.5,0.25,0.1,0.75\n", (3, 0.75)),
        ],
    )
    def test_progress(self, tmp_path, text, progress):
        if text is not None:
            (tmp_path / "results.csv").write_text(text)
        assert progress_of(tmp_path) == progress
