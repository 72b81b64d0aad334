"""The command ``lidd data check``: arguments, output and exit status."""

import json
import subprocess
import sys

import pytest

from lidd_yolo.cli.main import main
from tests.helpers.pictures import encoded, noise
from tests.helpers.plates import voc, voc_object
from tests.helpers.yolo_sets import GOOD, write_yolo_set

BOTH = GOOD + "1 0.2 0.2 0.3 0.3\n"


def _run(*words):
    return main(["data", "check", *map(str, words)])


class TestRun:
    def test_clean__status_0(self, tmp_path, capsys):
        assert _run(write_yolo_set(tmp_path, {"train/a": BOTH, "val/b": GOOD})) == 0
        captured = capsys.readouterr()
        assert "nothing found" in captured.out
        assert "checking: 100 %" in captured.err

    def test_findings__status_1(self, tmp_path, capsys):
        assert _run(write_yolo_set(tmp_path, {"train/a": BOTH + "0 1\n", "val/b": GOOD})) == 1
        assert "a.txt, line 3: 2 fields" in capsys.readouterr().out

    def test_json__alone_on_stdout(self, tmp_path, capsys):
        assert _run(write_yolo_set(tmp_path, {"train/a": BOTH + "0 1\n", "val/b": GOOD}), "--json") == 1
        found = json.loads(capsys.readouterr().out)
        assert found["counts"] == {"columns": 1}
        assert set(found["findings"][0]) == {"kind", "file", "where", "reason", "fix"}

    def test_fix__new_folder_and_how_to_go_on(self, tmp_path, capsys):
        file = write_yolo_set(tmp_path / "set", {"train/a": BOTH + "0 1\n", "val/b": GOOD})
        assert _run(file, "--fix", tmp_path / "new") == 1
        assert f"lidd data check {tmp_path / 'new' / 'data.yaml'}" in capsys.readouterr().out
        assert _run(tmp_path / "new" / "data.yaml") == 0

    def test_fix__in_json(self, tmp_path, capsys):
        file = write_yolo_set(tmp_path / "set", {"train/a": BOTH, "val/b": GOOD})
        assert _run(file, "--fix", tmp_path / "new", "--json") == 0
        fixed = json.loads(capsys.readouterr().out)["fixed"]
        assert fixed == {"target": str(tmp_path / "new"), "pictures_left_out": 0}

    def test_folder__format(self, tmp_path, capsys):
        (tmp_path / "a.jpg").write_bytes(encoded(noise()))
        (tmp_path / "a.xml").write_text(
            voc(voc_object("pit", (1, 1, 9, 9)), (40, 30)).replace(">1</depth", ">3</depth")
        )
        assert _run(tmp_path, "--format", "voc") == 0
        assert _run(tmp_path, "--format", "voc", "--names", "crack") == 1
        assert "class 'pit' is none of crack" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["none.yaml"], "no such data YAML"),
            (["{folder}"], "give its data YAML"),
            (["{folder}", "--format", "voc"], "no annotation of the format voc"),
            (["{file}", "--names", "a"], "--names goes with --format"),
            (["{folder}", "--format", "voc", "--fix", "x"], "lidd data convert"),
            (["{file}", "--fix", "{folder}"], "not empty"),
            (["{file}", "--max-pixels", "0"], "--max-pixels must be 1 or more"),
        ],
    )
    def test_cannot_run__status_2_and_one_line(self, tmp_path, capsys, words, told):
        file = write_yolo_set(tmp_path / "set", {"train/a": BOTH, "val/b": GOOD})
        words = [word.format(folder=tmp_path / "set", file=file) for word in words]
        if words[-1] == "voc":
            words[0] = str(tmp_path / "set/labels")
        assert _run(*words) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.splitlines()[-1].startswith("lidd data check: ")
        assert told in captured.err

    def test_start__no_torch_no_ultralytics_no_pillow(self):
        script = (
            "import sys, lidd_yolo.data.checks.repair, lidd_yolo.data.checks.set_check\n"
            "print({'torch', 'ultralytics', 'PIL'} & {name.split('.')[0] for name in sys.modules})"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"
