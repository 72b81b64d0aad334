"""Tiles: the detections of the whole picture come out, what a border cuts comes out once, and neighbours stay two."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.tiles import Tiling
from lidd_yolo.inspection.detections import FoundDefects
from lidd_yolo.inspection.tiles import detect_in_tiles, join_tiles
from tests.helpers.blobs import as_set, detect_blobs, without_regions

HALVES = np.array([[0, 0, 640, 640], [512, 0, 1152, 640]], dtype=float)


def part(*rows):
    """Return detections of one class: score and box of each."""
    return FoundDefects(
        np.zeros(len(rows), dtype=int),
        np.array([score for score, _ in rows], dtype=float),
        np.array([box for _, box in rows], dtype=float).reshape(-1, 4),
    )


def joined(*parts, tiles=HALVES, size=(1152, 640)):
    found = join_tiles(parts, tiles, size)
    return list(zip(found.confidence.tolist(), found.boxes.tolist(), strict=True))


class TestJoinParts:
    def test_scratch_over_the_border__one(self):
        """Its halves overlap by a quarter of the shorter: no comparison of whole boxes would join them."""
        parts = part((0.9, (100, 300, 640, 306))), part((0.8, (512, 300, 1000, 306)))
        assert joined(*parts) == [(0.9, [100, 300, 1000, 306])]

    def test_sliver_at_the_border__belongs_to_its_object(self):
        """The second tile sees the last 4 pixels of an object that the first one sees whole, and makes 8 of them."""
        parts = part((0.9, (400, 100, 516, 200))), part((0.5, (512, 100, 520, 200)))
        assert joined(*parts) == [(0.9, [400, 100, 520, 200])]

    def test_neighbours_in_the_strip__two(self):
        above, below = (540, 100, 600, 110), (540, 106, 600, 118)
        assert joined(part((0.9, above), (0.8, below)), part((0.9, above), (0.8, below))) == [
            (0.9, list(above)),
            (0.8, list(below)),
        ]

    def test_small_one_inside_a_large_one__two(self):
        large, small = (530, 100, 620, 200), (560, 140, 580, 160)
        both = part((0.9, large), (0.8, small))
        assert joined(both, both) == [(0.9, list(large)), (0.8, list(small))]

    def test_other_class__two(self):
        one = part((0.9, (100, 300, 640, 306)))
        other = part((0.8, (512, 300, 1000, 306)))
        other.numbers[:] = 1
        assert len(joined(one, other)) == 2

    def test_same_tile__never_joined(self):
        box = (540, 100, 600, 110)
        assert len(joined(part((0.9, box), (0.8, box)), part())) == 2

    def test_oblique_scratch__one_and_its_parallel_another(self):
        """Boxes of a slope of a third; the parallel lies 60 pixels below, the strip is 128 wide."""
        left = [(200, 100 + d, 640, 247 + d) for d in (0, 60)]
        right = [(512, 204 + d, 1000, 367 + d) for d in (0, 60)]
        found = joined(part(*zip((0.9, 0.8), left, strict=True)), part(*zip((0.9, 0.8), right, strict=True)))
        assert found == [(0.9, [200, 100, 1000, 367]), (0.8, [200, 160, 1000, 427])]

    def test_chain_over_three_tiles__one(self):
        tiles = np.array([[0, 0, 640, 640], [512, 0, 1152, 640], [1024, 0, 1664, 640]], dtype=float)
        parts = (part((0.5, (100, 9, 640, 20))), part((0.6, (512, 9, 1152, 20))), part((0.7, (1024, 9, 1500, 20))))
        assert joined(*parts, tiles=tiles, size=(1664, 640)) == [(0.7, [100, 9, 1500, 20])]

    def test_unsure_part__left_out_but_makes_nothing_larger(self):
        parts = part((0.9, (400, 100, 600, 200))), part((0.4, (512, 95, 640, 205)))
        assert joined(*parts) == [(0.9, [400, 100, 600, 200])]

    def test_threshold__a_lower_limit_changes_nothing_above_it(self):
        """With detections from half the threshold on, the objects above it are those of all detections."""
        generator = np.random.default_rng(0)
        for _ in range(50):
            parts = []
            for left in (0, 512):
                corner = generator.uniform((left, 0), (left + 540, 40), (30, 2))
                boxes = np.concatenate(
                    [corner, np.minimum(corner + generator.uniform(10, 300, (30, 2)), (left + 640, 640))], 1
                )
                parts.append(part(*zip(generator.uniform(0.01, 1, 30), boxes, strict=True)))
            for threshold in (0.2, 0.5):
                few = [found.chosen(found.confidence > threshold / 2) for found in parts]
                above = [[row for row in joined(*found) if row[0] > threshold] for found in (parts, few)]
                assert above[0] == above[1]

    def test_nothing__nothing(self):
        assert joined(part(), part()) == []


class TestDetectInTiles:
    @pytest.fixture(autouse=True)
    def _needs_sahi(self):
        pytest.importorskip("sahi", reason="places the tiles")

    def draw(self):
        return np.zeros((700, 1300, 3), dtype=np.uint8)

    @pytest.mark.parametrize("detect", [detect_blobs, without_regions(detect_blobs)], ids=["outlines", "boxes"])
    def test_nothing_at_a_border__as_the_whole_picture(self, detect):
        """Objects smaller than the overlap: every one is whole in some tile."""
        image, generator = self.draw(), np.random.default_rng(3)
        for _ in range(60):
            x, y, r = (int(value) for value in generator.integers((30, 30, 3), (1270, 670, 25)))
            cv2.circle(image, (x, y), r, (int(generator.choice([100, 200])),) * 3, -1)
        image[:, ::130] = image[::130] = 0  # apart, so that no two grow into one larger than the overlap
        found = detect_in_tiles(detect, image, Tiling(320, 140))
        (whole,) = detect([image])
        assert len(whole.numbers) > 60
        assert as_set(found) == as_set(whole)
        assert (np.diff(found.confidence) <= 0).all()

    @pytest.mark.parametrize("detect", [detect_blobs, without_regions(detect_blobs)], ids=["outlines", "boxes"])
    def test_over_the_borders__one_with_all_its_pixels(self, detect):
        image = self.draw()
        cv2.rectangle(image, (50, 200), (1250, 207), (100,) * 3, -1)
        cv2.line(image, (60, 640), (1200, 260), (200,) * 3, 9)
        cv2.circle(image, (640, 120), 60, (200,) * 3, 7)  # a ring: its hole stays one
        assert as_set(detect_in_tiles(detect, image, Tiling(320, 64))) == as_set(detect([image])[0])

    def test_smaller_than_a_tile__one_tile(self):
        image = self.draw()[:100, :150]
        image[20:30, 20:40] = 100
        calls = []

        def detect(images):
            calls.extend(picture.shape for picture in images)
            return detect_blobs(images)

        assert as_set(detect_in_tiles(detect, image, Tiling(320, 64))) == as_set(detect_blobs([image])[0])
        assert calls == [(100, 150, 3)]

    def test_at_once__as_many_tiles_as_asked(self):
        counts = []

        def detect(images):
            counts.append(len(images))
            return detect_blobs(images)

        detect_in_tiles(detect, self.draw(), Tiling(320, 64), at_once=4)
        assert counts == [4, 4, 4, 3]
