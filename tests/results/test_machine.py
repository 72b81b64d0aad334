"""Machine and commit of a figure."""

import subprocess

import torch

from lidd_yolo.results.machine import commit, describe_machine


def _git(folder, *command):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)


class TestDescribeMachine:
    def test_describe_machine__names_versions_and_threads(self):
        machine = describe_machine()
        assert machine["versions"]["torch"] == torch.__version__.split("+")[0]
        assert machine["threads"] == torch.get_num_threads()
        assert machine["processor"]
        assert "gpu" not in machine


class TestCommit:
    def test_commit__plus_marks_changed_files(self, tmp_path):
        (tmp_path / "a.txt").write_text("1")
        _git(tmp_path, "init", "-q")
        _git(tmp_path, "add", "a.txt")
        _git(tmp_path, "commit", "-qm", "first")
        clean = commit(tmp_path)
        assert len(clean) == 40
        (tmp_path / "a.txt").write_text("2")
        assert commit(tmp_path) == clean + "+"

    def test_commit__outside_git(self, tmp_path):
        assert commit(tmp_path) == ""
