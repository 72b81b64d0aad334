"""The command ``lidd data convert``: arguments, output and exit status."""

import json

import pytest

from lidd_yolo.cli.main import main
from tests.helpers.folders import picture, text, yolo_set
from tests.helpers.plates import voc, voc_object


def _run(*words):
    return main(["data", "convert", *map(str, words)])


@pytest.fixture
def source(tmp_path):
    for name, kind in (("a", "rust"), ("b", "crack")):
        picture(tmp_path / f"voc/{name}.png")
        text(tmp_path / f"voc/{name}.xml", voc(voc_object(kind, (1, 1, 20, 5)), (20, 10)))
    return tmp_path / "voc"


class TestRun:
    def test_clean__status_0_and_order_printed(self, source, tmp_path, capsys):
        assert _run("--from", "voc", "--to", "yolo", source, tmp_path / "out") == 0
        out = capsys.readouterr().out
        assert "classes, alphabetical: 0 crack, 1 rust" in out
        assert "train: 2 pictures; crack 1, rust 1" in out
        assert f"There is no val side yet: lidd data split {tmp_path / 'out' / 'data.yaml'}" in out

    def test_left_out__status_1_and_file_named(self, source, tmp_path, capsys):
        (source / "a.xml").write_text("<annotation>")
        assert _run("--from", "voc", "--to", "coco", source, tmp_path / "out", "--names", "rust, crack") == 1
        out = capsys.readouterr().out
        assert "classes, as given: 0 rust, 1 crack" in out
        assert "1 left out:" in out
        assert "a.xml, line 1: damaged XML" in out

    def test_repaired__status_0_and_named(self, source, tmp_path, capsys):
        (source / "a.xml").write_text(voc(voc_object("rust", (1, 1, 30, 5)), (20, 10)))
        assert _run("--from", "voc", "--to", "yolo", source, tmp_path / "out") == 0
        assert "1 repaired:" in capsys.readouterr().out

    def test_could_not_run__status_2_and_one_line(self, source, tmp_path, capsys):
        words = ["--from", "voc", "--to", "yolo"]
        assert _run(*words, tmp_path / "none", tmp_path / "out") == 2
        assert _run(*words, source, source) == 2
        assert _run(*words, source, tmp_path / "out", "--names", "a,,b") == 2
        assert _run(*words, source, tmp_path / "out", "--data", tmp_path / "none.yaml") == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        lines = [line for line in captured.err.splitlines() if line.startswith("lidd data convert: ")]
        assert len(lines) == 4
        assert not (tmp_path / "out").exists()

    def test_data__order_of_a_yaml_alone(self, source, tmp_path, capsys):
        data = text(tmp_path / "x.yaml", "names: [rust, crack]\n")
        assert _run("--from", "voc", "--to", "yolo", source, tmp_path / "out", "--data", data, "--json") == 0
        figures = json.loads(capsys.readouterr().out)
        assert (figures["names"], figures["order"]) == (["rust", "crack"], "as given")
        assert figures["target"] == str(tmp_path / "out")

    def test_many_problems__twenty_shown(self, tmp_path, capsys):
        file = yolo_set(tmp_path / "set", {"train/a": "9 0.5 0.5 0.5 0.5\n" * 25 + "0 0.5 0.5 0.5 0.5\n"})
        assert _run("--from", "yolo", "--to", "yolo", file, tmp_path / "out") == 1
        out = capsys.readouterr().out
        assert out.count("class 9 is none of") == 20
        assert "and 5 more, see convert.json" in out

    @pytest.mark.parametrize("words", [[], ["--from", "voc", "--to", "pdf", "a", "b"], ["--from", "voc", "a", "b"]])
    def test_bad_arguments__refused_by_the_parser(self, words):
        with pytest.raises(SystemExit) as caught:
            _run(*words)
        assert caught.value.code == 2
