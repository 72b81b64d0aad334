"""Evidence of several parts as one, of some pictures alone, and their groups."""

from dataclasses import replace

import numpy as np
import pytest

from lidd_yolo.results.evidence import Evidence, common_groups, joined, on_pictures
from tests.helpers.evidence import make_evidence


def evidence(names, truth, found, *, masks=None, groups=None):
    """Return evidence of pictures: ``truth`` are pairs of picture and class, ``found`` those and what is correct."""
    truth, found = np.array(truth, int).reshape(-1, 2), np.array(found, int).reshape(-1, 3)
    return Evidence(
        pictures=np.array(list(names), dtype=np.str_),
        truth_picture=truth[:, 0].astype(np.int32),
        truth_class=truth[:, 1].astype(np.int16),
        found_picture=found[:, 0].astype(np.int32),
        found_class=found[:, 1].astype(np.int16),
        confidence=(0.9 - 0.1 * np.arange(len(found))).astype(np.float32),
        correct=found[:, 2].astype(np.uint16),
        mask_correct=None if masks is None else np.array(masks, np.uint16),
        groups=None if groups is None else np.array(groups, np.int32),
    )


@pytest.fixture
def val():
    return evidence("bca", [(0, 1), (2, 0)], [(2, 0, 7), (0, 1, 1), (1, 1, 0)], masks=[3, 0, 0], groups=[0, 1, 0])


@pytest.fixture
def test():
    return evidence("ed", [(1, 2), (0, 2)], [(1, 2, 1023)], masks=[5], groups=[0, 1])


class TestJoined:
    def test_joined__by_hand(self, val, test):
        both = joined([val, test])
        assert "".join(both.pictures) == "bcaed"
        assert both.truth_picture.tolist() == [0, 2, 4, 3]
        assert both.truth_class.tolist() == [1, 0, 2, 2]
        assert both.found_picture.tolist() == [2, 0, 1, 4]
        assert both.found_class.tolist() == [0, 1, 1, 2]
        assert both.confidence == pytest.approx([0.9, 0.8, 0.7, 0.9])
        assert both.correct.tolist() == [7, 1, 0, 1023]
        assert both.mask_correct.tolist() == [3, 0, 0, 5]
        assert both.groups.tolist() == [0, 1, 0, 2, 3]

    def test_joined__one_part(self, val):
        alone = joined([val])
        assert alone.found_picture.tolist() == val.found_picture.tolist()
        assert alone.groups.tolist() == [0, 1, 0]

    def test_joined__of_one_no_groups_and_no_masks(self, val, test):
        both = joined([val, replace(test, groups=None, mask_correct=None)])
        assert both.groups is None
        assert both.mask_correct is None


class TestOnPictures:
    def test_on_pictures__by_hand(self, val):
        some = on_pictures(val, ["a", "b"])
        assert some.pictures.tolist() == ["a", "b"]
        assert some.truth_picture.tolist() == [1, 0]
        assert some.truth_class.tolist() == [1, 0]
        assert some.found_picture.tolist() == [0, 1]
        assert some.confidence == pytest.approx([0.9, 0.8])
        assert some.correct.tolist() == [7, 1]
        assert some.mask_correct.tolist() == [3, 0]
        assert some.groups.tolist() == [0, 0]

    def test_on_pictures__all_of_them_have_the_same_figures(self, tmp_path):
        whole = make_evidence(tmp_path, quality=0.7)
        turned = on_pictures(whole, [str(name) for name in whole.pictures[::-1]])
        assert turned.figures() == pytest.approx(whole.figures())


class TestCommonGroups:
    def test_common_groups__of_any_evidence(self):
        """The first knows 0 and 1, the second 1 and 3; 2 is alone, 4 and 5 are known to both."""
        one = evidence("abcdef", [], [], groups=[0, 0, 1, 2, 3, 3])
        other = evidence("abcdef", [], [], groups=[4, 0, 1, 0, 2, 2])
        assert common_groups([one, other]).tolist() == [0, 0, 1, 0, 2, 2]

    def test_common_groups__some_state_none(self, val):
        assert common_groups([replace(val, groups=None), val]).tolist() == [0, 1, 0]
        assert common_groups([replace(val, groups=None)]) is None
