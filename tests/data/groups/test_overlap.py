"""Pictures that show the same spot: equal ones and overlapping crops."""

import itertools

import cv2
import numpy as np
import pytest

from lidd_yolo.data.groups import overlap
from lidd_yolo.data.groups.links import group_numbers
from lidd_yolo.data.groups.overlap import equal_pictures, find_overlaps
from lidd_yolo.data.groups.placement import ORIENTATIONS, turned
from tests.helpers.plates import crop, plate
from tests.helpers.releases import release
from tests.helpers.shots import shots, turned_by_hand


def _pairs(overlaps):
    return [(o.first, o.second) for o in overlaps]


class TestFindOverlaps:
    def test_recall_and_precision__random_crops(self):
        rng = np.random.default_rng(5)
        places = [(number, *rng.integers(0, 150, 2).tolist()) for number in range(10) for _ in range(4)]
        images = [crop(plate(number), x, y) for number, x, y in places]
        found = {(o.first, o.second): o for o in find_overlaps(images)}
        must, may = set(), set()
        for (i, a), (j, b) in itertools.combinations(enumerate(places), 2):
            area = max(0, 100 - abs(a[1] - b[1])) * max(0, 100 - abs(a[2] - b[2])) / 100**2 if a[0] == b[0] else 0
            must |= {(i, j)} if area >= 0.2 else set()
            may |= {(i, j)} if area > 0 else set()
        assert len(must) >= 15
        assert must <= set(found) <= may
        for i, j in must:
            pair, (_, x1, y1), (_, x2, y2) = found[i, j], places[i], places[j]
            assert (pair.dx, pair.dy) == (x1 - x2, y1 - y2)
            assert pair.area == (100 - abs(x1 - x2)) * (100 - abs(y1 - y2)) / 100**2
            assert 0.8 < pair.similarity <= 1 + 1e-6

    @pytest.mark.parametrize("number", range(8))
    def test_turned__orientation_and_shift_lay_one_over_the_other(self, number):
        whole = plate(8)
        first, second = crop(whole, 0, 0, 120), turned_by_hand(crop(whole, 30, 20, 120, quality=None), number)
        [pair] = find_overlaps([first, second, plate(9)[:120, :120]])
        assert (pair.first, pair.second, pair.area) == (0, 1, 90 * 100 / 120**2)
        assert (pair.dx, pair.dy) == (-30, -20)
        again = turned(second, pair.orientation)
        assert np.array_equal(again, crop(whole, 30, 20, 120, quality=None))

    @pytest.mark.parametrize(
        ("plates", "crops", "noise"), [(10, 4, 2.0), pytest.param(150, 8, 2.0, marks=pytest.mark.slow)]
    )
    def test_photographs__turned_exposed_and_compressed(self, plates, crops, noise):
        images, areas = shots(3, plates, crops, noise=noise)
        found = set(_pairs(find_overlaps(images)))
        must = {pair for pair, area in areas.items() if area >= 0.25}
        may = {pair for pair, area in areas.items() if area > 0}
        assert len(must) > plates
        assert len(must & found) >= 0.98 * len(must)
        assert len(found & may) >= 0.99 * len(found)

    def test_light__other_brightness_and_contrast(self):
        whole = plate(1)
        darker = (crop(whole, 40, 30).astype(float) * 0.6 + 10).astype(np.uint8)
        assert _pairs(find_overlaps([crop(whole, 0, 0), darker])) == [(0, 1)]

    def test_sizes__differ(self):
        whole = plate(2)
        [pair] = find_overlaps([whole[20:100, 30:180], whole[0:120, 90:190], plate(11, 9, 200), plate(12, 40, 40)])
        # Rows 20 to 100 and columns 90 to 180 are shared: 80 x 90 of the smaller picture's 120 x 100 pixels.
        assert (pair.dx, pair.dy, pair.area) == (-60, 20, 80 * 90 / (120 * 100))

    def test_large__shift_in_original_pixels(self):
        whole = cv2.resize(plate(3), (1600, 1600), interpolation=cv2.INTER_CUBIC)
        [pair] = find_overlaps([whole[:1000, :1000], whole[200:1200, 300:1300], plate(4, 1000, 1000)])
        assert (pair.first, pair.second) == (0, 1)
        assert (pair.dx, pair.dy) == pytest.approx((-300, -200), abs=4)

    def test_parallel_scratches__other_plates_are_not_joined(self):
        images = [plate(k)[:100, :100] for k in range(6)]
        for k, image in enumerate(images):
            cv2.line(image, (30 + 3 * k, 0), (33 + 3 * k, 99), 255, 1)
        assert find_overlaps(images) == []

    def test_equal__turned_and_linked_by_the_first_only(self):
        whole = plate(10)
        one, other = crop(whole, 0, 0), crop(whole, 20, 10)
        pairs = find_overlaps([one, turned_by_hand(one, 3), other, one])
        assert _pairs(pairs) == [(0, 1), (0, 2), (0, 3)]
        assert np.array_equal(turned(turned_by_hand(one, 3), pairs[0].orientation), one)

    def test_equal__even_without_texture(self):
        flat, other = np.full((50, 50), 90, np.uint8), np.full((50, 50), 91, np.uint8)
        assert _pairs(find_overlaps([flat, other, flat, flat])) == [(0, 2), (0, 3)]

    def test_min_area__small_overlap_ignored(self, monkeypatch):
        whole = plate(6)
        images = [crop(whole, 0, 0), crop(whole, 50, 40)]
        assert [o.area for o in find_overlaps(images)] == [50 * 60 / 100**2]
        monkeypatch.setattr(overlap, "MIN_AREA", 0.4)
        assert find_overlaps(images) == []

    @pytest.mark.parametrize(("limit", "value"), [("MIN_SIMILARITY", 1.01), ("MIN_SHARPNESS", 1000)])
    def test_limits__unreachable(self, monkeypatch, limit, value):
        whole = plate(6)
        monkeypatch.setattr(overlap, limit, value)
        assert find_overlaps([crop(whole, 0, 0), crop(whole, 20, 20)]) == []

    @pytest.mark.parametrize("count", [0, 1])
    def test_few__no_pairs(self, count):
        assert find_overlaps([plate(0)] * count) == []

    def test_inputs__unchanged(self):
        images = [crop(plate(7), 0, 0), crop(plate(7), 10, 10)]
        before = [image.copy() for image in images]
        find_overlaps(images)
        assert all(np.array_equal(a, b) for a, b in zip(images, before, strict=True))


def _read(files):
    return [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]


class TestRealReleases:
    def test_neu_det__known_pairs(self):
        names = ["patches_101", "patches_105", "scratches_37", "scratches_41", "rolled-in_scale_1"]
        found = find_overlaps(_read(release("neu-det") / "IMAGES" / f"{name}.jpg" for name in names))
        # The first two are equal; the scratches are parallel ones on different steel.
        assert _pairs(found) == [(0, 1)]
        assert found[0].area == 1

    def test_neu_seg__four_rotations(self):
        """Pictures of the release with their copies turned by 90, 180 and 270 degrees, on both of its sides."""
        turned = [
            ["test/000030", "training/000920", "training/001790", "training/002660"],
            ["test/000380", "training/001360", "training/002230", "training/003100"],
            ["training/000229", "training/001119", "training/001989", "training/002859"],
            ["training/000293", "training/001183", "training/002053", "training/002923"],
            ["training/000555", "training/001435", "training/002305", "training/003175"],
            ["training/000583", "training/001463", "training/002333", "training/003203"],
        ]
        names = [name for four in turned for name in four]
        found = find_overlaps(_read(release("neu-seg") / "images" / f"{name}.jpg" for name in names))
        whole = [pair for pair in found if pair.area > 0.95 and pair.similarity > 0.8]
        assert group_numbers(len(names), [(pair.first, pair.second) for pair in whole]) == [
            place // 4 for place in range(len(names))
        ]
        assert {pair.orientation for pair in whole} >= {3, 5, 6}


class TestEqualPictures:
    @pytest.mark.parametrize("number", range(ORIENTATIONS))
    def test_turned__found_with_the_orientation_back(self, number):
        image = plate(0)[:30, :40]
        other = turned_by_hand(image, number)
        [(index, (first, orientation))] = equal_pictures([plate(1)[:30, :40], image, other]).items()
        assert (index, first) == (2, 1)
        assert np.array_equal(turned(other, orientation), image)

    def test_several__each_with_the_first(self):
        a, b = plate(0)[:20, :20], plate(1)[:20, :20]
        assert equal_pictures([a, b, a, b, a]) == {2: (0, 0), 3: (1, 0), 4: (0, 0)}

    def test_same_grey_levels__not_equal(self):
        image = plate(0)[:20, :20]
        shuffled = np.random.default_rng(0).permutation(image.ravel()).reshape(20, 20)
        assert equal_pictures([image, shuffled, image.reshape(10, 40)]) == {}

    def test_one_pixel__not_equal(self):
        image = plate(0)[:20, :20]
        other = image.copy()
        other[3, 4] ^= 1
        assert equal_pictures([image, other]) == {}

    def test_flat__equal_without_texture(self):
        assert equal_pictures([np.full((5, 9), 7, np.uint8), np.full((9, 5), 7, np.uint8)]) == {1: (0, 4)}
