"""The command ``lidd data tile``: arguments, output and exit status."""

import json

import pytest

from lidd_yolo.cli.main import main
from tests.helpers.folders import yolo_set


@pytest.fixture
def source(tmp_path):
    pytest.importorskip("sahi", reason="places the tiles")
    return yolo_set(tmp_path / "set", {"train/a": "0 0.5 0.5 0.2 0.2\n", "val/b": ""}, size=100)


def test_clean__status_0_and_figures(source, tmp_path, capsys):
    assert main(["data", "tile", str(source), str(tmp_path / "out"), "--tile", "50:0"]) == 0
    out = capsys.readouterr().out
    assert f"tiles of 50 pixels, overlap 0, in {tmp_path / 'out'}\ntrain: 4 tiles\nval: 4 tiles\n" in out
    assert "0 whole objects, 4 parts, 0 parts too small for a label" in out
    assert out.endswith(f"Train with data={tmp_path / 'out/data.yaml'}\n")


def test_json__the_rule_and_counts(source, tmp_path, capsys):
    words = ["--tile", "50:0", "--min-share", "0.5", "--min-side", "20", "--backgrounds", "0", "--json"]
    assert main(["data", "tile", str(source), str(tmp_path / "out"), *words]) == 0
    figures = json.loads(capsys.readouterr().out)
    rule = {"side": 50, "overlap": 0, "min_share": 0.5, "min_side": 20, "backgrounds": 0}
    assert figures["tiles"] == rule
    assert figures["counts"] == {"cut": 0, "whole": 0, "dropped": 4, "without": 4, "backgrounds": 4}
    assert json.loads((tmp_path / "out/groups.json").read_text())["tiles"] == rule


def test_left_out__status_1(source, tmp_path, capsys):
    (tmp_path / "set/labels/train/a.txt").write_text("0 0.5 0.5 0.2 0.2\n0 1\n")
    assert main(["data", "tile", str(source), str(tmp_path / "out"), "--tile", "50:0"]) == 1
    assert "a.txt, line 2:" in capsys.readouterr().out


def test_could_not_run__status_2_and_one_line(source, tmp_path, capsys):
    assert main(["data", "tile", str(source), str(tmp_path / "out"), "--tile", "20"]) == 2
    assert capsys.readouterr().err == "lidd data tile: tile: a tile has at least 32 pixels a side, not 20\n"
    assert not (tmp_path / "out").exists()
