"""Groups of a data set's pictures found: by what they show and by names; pictures in memory; what is written."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from lidd_yolo.data.groups.digest import group_digest
from lidd_yolo.data.groups.find_groups import LONGEST_SIDE, find_groups, groups, load_gray
from lidd_yolo.data.groups.picture_groups import all_pictures
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.errors import InputError
from tests.helpers.crops import write_crop_set
from tests.helpers.plates import crop, plate
from tests.helpers.releases import release


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return read_yolo_set(write_crop_set(tmp_path_factory.mktemp("set"), plates=4))


def write(folder, **images):
    for name, image in images.items():
        cv2.imwrite(str(folder / f"{name}.png"), image)
    return {name: folder / f"{name}.png" for name in images}


class TestFindGroups:
    def test_crops__one_group_for_each_plate(self, data):
        groups, _, overlaps = find_groups(all_pictures(data))
        members = {}
        for name, number in zip(groups.names, groups.numbers, strict=True):
            members.setdefault(number, set()).add(Path(name).stem[:2])
        assert sorted(map(sorted, members.values())) == [["p0"], ["p1"], ["p2"], ["p3"]]
        assert groups.count()["sizes"] == {3: 4}
        assert len(groups.pairs) == len(overlaps)
        assert {pair["kind"] for pair in groups.pairs} == {"overlap"}
        assert groups.rule["burst"] is None
        assert groups.sha256 == group_digest(groups.names, groups.numbers)

    def test_pairs__kind_shift_and_orientation(self, tmp_path):
        whole = plate(5)
        pictures = write(
            tmp_path,
            a=crop(whole, 100, 100),
            b=crop(whole, 130, 110),
            c=np.ascontiguousarray(crop(whole, 100, 100)[:, ::-1]),
            d=crop(whole, 100, 100, quality=60),
        )
        pairs = {(pair["first"], pair["second"]): pair for pair in find_groups(pictures)[0].pairs}
        assert (pairs["a", "b"]["kind"], pairs["a", "b"]["shift"]) == ("overlap", [-30, -10])
        assert pairs["a", "b"]["area"] == pytest.approx(0.7 * 0.9)
        assert (pairs["a", "c"]["kind"], pairs["a", "c"]["orientation"], pairs["a", "c"]["sharpness"]) == (
            "equal",
            1,
            None,
        )
        assert (pairs["a", "d"]["kind"], pairs["a", "d"]["orientation"]) == ("same", 0)

    def test_shift__in_pixels_of_the_files(self, tmp_path):
        whole = plate(6, 1200, 1200)
        pictures = write(tmp_path, a=whole[:1040, :1040], b=whole[160:, 120:])
        [pair] = find_groups(pictures)[0].pairs
        assert pair["shift"] == pytest.approx([-120, -160], abs=8)

    def test_burst__joins_what_looks_different(self, tmp_path):
        pictures = write(tmp_path, part1_a=plate(0, 90, 90), part1_b=plate(1, 90, 90), part2_a=plate(2, 90, 90))
        assert find_groups(pictures)[0].numbers == (0, 1, 2)
        groups = find_groups(pictures, r"(part\d)")[0]
        assert groups.numbers == (0, 0, 1)
        assert groups.pairs == ({"first": "part1_a", "second": "part1_b", "kind": "burst"},)

    def test_unreadable__group_of_its_own(self, tmp_path):
        pictures = write(tmp_path, a=plate(0, 90, 90), c=plate(0, 90, 90))
        (tmp_path / "b.png").write_bytes(b"")
        groups = find_groups({"a": pictures["a"], "b": tmp_path / "b.png", "c": pictures["c"]})[0]
        assert groups.numbers == (0, 1, 0)
        assert [problem.file.name for problem in groups.problems] == ["b.png"]

    def test_nothing_readable(self, tmp_path):
        with pytest.raises(ValueError, match=r"none of 1 pictures can be read; first: .*gone"):
            find_groups({"gone": tmp_path / "gone.png"})


class TestGroups:
    def test_result__files_and_figures(self, data, tmp_path):
        done = groups(data.file, out=tmp_path / "out")
        assert (done.file, done.sheet) == (tmp_path / "out/groups.json", tmp_path / "out/pairs.jpg")
        assert (done.leak, done.groups.count()["sizes"]) == ({"val": 1.0}, {3: 4})
        assert repr(done).startswith("Grouping(12 pictures in 4 groups, leak={'val': 1.0}, file=")

    def test_bad_input__one_kind_of_error(self, data, tmp_path):
        (tmp_path / "mine.txt").write_text("")
        for words in ({"data": "nothing.yaml"}, {"burst": "("}, {"out": tmp_path}):
            with pytest.raises(InputError):
                groups(**{"data": data.file, "out": tmp_path / "out", **words})


def gray(folder, **images):
    return load_gray(list(write(folder, **images).values()))


class TestLoadGray:
    def test_small__pixels_kept(self, tmp_path):
        images = {"a": plate(0, 30, 40), "b": plate(1, 50, 20)}
        loaded = gray(tmp_path, **images)
        assert (loaded.places, loaded.shrunk, loaded.problems) == ([0, 1], 1, [])
        for found, image in zip(loaded.images, images.values(), strict=True):
            np.testing.assert_array_equal(found, image)

    def test_large__all_at_one_scale(self, tmp_path):
        """1200 px need a quarter; the picture read before them is shrunk as well, the one after from its file."""
        loaded = gray(tmp_path, a=plate(0, 100, 80), b=plate(1, 300, 1200), c=plate(2, 200, 200))
        assert loaded.shrunk == 4
        assert [image.shape for image in loaded.images] == [(25, 20), (75, 300), (50, 50)]
        assert max(side for image in loaded.images for side in image.shape) <= LONGEST_SIDE

    def test_large__mean_brightness_kept(self, tmp_path):
        image = plate(3, 1040, 1040)
        [small] = gray(tmp_path, a=image).images
        assert small.shape == (260, 260)
        np.testing.assert_allclose(small[0, 0], image[:4, :4].mean(), atol=1)

    def test_colours__gray(self, tmp_path):
        [found] = gray(tmp_path, a=np.full((4, 4, 3), (10, 20, 30), np.uint8)).images
        assert found.shape == (4, 4)

    def test_more_pixels_than_memory__not_decoded(self, tmp_path):
        """A PNG of few bytes that says it is 60 000 x 60 000; only its header is looked at."""
        head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
        chunk = b"IHDR" + head
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        (tmp_path / "bomb.png").write_bytes(data)
        [problem] = load_gray([tmp_path / "bomb.png"]).problems
        assert problem.reason == "its header says 60000x60000, more than 100000000 pixels"

    def test_unreadable__named_and_the_others_read(self, tmp_path):
        [good] = write(tmp_path, good=plate(0, 10, 10)).values()
        (tmp_path / "empty.png").write_bytes(b"")
        (tmp_path / "text.png").write_text("no picture")
        loaded = load_gray([tmp_path / "empty.png", tmp_path / "gone.png", good, tmp_path / "text.png"])
        assert loaded.places == [2]
        assert [(p.file.name, p.reason.split(" (")[0]) for p in loaded.problems] == [
            ("empty.png", "it cannot be decoded as a picture"),
            ("gone.png", "it cannot be read"),
            ("text.png", "it cannot be decoded as a picture"),
        ]


@pytest.mark.slow
class TestRealRelease:
    def test_aluminium_sheet__ring_and_lamp_join_photographs_of_all_sheets(self):
        """Known limit: pictures with the same fixture are one group, so this release is grouped by its sheets."""
        files = {path.stem: path for path in sorted((release("aluminium-sheet") / "images").iterdir())}
        groups = find_groups(files)[0]
        assert max(groups.count()["sizes"]) > 0.8 * len(files)
