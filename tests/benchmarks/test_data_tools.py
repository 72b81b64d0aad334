"""The figures of the data tools: times of check and search, what the search finds, leaks, sheets of pairs."""

import json

import cv2
import numpy as np
import pytest

from benchmarks import data_tools
from benchmarks.data_tools import (
    Load,
    Photograph,
    draw_overlaps,
    main,
    measure_checks,
    measure_groups,
    measure_leaks,
    photograph,
    shared_areas,
    write_load,
)
from benchmarks.readme_tables import fill
from lidd_yolo.data.checks.set_check import check_yolo_set
from lidd_yolo.data.groups.overlap import Overlap
from lidd_yolo.data.readers.data_yaml import read_yolo_set

SMALL = (Load(labels=40, each=4, side=64), Load(labels=40, each=10, side=64, corners=60))


class TestWriteLoad:
    @pytest.mark.parametrize("load", SMALL)
    def test_set__clean_and_of_the_size_it_says(self, tmp_path, load):
        done = check_yolo_set(read_yolo_set(write_load(tmp_path, load)))
        assert set(done.counts()) <= {"class-unused"}
        assert sum(count["train"] for count in done.figures["objects"].values()) == 40
        assert done.figures["pictures"] == {"train": 40 // load.each, "val": 1}
        assert done.figures["picture_sizes"] == {"64x64": 40 // load.each + 1}


class TestMeasureChecks:
    def test_seconds_of_each(self):
        results = measure_checks(SMALL)
        assert list(results) == [
            "40 boxes, 10 pictures of 64x64",
            "40 outlines of 60 corners, 4 pictures of 64x64",
        ]
        assert all(0 < figures["seconds"] < 60 for figures in results.values())

    def test_findings__refused(self, monkeypatch):
        monkeypatch.setattr(data_tools, "_line", lambda *_: "9 0.5 0.5 0.1 0.1\n")
        with pytest.raises(ValueError, match=r"40 boxes.* status 1"):
            measure_checks(SMALL[:1])


class TestMeasureGroups:
    def test_few_photographs__all_found_and_nothing_else(self):
        [(name, figures)] = measure_groups([30]).items()
        assert name == "30 pictures"
        assert figures["recall"] == figures["precision"] == 1
        assert figures["pairs"] > 10
        assert figures["seconds"] > 0

    def test_wrong_and_missed_pairs__counted(self, monkeypatch):
        # Of ten pictures of two plates one wrong pair is found and one right one.
        found = [Overlap(0, 9, 0, 0, 1, 1), Overlap(0, 1, 0, 0, 1, 1)]
        areas = {(0, 1): 0.3, (2, 3): 0.25, (5, 6): 0.26, (7, 8): 0.5, (1, 2): 0.24}
        monkeypatch.setattr(data_tools, "find_overlaps", lambda _: found)
        monkeypatch.setattr(data_tools, "shared_areas", lambda _: areas)
        figures = measure_groups([10])["10 pictures"]
        assert (figures["pairs"], figures["recall"], figures["precision"]) == (2, 0.25, 0.5)


def write_report(folder, groups, protocol="grouped", dataset="set", leak=0.0, sha="aa", **further):
    """Write the ``split.json`` of a data set whose pictures have these groups."""
    folder.mkdir()
    report = {
        **{"dataset": dataset, "protocol": protocol, "group_sha256": sha, "leak": {"val": leak}},
        "images": {"train": 1, "val": 1},
        **further,
        "groups": {"count": len(set(groups)), "largest": max(map(groups.count, groups))},
        "pictures": {f"{number}.jpg": {"group": group} for number, group in enumerate(groups)},
    }
    (folder / "split.json").write_text(json.dumps(report))
    return folder


class TestMeasureLeaks:
    def test_random__pictures_alone_cannot_leak(self, tmp_path):
        [entry] = measure_leaks([write_report(tmp_path / "a", list(range(40)))], draws=5)
        assert entry["results"]["random 8:2"]["leak"] == {"val": 0.0}
        assert entry["results"]["random 8:1:1"]["images"] == {"train": 32, "val": 4, "test": 4}

    def test_random__pairs_leak_as_chance_says(self, tmp_path):
        """A picture of val leaks unless its only partner is in val too: 1 - 39 / 199 of 40 in 200."""
        [entry] = measure_leaks([write_report(tmp_path / "a", [k // 2 for k in range(200)])], draws=100)
        found = entry["results"]["random 8:2"]
        assert found["leak"]["val"] == pytest.approx(1 - 39 / 199, abs=0.01)
        assert found["range"]["val"][0] < found["leak"]["val"] < found["range"]["val"][1]

    def test_protocols__of_one_release_in_one_entry(self, tmp_path):
        groups = [0, 0, 1, 2, 3]
        folders = [
            write_report(tmp_path / "a", groups),
            write_report(tmp_path / "b", groups, "official", leak=0.9),
            write_report(tmp_path / "c", groups, "paper", leak=0.7),
            write_report(tmp_path / "d", groups, dataset="other"),
        ]
        first, second = measure_leaks(folders, draws=2)
        assert (first["name"], second["name"]) == ("leak-set", "leak-other")
        assert list(first["results"]) == ["random 8:2", "random 8:1:1", "grouped", "official"]
        assert first["results"]["official"]["leak"] == {"val": 0.9}
        assert (first["images"], first["groups"], first["largest"]) == (5, 4, 2)

    def test_enlarged__beside_the_originals_whatever_the_order(self, tmp_path):
        folders = [
            write_report(tmp_path / "a", [0, 0, 0, 0, 1, 1], "paper", leak=0.99, sha="bb", enlarged={"times": 2}),
            write_report(tmp_path / "b", [0, 0, 1]),
        ]
        [entry] = measure_leaks(folders, draws=1)
        assert (entry["images"], entry["group_sha256"]) == (3, "aa")
        assert list(entry["results"]) == ["random 8:2", "random 8:1:1", "grouped", "paper, enlarged"]
        assert entry["results"]["paper, enlarged"]["leak"] == {"val": 0.99}

    def test_grouped_differently__refused(self, tmp_path):
        folders = [
            write_report(tmp_path / "a", [0, 0, 1]),
            write_report(tmp_path / "b", [0, 1, 1], "official", sha="bb"),
        ]
        with pytest.raises(ValueError, match="set is grouped differently here"):
            measure_leaks(folders, draws=1)

    @pytest.mark.parametrize("text", [None, "", "{}"])
    def test_no_data_set(self, tmp_path, text):
        if text is not None:
            (tmp_path / "split.json").write_text(text)
        with pytest.raises(ValueError, match="is no data set made by lidd data"):
            measure_leaks([tmp_path])


EMPTY = np.zeros((200, 200), np.uint8)


class TestPhotograph:
    def test_shares__by_hand(self):
        first = Photograph(EMPTY, 0, 10, 20)
        assert first.shares(Photograph(EMPTY, 0, 110, 70)) == 100 * 150 / 200**2
        assert first.shares(Photograph(EMPTY, 0, 210, 20)) == 0
        assert first.shares(Photograph(EMPTY, 1, 10, 20)) == 0

    def test_taken__crops_of_the_plate_they_name(self, monkeypatch):
        ramp = np.add.outer(np.arange(260) / 2, np.arange(260) / 4).astype(np.float32)
        monkeypatch.setattr(data_tools, "steel_texture", lambda *_: ramp.copy())
        monkeypatch.setattr(data_tools, "_DEFECTS", 0)
        for shot in photograph(np.random.default_rng(0), 2, 3, plate_side=260):
            # On a ramp the mean is the value in the middle of the crop, whatever the orientation.
            middle = (shot.y + 99.5) / 2 + (shot.x + 99.5) / 4
            assert shot.image.mean() == pytest.approx(middle, rel=0.11)
            assert shot.image.shape == (200, 200)

    def test_seed__the_same_again(self):
        one, other = (photograph(np.random.default_rng(3), 1, 2, plate_side=260) for _ in range(2))
        assert all(np.array_equal(a.image, b.image) for a, b in zip(one, other, strict=True))


class TestSharedAreas:
    def test_by_hand(self):
        places = [(0, 0, 0), (0, 100, 0), (0, 200, 0), (1, 0, 0), (1, 0, 0)]
        taken = [Photograph(EMPTY, *place) for place in places]
        assert shared_areas(taken) == {(0, 1): 0.5, (1, 2): 0.5, (3, 4): 1.0}

    def test_none(self):
        assert shared_areas([]) == {}


class TestDrawOverlaps:
    def test_picture__every_plate_s_pair_the_same_each_time(self, tmp_path):
        counts = [draw_overlaps(tmp_path / "sub" / f"{name}.png") for name in "ab"]
        pictures = [cv2.imread(str(tmp_path / "sub" / f"{name}.png")) for name in "ab"]
        assert counts == [9, 9]
        assert pictures[0].shape == (3 * 248, 3 * 406, 3)
        np.testing.assert_array_equal(*pictures)

    def test_target__no_picture(self, tmp_path):
        with pytest.raises(ValueError, match=r"must end in \.jpg or \.png"):
            draw_overlaps(tmp_path / "a.txt")


@pytest.fixture
def tool(tmp_path):
    return lambda *words: main(["--ledger", str(tmp_path / "ledger"), *map(str, words)])


def kept(tmp_path, name):
    return json.loads((tmp_path / "ledger" / "data" / f"{name}.json").read_text(encoding="utf-8"))["results"]


class TestMain:
    def test_groups__writes_an_entry(self, tool, tmp_path, capsys, monkeypatch):
        figures = {"seconds": 2.5, "cpu_seconds": 4.0, "pairs": 9, "recall": 0.99, "precision": 1.0}
        monkeypatch.setattr(data_tools, "measure_groups", lambda counts: {f"{counts[0]} pictures": figures})
        assert tool("groups", "--counts", 30) == 0
        assert "recall 0.9900, precision 1.0000" in capsys.readouterr().out
        assert kept(tmp_path, "data-groups") == {"30 pictures": figures}

    def test_checks__writes_an_entry(self, tool, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(data_tools, "measure_checks", lambda: {"40 boxes": {"seconds": 1.5}})
        assert tool("checks") == 0
        assert kept(tmp_path, "data-check") == {"40 boxes": {"seconds": 1.5}}
        assert "   1.5 s  40 boxes" in capsys.readouterr().out

    def test_leaks__writes_an_entry_for_the_table(self, tool, tmp_path, capsys):
        folder = write_report(tmp_path / "set", [0, 0, 1, 2, 3])
        assert tool("leaks", folder) == 0
        assert "set              grouped        val 0.0 %" in capsys.readouterr().out
        filled = fill("<!-- leaks: leak-* -->\n<!-- end of leaks -->\n", tmp_path / "ledger")
        assert "| set | 5 | 4 | random 8:2 |" in filled

    def test_leaks__no_data_set(self, tool, tmp_path, capsys):
        assert tool("leaks", tmp_path) == 2
        assert "is no data set made by lidd data" in capsys.readouterr().err

    def test_overlaps__draws(self, tool, tmp_path, capsys):
        assert tool("overlaps", tmp_path / "pairs.jpg") == 0
        assert "9 pairs" in capsys.readouterr().out
