"""Brushes of generated pictures."""

import numpy as np
import pytest

from lidd_yolo.data.demo import painting
from lidd_yolo.data.demo.painting import blank, grey_paint


@pytest.fixture
def picture():
    return np.full((40, 40, 3), 100, dtype=np.float32)


@pytest.fixture
def square(picture):
    cover = blank(picture)
    cover[10:20, 12:30] = 255
    return cover


class TestPlaces:
    def test_placed__quarter_turn_then_move(self):
        np.testing.assert_allclose(painting.placed([[2, 0], [0, 3]], np.pi / 2, [10, 20]), [[10, 22], [7, 20]])

    def test_axes__along_and_across(self):
        along, across = painting.axes(8, np.pi / 2, [3, 2])
        np.testing.assert_allclose(along[:, 0], np.arange(8) - 2, atol=1e-5)
        np.testing.assert_allclose(across[0], 3 - np.arange(8), atol=1e-5)

    def test_some_angle__level_or_any(self):
        rng = np.random.default_rng(0)
        off = [abs((a := painting.some_angle(rng, 1.0)) / (np.pi / 2) - round(a / (np.pi / 2))) for _ in range(100)]
        assert max(off) < 0.1
        assert max(painting.some_angle(rng, 0.0) for _ in range(100)) > 5


class TestColours:
    def test_vivid__saturated(self):
        for seed in range(30):
            colour = painting.vivid(np.random.default_rng(seed))
            assert colour.shape == (3,)
            assert 0 <= colour.min() < 0.45 * colour.max() <= 0.45 * 255

    def test_ink__mostly_contrasts(self):
        def levels(ground):
            return np.array([painting.ink(np.random.default_rng(seed), ground).mean() for seed in range(200)])

        assert np.mean(levels(200.0) < 130) > 0.7
        assert np.mean(levels(40.0) > 90) > 0.6


class TestPaint:
    def test_paint__covered_part_alone(self, picture, square):
        painting.paint(picture, square, grey_paint(20), 0.5)
        assert (picture[square > 0] == 60).all()
        assert (picture[square == 0] == 100).all()

    def test_paint__by_grain(self, picture, square):
        grain = np.zeros((40, 40), dtype=np.float32)
        grain[:, :20] = 1
        painting.paint(picture, square, grey_paint(0), grain=grain)
        assert (picture[10:20, 12:20] == 0).all()
        assert (picture[:, 20:] == 100).all()

    def test_dim(self, picture, square):
        painting.dim(picture, square, 0.8)
        np.testing.assert_allclose(picture[square > 0], 80, rtol=1e-5)
        assert (picture[square == 0] == 100).all()

    def test_add_grey__everywhere_or_in_a_cover(self, picture, square):
        change = np.full((40, 40), 7, dtype=np.float32)
        painting.add_grey(picture, change)
        painting.add_grey(picture, change, square)
        assert (picture[square > 0] == 114).all()
        assert (picture[square == 0] == 107).all()

    def test_nothing_covered__nothing_changed(self, picture):
        painting.paint(picture, blank(picture), grey_paint(0))
        painting.dim(picture, blank(picture), 0.1)
        assert (picture == 100).all()

    def test_emboss__one_side_bright_the_other_dark(self, picture, square):
        painting.emboss(picture, painting.as_share(square), 0.0, 30)
        assert picture[15, 11:13].min() > 105
        assert picture[15, 29:31].max() < 95
        assert (picture[15, 18:24] == 100).all()


class TestCovers:
    def test_shifted(self, square):
        np.testing.assert_array_equal(painting.shifted(square, 3, -2)[8:18, 15:33], 255)
        assert painting.shifted(square, 3, -2).sum() == square.sum()

    def test_shapes__area(self, picture):
        for draw, area in (
            (lambda c: painting.disc(c, [20, 20], 8), np.pi * 64),
            (lambda c: painting.fill_cover(c, np.array([[5.0, 5], [25, 5], [25, 15], [5, 15]])), 200),
            (
                lambda c: painting.stroke_cover(c, np.array([[5.0, 20], [35, 20]]), 4),
                165,
            ),  # smooth edges and round ends add to 30 times 4
        ):
            cover = blank(picture)
            draw(cover)
            assert cover.sum() / 255 == pytest.approx(area, rel=0.25)
