"""The command ``lidd data enlarge``: arguments, output and exit status."""

import json

import pytest

from lidd_yolo.cli.main import main
from tests.helpers.folders import yolo_set

_MIDDLE = "0 0.5 0.5 0.25 0.25\n"


def _run(*words):
    return main(["data", "enlarge", *map(str, words)])


@pytest.fixture
def source(tmp_path):
    return yolo_set(tmp_path / "set", {"train/a": _MIDDLE, "train/b": _MIDDLE, "val/c": _MIDDLE})


class TestRun:
    def test_clean__status_0_and_only_train_said(self, source, tmp_path, capsys):
        assert _run(source) == 0
        out = capsys.readouterr().out
        assert f"2 pictures, 8 copies of them, seed 0, in {tmp_path / 'set-x5'}" in out
        assert "train: 10 pictures, enlarged" in out
        assert "val: 1 pictures, as it was" in out
        assert "0 objects dropped, of which less than 25 % was left in the picture" in out
        assert "never split this set again" not in out

    def test_all__warned(self, source, tmp_path, capsys):
        assert _run(source, "--splits", "all", "--target", tmp_path / "out", "--times", "2") == 0
        out = capsys.readouterr().out
        assert "val: 2 pictures, enlarged" in out
        assert "never split this set again" in out

    def test_leak__said_where_groups_are_known(self, source, tmp_path, capsys):
        members = {"a.png": {"group": 0}, "b.png": {"group": 1}, "c.png": {"group": 1}}
        (tmp_path / "set/split.json").write_text(json.dumps({"pictures": members}))
        assert _run(source, "--target", tmp_path / "out") == 0
        assert "val: 100.0 % of the pictures share their group with one of train." in capsys.readouterr().out

    def test_json__settings_handed_on(self, source, tmp_path, capsys):
        assert _run(source, "--times", 3, "--seed", 4, "--target", tmp_path / "out", "--json") == 0
        figures = json.loads(capsys.readouterr().out)
        stated = ("times", "seed", "max_angle", "brightness", "border", "box_rule", "min_share")
        assert [figures[key] for key in stated] == [3, 4, 180, 0.3, "constant", "ellipse", 0.25]
        assert (figures["images"], figures["copies"]) == ({"train": 6, "val": 1}, 4)
        assert "pictures" not in figures

    def test_left_out__status_1_and_file_named(self, source, tmp_path, capsys):
        (tmp_path / "set/labels/train/a.txt").write_text("x\n" + _MIDDLE)
        assert _run(source, "--target", tmp_path / "out") == 1
        out = capsys.readouterr().out
        assert "1 left out:" in out
        assert "a.txt, line 1:" in out

    def test_could_not_run__status_2_and_one_line(self, source, tmp_path, capsys):
        assert _run(tmp_path / "none.yaml") == 2
        assert _run(source, "--times", "1") == 2
        assert _run(source, "--target", tmp_path / "set") == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("lidd data enlarge: ") == captured.err.count("\n") == 3
