"""Groups of a data set's pictures: by what they show, by names, and what a split leaks."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lidd_yolo.data.groups.digest import group_digest
from lidd_yolo.data.groups.picture_groups import PictureGroups, all_pictures, find_groups, picture_name, split_names
from lidd_yolo.data.readers.data_yaml import read_yolo_set
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
        assert groups.sizes() == {3: 4}
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


class TestLeaks:
    groups = PictureGroups(("a", "b", "c", "d", "e"), (0, 1, 0, 2, 1))

    def test_share__by_hand(self):
        assert self.groups.leaks({"train": ["a"], "val": ["b", "c"], "test": ["d", "e"]}) == {"val": 0.5, "test": 0.0}

    def test_picture_in_two_splits__leaks(self):
        assert self.groups.leaks({"train": ["d"], "val": ["d", "b"]}) == {"val": 0.5}

    def test_without_train__nothing(self):
        assert self.groups.leaks({"val": ["a"]}) == {}


class TestNames:
    def test_names__below_the_folder(self, data):
        assert split_names(data)["val"] == [f"images/val/p{k}_0.png" for k in range(4)]
        assert sorted(all_pictures(data)) == sorted(split_names(data)["train"] + split_names(data)["val"])

    def test_order__by_file_names_whatever_the_split(self, data):
        assert [Path(name).stem for name in all_pictures(data)] == [f"p{k}_{j}" for k in range(4) for j in range(3)]

    def test_name__elsewhere_in_full(self, tmp_path):
        assert picture_name(tmp_path / "a.png", tmp_path / "set") == (tmp_path / "a.png").as_posix()


@pytest.mark.slow
class TestRealReleases:
    def test_neu_det__equal_pictures_and_crops_of_few_plates(self):
        folder = release("neu-det")
        files = {path.stem: path for path in sorted([*folder.glob("*IMAGES/*.jpg"), *folder.glob("*_Images/*.jpg")])}
        groups = find_groups(files)[0]
        number = dict(zip(groups.names, groups.numbers, strict=True))
        assert number["patches_101"] == number["patches_105"]
        assert [(p["first"], p["second"]) for p in groups.pairs if p["kind"] == "equal"] == [
            ("patches_101", "patches_105")
        ]
        assert len(files) == 1530
        assert 450 < max(groups.numbers) + 1 < 510
        assert max(groups.sizes()) < 0.05 * len(files)

    def test_aluminium_sheet__ring_and_lamp_join_photographs_of_all_sheets(self):
        """Known limit: pictures with the same fixture are one group, so this release is grouped by its sheets."""
        files = {path.stem: path for path in sorted((release("aluminium-sheet") / "images").iterdir())}
        groups = find_groups(files)[0]
        assert max(groups.sizes()) > 0.8 * len(files)
