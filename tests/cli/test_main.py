"""Command ``lidd``: help, its own sub-commands, and what it hands to Ultralytics."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import lidd_yolo
from lidd_yolo.cli import doctor
from lidd_yolo.cli import main as cli
from lidd_yolo.errors import InputError
from tests.helpers.folders import yolo_set

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch",
    "torchvision",
    "ultralytics",
    "cv2",
    "numpy",
    "yaml",
    "matplotlib",
    "pandas",
    "scipy",
    "PIL",
    "jinja2",
)
ANSWER = """
import time
from lidd_yolo.cli.main import main


def answer(words):
    try:
        main(words)
    except SystemExit:
        print(time.process_time())
"""


def loaded_by(*lines):
    """Run commands in an interpreter of its own; return the exit statuses and the heavy packages it loaded."""
    code = f"""
import sys
from lidd_yolo.cli.main import main
for words in {[line.split() for line in lines]!r}:
    try:
        status = main(words)
    except SystemExit as stop:
        status = stop.code
    print("", status, *sorted({set(HEAVY)!r} & set(sys.modules)), sep="|")
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    answers = [line.split("|")[1:] for line in done.stdout.splitlines() if line.startswith("|")]
    return [int(status) for status, *_ in answers], answers[-1][1:]


def with_actions(command):
    """Return a command alone and with each of its actions, with ``--help`` behind."""
    parser = cli.command_parser([command])
    (commands,) = (action.choices for action in parser._actions if action.dest == "command")
    actions = [list(action.choices) for action in commands[command]._actions if action.dest == "action"]
    return [f"{command} --help", *(f"{command} {name} --help" for names in actions for name in names)]


class TestHelp:
    def test_version(self, capsys):
        with pytest.raises(SystemExit) as stop:
            cli.main(["--version"])
        assert stop.value.code == 0
        assert capsys.readouterr().out == f"lidd_yolo {lidd_yolo.__version__}\n"

    def test_help__lists_every_command(self, capsys):
        with pytest.raises(SystemExit) as stop:
            cli.main(["--help"])
        out = capsys.readouterr().out
        assert stop.value.code == 0
        assert all(re.search(rf"^    {name}\b", out, re.MULTILINE) for name in cli.COMMANDS)
        assert "lidd train model=lidd.yaml" in out

    @pytest.mark.parametrize("name", cli.COMMANDS)
    def test_help__of_each_command(self, name, capsys):
        with pytest.raises(SystemExit) as stop:
            cli.main([name, "--help"])
        assert stop.value.code == 0
        assert f"usage: lidd {name}" in capsys.readouterr().out

    def test_nothing__prints_help(self, capsys):
        assert cli.main([]) == 2
        assert capsys.readouterr().out.startswith("usage: lidd")

    @pytest.mark.parametrize("words", [["doktor"], ["doctor", "now"], ["--verbose"], ["data"], ["data", "neu"]])
    def test_wrong__names_the_choices(self, words, capsys):
        with pytest.raises(SystemExit) as stop:
            cli.main(words)
        assert stop.value.code == 2
        assert "error: " in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["", *cli.COMMANDS])
    def test_help__loads_nothing_heavy(self, command):
        lines = with_actions(command) if command else ["--help", "--version"]
        assert len(lines) > 1 or command not in {"data", "bench"}
        assert loaded_by(*lines) == ([0] * len(lines), [])

    @pytest.mark.parametrize("line", ["", *cli.COMMANDS, "data check", "data split", "bench latency"])
    def test_help__answers_at_once(self, line):
        """Seconds of processor time, the best of three; asked for are 0.15, the rest is for a busy or slow machine."""
        words = [sys.executable, "-c", f"{ANSWER}\nanswer({[*line.split(), '--help']!r})"]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        runs = [subprocess.run(words, env=env, capture_output=True, text=True, check=True) for _ in range(3)]
        assert min(float(run.stdout.splitlines()[-1]) for run in runs) < 0.3

    def test_data__loads_no_network(self, tmp_path):
        statuses, heavy = loaded_by(f"data neu-det --source {tmp_path} --target {tmp_path / 'made'}")
        assert statuses == [2]
        assert not {"torch", "torchvision", "ultralytics"} & set(heavy)


class TestForYolo:
    @pytest.fixture
    def handed_over(self, monkeypatch):
        """What Ultralytics' entry point would have seen."""
        seen = []
        monkeypatch.setattr(sys, "argv", ["lidd", "old", "words"])
        monkeypatch.setattr("ultralytics.cfg.entrypoint", lambda: seen.append(list(sys.argv)))
        return seen

    @pytest.mark.parametrize(
        "words",
        [
            ["train", "model=lidd.yaml", "data=neu-det.yaml"],
            ["detect", "train", "model=lidd.yaml"],
            ["mode=predict", "model=best.pt", "source=some folder/with blanks"],
            ["task=detect", "mode=val"],
            ["export", "model=best.pt", "format=onnx"],
            ["predict", "model=best.pt", "source=a.jpg"],
        ],
    )
    def test_words__unchanged(self, handed_over, words):
        assert cli.main(words) == 0
        assert handed_over == [["ultralytics", *words]]

    @pytest.mark.parametrize(("word", "missing"), [("export", "WEIGHTS, --data"), ("predict", "MODEL, SOURCE")])
    def test_word_of_both__alone_tells_how_ours_is_used(self, handed_over, capsys, word, missing):
        with pytest.raises(SystemExit) as stop:
            cli.main([word])
        assert stop.value.code == 2
        assert f"required: {missing}" in capsys.readouterr().err
        assert handed_over == []

    def test_words__of_the_command_line(self, handed_over):
        sys.argv[1:] = ["val", "model=best.pt"]
        assert cli.main() == 0
        assert handed_over == [["ultralytics", "val", "model=best.pt"]]

    def test_error__reaches_the_user(self, monkeypatch):
        def entrypoint():
            raise SyntaxError("'nwd' is not a valid YOLO argument")

        monkeypatch.setattr(sys, "argv", ["lidd"])
        monkeypatch.setattr("ultralytics.cfg.entrypoint", entrypoint)
        with pytest.raises(SyntaxError, match="not a valid YOLO argument"):
            cli.main(["train", "nwd=3"])


class TestEnds:
    """What ends every command alike: input that cannot be used, and the user."""

    def test_input__that_cannot_be_used(self, tmp_path, capsys):
        assert cli.main(["data", "neu-det", "--source", str(tmp_path / "nowhere")]) == 2
        assert capsys.readouterr().err.startswith("lidd data neu-det: ")

    @pytest.mark.parametrize("error", [OSError("no disk"), InputError("no such file"), ImportError("no scipy")])
    def test_errors__one_line_and_status_2(self, error, monkeypatch, capsys):
        def fail():
            raise error

        monkeypatch.setattr("lidd_yolo.cli.doctor.examine", fail)
        assert cli.main(["doctor"]) == 2
        assert capsys.readouterr().err == f"lidd doctor: {error}\n"

    def test_defect__is_not_hidden(self, monkeypatch):
        monkeypatch.setattr("lidd_yolo.cli.doctor.examine", lambda: {}["x"])
        with pytest.raises(KeyError):
            cli.main(["doctor"])

    def test_user__one_line_and_nothing_left_behind(self, tmp_path, monkeypatch, capsys):
        def stop(*_):
            raise KeyboardInterrupt

        file = yolo_set(tmp_path / "set", {"train/a": "0 0.5 0.5 0.5 0.5\n"})
        monkeypatch.setattr("lidd_yolo.data.enlarge.copies.change_picture", stop)
        assert cli.main(["data", "enlarge", str(file)]) == 130
        assert capsys.readouterr().err.endswith("\nlidd data enlarge: stopped; nothing was written\n")
        assert [path.name for path in tmp_path.iterdir()] == ["set"]


class TestMain:
    def test_module__is_the_same_command(self, monkeypatch, capsys):
        """``python -m lidd_yolo`` (lidd_yolo/__main__.py)."""
        monkeypatch.setattr(sys, "argv", ["lidd_yolo", "--version"])
        with pytest.raises(SystemExit) as stop:
            runpy.run_module("lidd_yolo", run_name="__main__")
        assert stop.value.code == 0
        assert capsys.readouterr().out.startswith("lidd_yolo ")

    def test_status__of_the_command(self, monkeypatch, capsys):
        monkeypatch.setattr("lidd_yolo.cli.doctor.examine", lambda: doctor.Report([], ["x"]))
        assert cli.main(["doctor"]) == 1
        assert "1 problem:" in capsys.readouterr().out
