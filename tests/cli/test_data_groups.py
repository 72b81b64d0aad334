"""``lidd data groups``: output, files and exit status."""

import json

import cv2
import pytest
import yaml

from lidd_yolo.cli.main import main
from lidd_yolo.data.groups.overlap import Overlap
from lidd_yolo.data.groups.pair_sheet import pairs_to_draw
from tests.helpers.crops import write_crop_set


def run(*words):
    return main(["data", "groups", *(str(word) for word in words)])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_crop_set(tmp_path_factory.mktemp("set"))


def clean(data, folder):
    """A data YAML of the same pictures whose val shows plates of its own."""
    for side, plates in (("train", "0123"), ("val", "45")):
        listed = [path for path in data.parent.rglob("*.png") if path.name[1] in plates]
        (folder / f"{side}.txt").write_text("".join(f"{path}\n" for path in listed))
    file = folder / "clean.yaml"
    file.write_text(yaml.safe_dump({"train": "train.txt", "val": "val.txt", "names": ["a", "b"]}))
    return file


class TestRun:
    def test_leak__status_1_said_and_written(self, data, tmp_path, capsys):
        assert run(data, "--out", tmp_path / "out") == 1
        out = capsys.readouterr().out
        assert "18 pictures in 6 groups: 0 pictures alone, the largest group of 3." in out
        assert "val: 100.0 % share their group with a picture of train." in out
        assert "LEAKS" in out
        written = json.loads((tmp_path / "out" / "groups.json").read_text())
        assert written["leak"] == {"val": 1.0}
        assert written["groups"]["count"] == 6
        pairs = len(written["links"])
        assert f"{pairs} of {pairs} pairs drawn" in out
        sheet = cv2.imread(str(tmp_path / "out" / "pairs.jpg"))
        assert sheet.shape == (-(-pairs // 4) * 248, 4 * 406, 3)

    def test_no_leak__status_0(self, data, tmp_path, capsys):
        assert run(clean(data, tmp_path), "--out", tmp_path / "out") == 0
        out = capsys.readouterr().out
        assert "val: 0.0 % share" in out
        assert "LEAKS" not in out

    def test_burst__joins_by_name(self, data, tmp_path, capsys):
        words = ("--out", tmp_path / "out", "--burst", r"_(\d)\.", "--json")
        assert run(clean(data, tmp_path), *words) == 1
        found = json.loads(capsys.readouterr().out)
        assert found["groups"]["count"] == 1
        assert found["pairs"]["burst"] == 15
        assert found["rule"]["burst"] == r"_(\d)\."
        assert found["leak"] == {"val": 1.0}

    def test_one_group__no_split_promised(self, data, tmp_path, capsys):
        assert run(clean(data, tmp_path), "--out", tmp_path / "out", "--burst", r"_(\d)\.") == 1
        out = capsys.readouterr().out
        assert "All pictures hang together" in out
        assert "`lidd data split` makes one" not in out

    def test_unreadable__named_and_the_rest_done(self, tmp_path, capsys):
        data = write_crop_set(tmp_path / "set", plates=2)
        (tmp_path / "set/images/train/p0_1.png").write_bytes(b"")
        assert run(data, "--out", tmp_path / "out") == 1
        assert "p0_1.png: it cannot be decoded as a picture" in capsys.readouterr().out

    def test_one_split__nothing_to_leak(self, data, tmp_path, capsys):
        file = tmp_path / "one.yaml"
        file.write_text(yaml.safe_dump({"path": str(data.parent), "train": "images/train", "names": ["a", "b"]}))
        assert run(file, "--out", tmp_path / "out") == 0
        assert "there is nothing to leak" in capsys.readouterr().out

    def test_default_folder__here_with_the_set_s_name(self, data, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        run(data)
        assert (tmp_path / f"{data.parent.name}-groups" / "groups.json").is_file()

    def test_out__never_overwritten_unasked(self, data, tmp_path, capsys):
        words = (data, "--out", tmp_path / "out")
        assert [run(*words), run(*words), run(*words, "--overwrite")] == [1, 2, 1]
        (tmp_path / "out" / "mine.txt").write_text("x")
        capsys.readouterr()
        assert run(*words, "--overwrite") == 2
        assert "holds other files" in capsys.readouterr().err
        assert (tmp_path / "out" / "mine.txt").read_text() == "x"

    @pytest.mark.parametrize("words", [("nothing.yaml",), ("--burst", "x")])
    def test_could_not_run__status_2_and_one_line(self, data, tmp_path, capsys, words):
        name = [] if words[0].endswith("yaml") else [data]
        assert run(*name, *words, "--out", tmp_path / "out") == 2
        captured = capsys.readouterr()
        assert captured.err.startswith("lidd data groups: ")
        assert (captured.out, captured.err.count("\n")) == ("", 1)
        assert not (tmp_path / "out").exists()


class TestDrawn:
    def test_many_pairs__evenly_from_all_least_similar_first(self):
        pairs = [Overlap(0, 1, 0, 0, 1.0, similarity=(k * 37 % 100) / 100) for k in range(100)]
        shown = [pair.similarity for pair in pairs_to_draw(pairs)]
        assert len(shown) == 48
        assert shown == sorted(shown)
        assert (shown[0], shown[-1]) == (0.0, 0.97)
