"""Run lengths as numbers and as text."""

import numpy as np
import pytest
from hypothesis import given

from lidd_yolo.data.formats.coco import decode_rle
from tests.helpers.masks import PROPERTY, masks
from tests.helpers.run_lengths import as_text, run_lengths


class TestDecodeRle:
    def test_hand_computed__column_by_column(self):
        expected = [[0, 1, 0], [1, 1, 0]]
        np.testing.assert_array_equal(decode_rle([1, 3, 2], 3, 2), expected)
        np.testing.assert_array_equal(decode_rle("132", 3, 2), expected)

    def test_text__of_the_mask_api(self):
        # pycocotools 2.0.11: encode(np.asfortranarray(expected))["counts"]
        text = f"e<i0?{'0' * 18}^OC9=GC9=GC9=9{'0' * 52}[<"
        expected = np.zeros((40, 60), dtype=np.uint8)
        expected[5:30, 10:50] = 1
        expected[12:14, 20:23] = 0
        assert as_text(run_lengths(expected)) == text
        np.testing.assert_array_equal(decode_rle(text, 60, 40), expected)

    @PROPERTY
    @given(masks(1))
    def test_round_trip__numbers_and_text(self, mask):
        lengths = run_lengths(mask)
        for counts in (lengths, as_text(lengths)):
            np.testing.assert_array_equal(decode_rle(counts, mask.shape[1], mask.shape[0]), mask)

    @pytest.mark.parametrize(
        ("counts", "reason"),
        [
            ([1, 3], "do not add up to 3x2"),
            ([-1, 7], "do not add up"),
            ([], "do not add up"),
            ("13~", "hold the character '~'"),
            ("13 ", "hold the character ' '"),
            ("13P", "end within a number"),
        ],
    )
    def test_damaged(self, counts, reason):
        with pytest.raises(ValueError, match=reason):
            decode_rle(counts, 3, 2)

    def test_huge__no_memory_taken(self):
        with pytest.raises(ValueError, match="larger than"):
            decode_rle([10**10], 10**5, 10**5)
