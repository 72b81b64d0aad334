"""``lidd data`` knows its sub-commands and starts without heavy packages."""

import argparse
import subprocess
import sys

import pytest

from lidd_yolo.cli import data as commands
from tests.helpers.folders import yolo_set


def parser():
    made = argparse.ArgumentParser(prog="lidd data")
    commands.add_arguments(made)
    return made


class TestCommands:
    def test_parser__unknown_action_names_the_known_ones(self, capsys):
        with pytest.raises(SystemExit):
            parser().parse_args(["nothing"])
        assert "neu-det" in capsys.readouterr().err

    def test_run__passes_the_exit_status_on(self, tmp_path):
        assert commands.run(parser().parse_args(["neu-det", "--source", str(tmp_path / "nowhere")])) == 2

    def test_run__stopped_by_the_user(self, tmp_path, monkeypatch, capsys):
        """Ctrl-C while copies are made: one line, no traceback, nothing left behind."""

        def stop(*_):
            raise KeyboardInterrupt

        file = yolo_set(tmp_path / "set", {"train/a": "0 0.5 0.5 0.5 0.5\n"})
        monkeypatch.setattr("lidd_yolo.data.enlarge.copies.change_picture", stop)
        assert commands.run(parser().parse_args(["enlarge", str(file)])) == 130
        assert capsys.readouterr().err.endswith("\nlidd data enlarge: stopped; nothing was written\n")
        assert [path.name for path in tmp_path.iterdir()] == ["set"]

    def test_import__no_torch_and_no_ultralytics(self):
        script = "import sys; import lidd_yolo.cli.data; print({'torch', 'ultralytics'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"
