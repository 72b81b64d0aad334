"""``lidd data`` knows its sub-commands and starts without heavy packages."""

import argparse
import subprocess
import sys

import pytest

from lidd_yolo.data import commands


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

    def test_import__no_torch_and_no_ultralytics(self):
        script = "import sys; import lidd_yolo.data.commands; print({'torch', 'ultralytics'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"
