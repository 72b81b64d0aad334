"""Snapshots of a training's state: whole, the newest, and back in place whatever a kill left."""

import pytest
import torch

from lidd_yolo.compare import run_folder as snapshot
from lidd_yolo.compare.run_folder import drop_snapshots, has_snapshot, keep_snapshot, restore_snapshot


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
        copy = snapshot.shutil.copyfile

        def killed(source, target):
            if source.name == "best.pt":
                raise KeyboardInterrupt
            copy(source, target)

        monkeypatch.setattr(snapshot.shutil, "copyfile", killed)
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
