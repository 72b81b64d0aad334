"""A data set in tiles: pixels and labels where they belong, parts by the stated rule, groups kept, all or nothing."""

import json
from itertools import pairwise

import cv2
import numpy as np
import pytest

from lidd_yolo.data.groups.picture_groups import read_groups
from lidd_yolo.data.labels.annotation import Box
from lidd_yolo.data.readers.data_yaml import label_file, read_yolo_set
from lidd_yolo.data.splits.lists import split
from lidd_yolo.data.tiles import TileRule, Tiling, part_is_kept, read_tiling, tile_data_set
from lidd_yolo.errors import InputError
from tests.helpers.folders import tree, yolo_set

SIZE = 200


def box_line(x1, y1, x2, y2, number=0):
    values = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return f"{number} " + " ".join(f"{value / SIZE:.6f}" for value in values) + "\n"


def outline_line(*corners, number=0):
    return f"{number} " + " ".join(f"{value / SIZE:.6f}" for corner in corners for value in corner) + "\n"


class TestTiling:
    @pytest.mark.parametrize(("text", "expected"), [("640", (640, 128)), ("640:100", (640, 100)), (64, (64, 12))])
    def test_read(self, text, expected):
        assert read_tiling(text) == expected

    @pytest.mark.parametrize("text", ["", "a", "64:b", "31", "64:64", "64:-1", "6.5"])
    def test_unusable__said(self, text):
        with pytest.raises(InputError, match=r"^tile: "):
            read_tiling(text)

    def test_positions__cover_the_picture_with_the_overlap(self):
        pytest.importorskip("sahi", reason="places the tiles")
        cases = [(1000, 700, Tiling(320, 64)), (321, 50, Tiling(320, 319)), (97, 33, Tiling(32, 7))]
        for width, height, tiling in cases:
            covered = np.zeros((height, width), dtype=int)
            frames = tiling.positions(width, height)
            for left, top, right, bottom in frames:
                assert (right - left, bottom - top) == (min(tiling.side, width), min(tiling.side, height))
                covered[top:bottom, left:right] += 1
            assert covered.min() == 1
            lefts = sorted({frame[0] for frame in frames})
            assert all(one + tiling.side - other >= tiling.overlap for one, other in pairwise(lefts))


class TestRule:
    WHOLE = Box(0, 0, 1000, 100)

    @pytest.mark.parametrize(
        ("part", "share", "kept"),
        [
            (Box(0, 0, 250, 100), 0.25, True),  # a quarter of it
            (Box(0, 0, 16, 100), 0.016, True),  # as wide as asked
            (Box(0, 0, 15, 100), 0.015, False),
            (Box(0, 0, 1000, 15), 0.15, False),
        ],
    )
    def test_kept(self, part, share, kept):
        assert part_is_kept(part, self.WHOLE, share, TileRule()) is kept

    def test_kept__thin_object_by_its_own_width(self):
        assert part_is_kept(Box(0, 0, 100, 3), Box(0, 0, 1000, 3), 0.1, TileRule())

    def test_unusable__said(self):
        for numbers in ({"min_share": 2}, {"backgrounds": -0.1}, {"min_side": 0}):
            with pytest.raises(InputError, match=next(iter(numbers))):
                TileRule(**numbers)


class TestTileDataSet:
    TILES = Tiling(100, 0)

    @pytest.fixture(autouse=True)
    def _needs_sahi(self):
        pytest.importorskip("sahi", reason="places the tiles")

    def make(self, tmp_path, labels, tiling=TILES, **rule):
        data = yolo_set(tmp_path / "set", labels, size=SIZE)
        return tile_data_set(data, tmp_path / "out", tiling, TileRule(**rule))

    def labels(self, tmp_path, side="train"):
        files = sorted((tmp_path / "out/labels" / side).iterdir())
        return {
            file.stem: [[float(v) for v in line.split()] for line in file.read_text().splitlines()] for file in files
        }

    def test_boxes__cut_at_the_border_and_slivers_left_out(self, tmp_path):
        inside, over, sliver = box_line(10, 20, 30, 60), box_line(60, 20, 180, 40, 1), box_line(150, 95, 190, 140)
        done = self.make(tmp_path, {"train/a": inside + over + sliver})
        assert self.labels(tmp_path) == {
            "a_0_0": [[0, 0.2, 0.4, 0.2, 0.4], [1, 0.8, 0.3, 0.4, 0.2]],
            "a_100_0": [[1, 0.4, 0.3, 0.8, 0.2]],
            "a_0_100": [],
            "a_100_100": [[0, 0.7, 0.2, 0.4, 0.4]],
        }
        assert (done.counts["whole"], done.counts["cut"], done.counts["dropped"]) == (1, 3, 1)
        assert (done.images, done.counts["backgrounds"], done.problems) == ({"train": 4}, 1, [])

    def test_pixels__those_of_the_picture(self, tmp_path):
        self.make(tmp_path, {"train/a": ""}, Tiling(100, 30))
        picture = cv2.imread(str(tmp_path / "set/images/train/a.png"))
        tiles = sorted((tmp_path / "out/images/train").iterdir())
        assert len(tiles) == 9
        for file in tiles:
            left, top = map(int, file.stem.split("_")[1:])
            assert np.array_equal(cv2.imread(str(file)), picture[top : top + 100, left : left + 100])

    def test_outlines__the_pixels_of_the_object(self, tmp_path):
        """Drawn as training draws them, the parts together are the object; an outline inside keeps its corners."""
        star = [(20, 20), (180, 40), (120, 90), (170, 180), (90, 120), (30, 170)]
        inside = [(10, 5), (30, 6), (20, 16)]
        self.make(tmp_path, {"train/a": outline_line(*star) + outline_line(*inside, number=1)}, min_side=1)
        drawn = np.zeros((SIZE, SIZE), dtype=np.uint8)
        for name, lines in self.labels(tmp_path).items():
            left, top = map(int, name.split("_")[1:])
            for number, *values in lines:
                corners = np.array(values, dtype=np.float32).reshape(-1, 2) * 100
                if number == 1:
                    assert np.allclose(corners, inside, atol=1e-3)
                else:
                    cv2.fillPoly(drawn[top : top + 100, left : left + 100], [corners.astype(np.int32)], 1)
        whole = cv2.fillPoly(np.zeros_like(drawn), [np.array(star, dtype=np.int32)], 1)
        assert np.array_equal(drawn, whole)

    def test_slivers_alone__tile_left_out(self, tmp_path):
        done = self.make(tmp_path, {"train/a": box_line(20, 20, 105, 90)})
        assert sorted(self.labels(tmp_path)) == ["a_0_0", "a_0_100", "a_100_100"]
        assert (done.counts["without"], done.counts["backgrounds"]) == (1, 2)

    def test_backgrounds__thinned_in_train_alone(self, tmp_path):
        labels = {f"train/{name}": "" for name in "abcdefghij"} | {f"val/{name}": "" for name in "klm"}
        done = self.make(tmp_path, labels, backgrounds=0.5)
        assert done.images["val"] == 12
        assert 10 <= done.images["train"] <= 30
        assert done.images["train"] + done.counts["thinned"] == 40
        assert self.labels(tmp_path, "val").keys() == {
            f"{n}_{x}_{y}" for n in "klm" for x in (0, 100) for y in (0, 100)
        }

    def test_unusable_labels__no_background_of_their_picture(self, tmp_path):
        """Its tiles without a label may show the object that could not be read."""
        done = self.make(tmp_path, {"train/a": box_line(10, 20, 30, 60) + "0 0.5\n"})
        assert list(self.labels(tmp_path)) == ["a_0_0"]
        assert done.counts["without"] == 3
        assert len(done.problems) == 1

    def test_picture_without_label_file__tiles_without(self, tmp_path):
        data = yolo_set(tmp_path / "set", {"train/a": "", "train/b": ""}, size=SIZE)
        (tmp_path / "set/labels/train/a.txt").unlink()
        tile_data_set(data, tmp_path / "out", self.TILES)
        assert {file.stem[0] for file in (tmp_path / "out/labels/train").iterdir()} == {"b"}

    def test_unreadable_picture__named_and_the_rest_done(self, tmp_path):
        data = yolo_set(tmp_path / "set", {"train/a": "", "train/b": ""}, size=SIZE)
        (tmp_path / "set/images/train/a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        done = tile_data_set(data, tmp_path / "out", self.TILES)
        assert [problem.file.name for problem in done.problems] == ["a.png"]
        assert done.images == {"train": 4}

    def test_two_endings__second_left_out(self, tmp_path):
        data = yolo_set(tmp_path / "set", {"train/a": ""}, size=SIZE)
        cv2.imwrite(str(tmp_path / "set/images/train/a.jpg"), np.zeros((SIZE, SIZE), dtype=np.uint8))
        done = tile_data_set(data, tmp_path / "out", self.TILES)
        assert "but for the ending" in str(done.problems[0])
        assert done.images == {"train": 4}

    def test_nothing_left__nothing_written(self, tmp_path):
        data = yolo_set(tmp_path / "set", {"train/a": ""}, size=SIZE)
        (tmp_path / "set/images/train/a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        with pytest.raises(InputError, match="no tile could be made; first problem: "):
            tile_data_set(data, tmp_path / "out", self.TILES)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]

    def test_target_with_something__refused(self, tmp_path, monkeypatch):
        data = yolo_set(tmp_path / "set", {"train/a": ""}, size=SIZE)
        before = tree(tmp_path)
        monkeypatch.setattr("lidd_yolo.data.tiles.pictures_only", lambda *_: pytest.fail("looked at"))
        with pytest.raises(InputError, match="already exists and is not empty"):
            tile_data_set(data, tmp_path / "set", self.TILES)
        assert tree(tmp_path) == before


class TestGroups:
    @pytest.fixture
    def tiled(self, tmp_path):
        """Pictures a and b of one group on two sides; c alone."""
        pytest.importorskip("sahi", reason="places the tiles")
        data = yolo_set(tmp_path / "set", {"train/a": "", "val/b": "", "val/c": ""}, size=SIZE)
        groups = {"pictures": {"images/train/a.png": 7, "images/val/b.png": 7, "images/val/c.png": 8}}
        (tmp_path / "set/groups.json").write_text(json.dumps(groups))
        return tile_data_set(data, tmp_path / "out", Tiling(100, 0))

    def test_groups__those_of_the_pictures(self, tiled):
        data = read_yolo_set(tiled.target / "data.yaml")
        pictures = [picture for of_side in data.pictures.values() for picture in of_side]
        names = [picture.relative_to(tiled.target).as_posix() for picture in pictures]
        grouped = read_groups(tiled.target / "groups.json", names)
        of_picture = {name.split("/")[-1][0]: set() for name in names}
        for name, number in zip(names, grouped.numbers, strict=True):
            of_picture[name.split("/")[-1][0]].add(number)
        assert of_picture["a"] == of_picture["b"] != of_picture["c"]
        assert all(len(numbers) == 1 for numbers in of_picture.values())

    def test_leak__in_the_data_yaml(self, tiled):
        assert tiled.leak == {"val": 0.5}
        data = read_yolo_set(tiled.target / "data.yaml")
        assert data.content["leak"] == {"val": 0.5}
        assert all(label_file(picture).is_file() for picture in data.pictures["train"])

    def test_new_split__tiles_of_a_group_together_without_being_told(self, tiled, tmp_path):
        """Tiles of noise have nothing in common that a search could find."""
        made = split(tiled.target / "data.yaml", ratio="1:1", target=tmp_path / "half")
        sides = {}
        for name, entry in made.report.pictures.items():
            sides.setdefault(name.split("/")[-1][0] in "ab", set()).add(entry["split"])
        assert sorted(map(sorted, sides.values())) == [["train"], ["val"]]
