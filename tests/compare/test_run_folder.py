"""The folder of a run: what it says of the run, its arguments and its progress, and its snapshots."""

import json

import pytest
import torch
import yaml
from filelock import FileLock

from lidd_yolo.compare import run_folder
from lidd_yolo.compare.run_folder import (
    begun_on,
    bring_back_arguments,
    claim_folder,
    clear_folder,
    drop_snapshots,
    has_snapshot,
    identity_in,
    incompletely_validated,
    is_trained,
    keep_arguments,
    keep_snapshot,
    note_begun,
    note_resumed,
    note_trained,
    note_validated,
    progress_of,
    read_folder,
    restore_snapshot,
    resumed_after,
)
from lidd_yolo.errors import InputError
from tests.helpers.hostile_yaml import IN_LISTS
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

    def test_clear__another_process_is_at_work(self, tmp_path):
        """Two calls with one project, the second with --again."""
        claim_folder(tmp_path / "run", make_run(), {})
        with FileLock(tmp_path / "run" / "run.lock"), pytest.raises(InputError, match="another process is at work"):
            clear_folder(tmp_path / "run")
        assert (tmp_path / "run" / "run.json").is_file()

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

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("text", [IN_LISTS, "imgsz: !!bool x", "- a"], ids=lambda text: text[:8])
    def test_arguments__that_cannot_be_read(self, tmp_path, text):
        """A bomb of aliases would be written out; the file stays as it is."""
        (tmp_path / "args.yaml").write_text(text)
        with pytest.raises(InputError, match=r"args\.yaml(, line \d+)?: [^\n]+$"):
            bring_back_arguments(tmp_path, "here/d.yaml")
        assert (tmp_path / "args.yaml").read_text() == text


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


def write_state(run, epoch):
    """Write what Ultralytics writes at the end of an epoch."""
    (run / "weights").mkdir(parents=True, exist_ok=True)
    torch.save({"epoch": epoch - 1, "train_args": {"save_dir": "elsewhere", "lr0": 0.1}}, run / "weights" / "last.pt")
    (run / "weights" / "best.pt").write_text(f"best of {epoch}")
    (run / "results.csv").write_text("epoch\n" + "".join(f"{e + 1}\n" for e in range(epoch)))


def kept(run):
    return sorted(folder.name for folder in (run / "snapshots").iterdir())


class TestKeep:
    def test_keep__the_newest_only(self, tmp_path):
        assert not has_snapshot(tmp_path)
        for epoch in (1, 2):
            write_state(tmp_path, epoch)
            keep_snapshot(tmp_path, epoch)
        assert kept(tmp_path) == ["epoch-000002"]
        assert has_snapshot(tmp_path)

    def test_keep__without_best(self, tmp_path):
        write_state(tmp_path, 1)
        (tmp_path / "weights" / "best.pt").unlink()
        keep_snapshot(tmp_path, 1)
        assert restore_snapshot(tmp_path) == 1

    def test_keep__killed_while_copying(self, tmp_path, monkeypatch):
        write_state(tmp_path, 1)
        keep_snapshot(tmp_path, 1)
        write_state(tmp_path, 2)
        copy = run_folder.shutil.copyfile

        def killed(source, target):
            if source.name == "best.pt":
                raise KeyboardInterrupt
            copy(source, target)

        monkeypatch.setattr(run_folder.shutil, "copyfile", killed)
        with pytest.raises(KeyboardInterrupt):
            keep_snapshot(tmp_path, 2)
        monkeypatch.undo()
        assert restore_snapshot(tmp_path) == 1
        keep_snapshot(tmp_path, 2)
        assert kept(tmp_path) == ["epoch-000002"]

    def test_keep__epoch_ten_after_nine(self, tmp_path):
        """A kill between the new name and the removal of the old leaves both."""
        for epoch in (9, 10):
            write_state(tmp_path, epoch)
            keep_snapshot(tmp_path, epoch)
        (tmp_path / "snapshots" / "epoch-000009").mkdir()
        assert restore_snapshot(tmp_path) == 10


class TestRestore:
    def test_restore__nothing_there(self, tmp_path):
        assert restore_snapshot(tmp_path) == 0

    def test_restore__damaged_files(self, tmp_path):
        """Killed while the next epoch was written: a row too many, half a checkpoint, another best."""
        write_state(tmp_path, 3)
        keep_snapshot(tmp_path, 3)
        (tmp_path / "weights" / "last.pt").write_bytes(b"PK\x03\x04 half")
        (tmp_path / "weights" / "best.pt").write_text("of epoch 4")
        (tmp_path / "results.csv").write_text("epoch\n1\n2\n3\n4\n")
        assert restore_snapshot(tmp_path) == 3
        assert torch.load(tmp_path / "weights" / "last.pt")["epoch"] == 2
        assert (tmp_path / "weights" / "best.pt").read_text() == "best of 3"
        assert (tmp_path / "results.csv").read_text() == "epoch\n1\n2\n3\n"

    def test_restore__goes_on_in_the_present_folder(self, tmp_path):
        before, now = tmp_path / "before", tmp_path / "now"
        write_state(before, 1)
        keep_snapshot(before, 1)
        before.rename(now)
        restore_snapshot(now)
        place = {"project": str(tmp_path), "name": "now", "save_dir": str(now)}
        assert torch.load(now / "weights" / "last.pt")["train_args"] == {**place, "lr0": 0.1}


class TestDrop:
    def test_drop__leaves_the_run(self, tmp_path):
        write_state(tmp_path, 1)
        keep_snapshot(tmp_path, 1)
        drop_snapshots(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["results.csv", "weights"]
        drop_snapshots(tmp_path)
