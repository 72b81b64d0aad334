"""The sheet of pairs: size, which picture lies where, and the outline of the shared area."""

import numpy as np
import pytest

from lidd_yolo.data.groups.overlap import Overlap, find_overlaps
from lidd_yolo.data.groups.pair_sheet import pair_sheet
from tests.helpers.plates import crop, plate
from tests.helpers.shots import turned_by_hand

CELL = (200 + 6 + 3 * 14, 2 * 200 + 6)
OUTLINE = [0, 200, 255]
NAMES = ["0", "1"]


def _outlined(sheet):
    """First and last row and column of the outline in a part of a sheet."""
    rows, columns = np.nonzero((sheet == OUTLINE).all(axis=2))
    return rows.min(), rows.max(), columns.min(), columns.max()


class TestPairSheet:
    @pytest.mark.parametrize(("pairs", "rows", "columns"), [(1, 1, 1), (3, 1, 3), (4, 2, 3), (7, 3, 3)])
    def test_size__rows_and_columns(self, pairs, rows, columns):
        overlap = Overlap(0, 1, 0, 0, 1.0, 1.0)
        sheet = pair_sheet([plate(0, 50, 50), plate(1, 50, 50)], [overlap] * pairs, NAMES, columns=3)
        assert sheet.shape == (rows * CELL[0], columns * CELL[1], 3)
        assert sheet.dtype == np.uint8

    def test_outline__shared_area_in_both(self):
        images = [plate(0, 100, 100), plate(1, 100, 100)]
        sheet = pair_sheet(images, [Overlap(0, 1, -30, 20, 0.56, 0.9)], NAMES)
        # Drawn at twice the size. The first shows the area in rows 0-79 and columns 30-99, the second 20 rows further
        # down and 30 columns further left.
        assert _outlined(sheet[:200, :200]) == (0, 159, 60, 199)
        assert _outlined(sheet[:200, 200:400]) == (40, 199, 0, 139)

    def test_turned__both_halves_alike_within_the_outline(self):
        whole = plate(2)
        first, second = crop(whole, 0, 0, 200), turned_by_hand(crop(whole, 30, 20, 200), 6)
        [pair] = find_overlaps([first, second])
        sheet = pair_sheet([first, second], [pair], NAMES)
        # The first shows the area from column 30 and row 20 on, the second from its corner on; outlines left out.
        mine, other = sheet[21:199, 31:199, 0], sheet[1:179, 201:369, 0]
        assert np.corrcoef(mine.ravel(), other.ravel())[0, 1] > 0.95

    def test_sizes__differ_and_fit(self):
        images = [plate(0, 40, 100), plate(1, 100, 30)]
        sheet = pair_sheet(images, [Overlap(0, 1, 0, 0, 0.4, 0.9)], NAMES)
        assert sheet[:80, :200].any(axis=2).mean() > 0.9
        assert not sheet[82:200, :200].any()
        assert not sheet[:200, 262:].any()

    def test_flat_pictures__no_empty_rows(self):
        sheet = pair_sheet([plate(0, 50, 100), plate(1, 50, 100)], [Overlap(0, 1, 0, 0, 1.0, 1.0)], NAMES)
        assert sheet.shape == (CELL[0] - 100, CELL[1], 3)

    def test_names__drawn(self):
        images, pairs = [plate(0, 50, 50), plate(1, 50, 50)], [Overlap(0, 1, 0, 0, 1.0, 1.0)]
        short, long = pair_sheet(images, pairs, NAMES), pair_sheet(images, pairs, ["first.jpg", "second.jpg"])
        assert np.array_equal(short[:200], long[:200])
        assert long[200:].sum() > 1.2 * short[200:].sum()

    def test_inputs__unchanged(self):
        images = [plate(0, 50, 50), plate(1, 50, 50)]
        before = [image.copy() for image in images]
        pair_sheet(images, [Overlap(0, 1, 5, 5, 0.8, 0.9, 3)], NAMES)
        assert all(np.array_equal(a, b) for a, b in zip(images, before, strict=True))
