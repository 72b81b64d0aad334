"""The command ``lidd data``: arguments, output and exit status."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from lidd_yolo.cli import data_releases as releases
from lidd_yolo.cli.main import main
from lidd_yolo.data.releases import download
from lidd_yolo.data.releases.assemble import Conversion
from lidd_yolo.data.releases.download import PUBLISHERS, Verification
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.paths import find_cfg
from tests.data.releases.test_aluminium_sheet import write as write_photographs
from tests.helpers.masks import write_mask_release
from tests.helpers.plates import write_release


def _run(*words):
    return main(["data", *(str(word) for word in words)])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    write_release(folder)
    return folder


@pytest.fixture(scope="module")
def masks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    write_mask_release(folder)
    return folder


class TestRun:
    def test_clean__status_0_and_table(self, source, tmp_path, capsys):
        assert _run("neu-det", "--source", source, "--target", tmp_path / "set") == 0
        out = capsys.readouterr().out
        train = next(line for line in out.splitlines() if line.split()[:1] == ["train"])
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

    @pytest.mark.parametrize(
        ("protocol", "folder"), [("grouped", "neu-det"), ("random", "neu-det-random"), ("paper", "neu-det-paper")]
    )
    def test_default_target__apart_for_the_leaking_split(self, source, tmp_path, monkeypatch, protocol, folder):
        monkeypatch.setattr(releases, "datasets_dir", lambda: tmp_path)
        assert _run("neu-det", "--source", source, "--protocol", protocol) == 0
        assert (tmp_path / folder / "data.yaml").is_file()

    @pytest.mark.parametrize(("protocol", "name"), [("grouped", "aluminium-sheet"), ("paper", "aluminium-sheet-paper")])
    def test_default_target__told_by_the_name_of_its_yaml(self, tmp_path, monkeypatch, capsys, protocol, name):
        monkeypatch.setattr(releases, "datasets_dir", lambda: tmp_path)
        write_photographs(tmp_path / "release", [1, 2, 6, 7, 52, 53])
        assert _run("aluminium-sheet", "--source", tmp_path / "release", "--protocol", protocol) == 0
        out = capsys.readouterr().out
        assert out.splitlines()[-1] == f"Train with data={name}.yaml"
        assert ("This split LEAKS" in out) == (protocol == "paper")
        packaged = yaml.safe_load(find_cfg(name, "datasets").read_text(encoding="utf-8"))
        made = yaml.safe_load((tmp_path / packaged["path"] / "data.yaml").read_text(encoding="utf-8"))
        assert made.items() <= packaged.items()

    def test_other_target__told_by_its_own_yaml(self, tmp_path, monkeypatch, capsys):
        """A folder of the packaged name elsewhere is not where the packaged YAML looks."""
        monkeypatch.setattr(releases, "datasets_dir", lambda: tmp_path / "datasets")
        write_photographs(tmp_path / "release", [1, 2, 6, 7, 52, 53])
        target = tmp_path / "aluminium-sheet"
        assert _run("aluminium-sheet", "--source", tmp_path / "release", "--target", target) == 0
        assert capsys.readouterr().out.splitlines()[-1] == f"Train with data={target / 'data.yaml'}"

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["neu-det"],
            ["coco"],
            ["neu-det", "--source", "x", "--protocol", "official"],
            ["neu-det", "--source", "x", "--download"],
            ["aluminium-sheet", "--download"],
            ["neu-det", "--source", "x", "--min-pixels", "3"],
        ],
    )
    def test_bad_arguments__refused_by_the_parser(self, words, capsys):
        with pytest.raises(SystemExit) as caught:
            _run(*words)
        assert caught.value.code == 2
        assert "usage:" in capsys.readouterr().err


class TestDownload:
    @pytest.fixture
    def asked(self, source, tmp_path, monkeypatch):
        """Replace fetching by a copy of the release; return the folders that were asked for."""
        folders = []

        def fetch(publisher, folder):
            assert publisher is PUBLISHERS["neu-det"]
            folders.append(folder)
            shutil.copytree(source, folder)
            return Verification(5, (), (), ("a", "b"))

        monkeypatch.setattr(download, "download_release", fetch)
        monkeypatch.setattr(releases, "datasets_dir", lambda: tmp_path)
        return folders

    def test_default_folder__fetched_then_made(self, asked, tmp_path, capsys):
        assert _run("neu-det", "--download") == 0
        assert asked == [tmp_path / "neu-det-release"]
        assert (tmp_path / "neu-det/data.yaml").is_file()
        assert "5 files verified by SHA-256, 2 not verified" in capsys.readouterr().out

    def test_given_folder__json_alone_on_stdout(self, asked, tmp_path, capsys):
        assert _run("neu-det", "--download", tmp_path / "here", "--json") == 0
        assert asked == [tmp_path / "here"]
        assert json.loads(capsys.readouterr().out)["dataset"] == "neu-det"

    def test_no_network__status_2_and_one_line(self, tmp_path, monkeypatch, capsys):
        def fail(*_):
            raise ConnectionError("https://x cannot be fetched")

        monkeypatch.setattr(download, "download_release", fail)
        assert _run("neu-det", "--download", tmp_path / "here", "--target", tmp_path / "set") == 2
        assert capsys.readouterr().err == "lidd data neu-det: https://x cannot be fetched\n"
        assert list(tmp_path.iterdir()) == []


class TestRunNeuSeg:
    def test_clean__status_0_and_what_the_labels_lose(self, masks, tmp_path, capsys):
        assert _run("neu-seg", "--source", masks, "--target", tmp_path / "set") == 0
        out = capsys.readouterr().out
        assert "neu-seg, protocol grouped, seed 0" in out
        assert "60 objects of fewer than 16 pixels dropped, 60 pixels in all." in out
        assert "The labels give back the masks of all 60 pictures, pixel for pixel." in out

    def test_min_pixels__handed_on(self, masks, tmp_path, capsys):
        assert _run("neu-seg", "--source", masks, "--target", tmp_path / "set", "--min-pixels", "1", "--json") == 0
        dropped = json.loads(capsys.readouterr().out)["dropped"]
        assert (dropped["min_pixels"], sum(dropped["objects"].values())) == (1, 0)

    def test_bad_mask__status_1_and_file_named(self, tmp_path, capsys):
        write_mask_release(tmp_path / "release", plates=8)
        (tmp_path / "release/annotations/training/000002.png").write_bytes(b"")
        assert _run("neu-seg", "--source", tmp_path / "release", "--target", tmp_path / "set") == 1
        assert "000002.png: it cannot be decoded as a picture" in capsys.readouterr().out

    def test_official__own_folder_and_leak_said(self, masks, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(releases, "datasets_dir", lambda: tmp_path)
        assert _run("neu-seg", "--source", masks, "--protocol", "official") == 0
        assert (tmp_path / "neu-seg-official" / "data.yaml").is_file()
        assert "This split LEAKS" in capsys.readouterr().out


class TestRunAluminiumSheet:
    def test_paper__own_folder_and_leak_said(self, tmp_path, monkeypatch, capsys):
        write_photographs(tmp_path / "release", range(70, 80))
        monkeypatch.setattr(releases, "datasets_dir", lambda: tmp_path)
        assert _run("aluminium-sheet", "--source", tmp_path / "release", "--protocol", "paper") == 0
        assert (tmp_path / "aluminium-sheet-paper" / "data.yaml").is_file()
        assert "This split LEAKS" in capsys.readouterr().out

    def test_unknown_photograph__status_1_and_named(self, tmp_path, capsys):
        write_photographs(tmp_path / "release", [1, 4, 300])
        assert _run("aluminium-sheet", "--source", tmp_path / "release", "--target", tmp_path / "set") == 1
        assert "300.jpg: it is none of the photographs whose sheet is known" in capsys.readouterr().out


class TestSummary:
    def test_shared_pictures__said_when_both_are_there(self, source, masks, tmp_path, capsys):
        assert _run("neu-det", "--source", source, "--target", tmp_path / "neu-det") == 0
        assert "test no network" not in capsys.readouterr().out
        assert _run("neu-seg", "--source", masks, "--target", tmp_path / "neu-seg") == 0
        assert f"trained on the other ({tmp_path / 'neu-det'})." in capsys.readouterr().out

    def test_difference__worst_picture_named(self, tmp_path):
        side = {"train": {"a": 1}}
        report = {
            **{"dataset": "x", "protocol": "grouped", "seed": 0, "images": {"train": 3}, "boxes": side, "leak": {}},
            "shortfalls": ["train has 9.0 % of the pictures"],
            "groups": {"count": 3, "largest": 1, "sizes": {1: 3}},
            "facts": {
                "dropped": {"min_pixels": 4, "objects": {"a": 0}, "pixels": {"a": 0}},
                "round_trip": {
                    "equal": 1,
                    "pixels": 12,
                    "unequal": {"b.jpg": {"pixels": 3, "iou": 0.5}, "c.jpg": {"pixels": 9, "iou": 0.9}},
                },
            },
        }
        told = "The labels differ from the masks of 2 pictures by 12 pixels in all; worst: b.jpg, 3 pixels, IoU 0.5."
        lines = releases.summary(Conversion(tmp_path, SplitReport(**report), [])).splitlines()
        assert told in lines
        place = lines.index("The groups do not allow the ratios everywhere:")
        assert lines[place + 1] == "  train has 9.0 % of the pictures"


class TestImport:
    def test_no_torch__starts_fast(self):
        code = (
            "import sys, lidd_yolo.data.releases.neu_det; sys.exit(bool({'torch', 'ultralytics'} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
