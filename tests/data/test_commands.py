"""The command ``lidd data``: arguments, output and exit status."""

import argparse
import json
import subprocess
import sys

import pytest

from lidd_yolo.data import commands
from tests.helpers.plates import write_release


def _run(*words):
    parser = argparse.ArgumentParser(prog="lidd data")
    commands.add_arguments(parser)
    return commands.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    write_release(folder)
    return folder


class TestRun:
    def test_clean__status_0_and_table(self, source, tmp_path, capsys):
        assert _run("neu-det", "--source", source, "--target", tmp_path / "set") == 0
        out = capsys.readouterr().out
        [train] = [line for line in out.splitlines() if line.split()[:1] == ["train"]]
        zero = ["0", "(0", "%)"]
        assert train.split() == ["train", "24", "(67", "%)", "12", "(67", "%)", *zero * 4, "12", "(67", "%)"]
        assert "12 groups: 0 of a picture that overlaps no other, the largest of 3." in out
        assert "val: 0.0 % of the pictures share their group with one of train." in out
        assert "LEAKS" not in out
        assert f"data={tmp_path / 'set' / 'data.yaml'}" in out

    def test_something_left_out__status_1_and_file_named(self, tmp_path, capsys):
        write_release(tmp_path / "release", plates=6)
        (tmp_path / "release/ANNOTATIONS/crazing_0.xml").write_text("<annotation>")
        assert _run("neu-det", "--source", tmp_path / "release", "--target", tmp_path / "set") == 1
        out = capsys.readouterr().out
        assert "1 left out:" in out
        assert "crazing_0.xml, line 1: damaged XML" in out

    def test_repaired_only__status_0(self, tmp_path, capsys):
        write_release(tmp_path / "release", plates=6)
        xml = tmp_path / "release/ANNOTATIONS/crazing_0.xml"
        xml.write_text(xml.read_text().replace("<xmax>50<", "<xmax>150<"))
        assert _run("neu-det", "--source", tmp_path / "release", "--target", tmp_path / "set") == 0
        assert "1 repaired:" in capsys.readouterr().out

    def test_many_problems__twenty_shown(self, tmp_path, capsys):
        write_release(tmp_path / "release", plates=12)
        for xml in sorted((tmp_path / "release/ANNOTATIONS").iterdir())[:25]:
            xml.unlink()
        assert _run("neu-det", "--source", tmp_path / "release", "--target", tmp_path / "set") == 1
        out = capsys.readouterr().out
        assert out.count("it has no XML file") == 20
        assert "and 5 more, see split.json" in out

    def test_source_missing__status_2_and_one_line(self, tmp_path, capsys):
        assert _run("neu-det", "--source", tmp_path / "none", "--target", tmp_path / "set") == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("lidd data neu-det: ")
        assert captured.err.count("\n") == 1

    def test_target_exists__status_2_unless_overwrite(self, source, tmp_path, capsys):
        words = ["neu-det", "--source", source, "--target", tmp_path / "set"]
        assert [_run(*words), _run(*words), _run(*words, "--overwrite")] == [0, 2, 0]
        assert "use --overwrite" in capsys.readouterr().err

    def test_paper__leak_is_said(self, source, tmp_path, capsys):
        assert _run("neu-det", "--source", source, "--target", tmp_path / "set", "--protocol", "paper") == 0
        assert "This split LEAKS" in capsys.readouterr().out

    def test_json__figures_alone_on_stdout(self, source, tmp_path, capsys):
        assert _run("neu-det", "--source", source, "--target", tmp_path / "set", "--seed", "3", "--json") == 0
        figures = json.loads(capsys.readouterr().out)
        assert figures["target"] == str(tmp_path / "set")
        assert figures["seed"] == 3
        assert sum(figures["images"].values()) == 36
        assert "pictures" not in figures

    @pytest.mark.parametrize(("protocol", "folder"), [("grouped", "neu-det"), ("paper", "neu-det-paper")])
    def test_default_target__apart_for_the_leaking_split(self, source, tmp_path, monkeypatch, protocol, folder):
        monkeypatch.setattr(commands, "datasets_dir", lambda: tmp_path)
        assert _run("neu-det", "--source", source, "--protocol", protocol) == 0
        assert (tmp_path / folder / "data.yaml").is_file()

    @pytest.mark.parametrize("words", [[], ["neu-det"], ["coco"], ["neu-det", "--source", "x", "--protocol", "random"]])
    def test_bad_arguments__refused_by_the_parser(self, words, capsys):
        with pytest.raises(SystemExit) as caught:
            _run(*words)
        assert caught.value.code == 2
        assert "usage:" in capsys.readouterr().err


class TestImport:
    def test_no_torch__starts_fast(self):
        code = "import sys, lidd_yolo.data.commands; sys.exit('torch' in sys.modules or 'ultralytics' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
