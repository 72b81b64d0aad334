"""Matching of detections and defects, parts and groups, and what is refused."""

import numpy as np
import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.pictures import InspectedPicture, MatchRule, box_overlaps, gather

SQUARE = np.array([[0.0, 0.0, 10.0, 10.0]])


def picture(name="a.png", *, truth=(), found=(), **words):
    """Return a picture of ``(class, box)`` defects and ``(class, confidence, box)`` detections."""
    return InspectedPicture(
        name,
        np.array([kind for kind, _ in truth], dtype=int),
        np.array([box for _, box in truth], dtype=float).reshape(-1, 4),
        np.array([kind for kind, _, _ in found], dtype=int),
        np.array([score for _, score, _ in found], dtype=float),
        np.array([box for _, _, box in found], dtype=float).reshape(-1, 4),
        **words,
    )


class TestBoxOverlaps:
    def test_values(self):
        # half of the square: 50 / 100; shifted by half: 50 / 150; beside it: 0
        others = np.array([[0, 0, 10, 5], [5, 0, 15, 10], [10, 0, 20, 10]], dtype=float)
        assert box_overlaps(SQUARE, others)[0] == pytest.approx([0.5, 1 / 3, 0])

    def test_nothing(self):
        assert box_overlaps(np.zeros((0, 4)), SQUARE).shape == (0, 1)
        assert box_overlaps(np.zeros((1, 4)), np.zeros((1, 4))) == 0


class TestGather:
    def test_most_confident_first(self):
        """The better box is less confident and comes too late."""
        found = [(0, 0.6, (0, 0, 10, 10)), (0, 0.9, (0, 0, 10, 8))]
        inspected = gather([picture(truth=[(0, (0, 0, 10, 10))], found=found)], ["crack"])
        assert inspected.found_truth.tolist() == [-1, 0]
        assert inspected.found_on.tolist() == [0, 0]
        assert inspected.truth_score.tolist() == [0.9]

    def test_second_best_defect__if_the_best_is_taken(self):
        truth = [(0, (0, 0, 10, 10)), (0, (1, 0, 11, 10))]
        found = [(0, 0.9, (0, 0, 10, 10)), (0, 0.8, (0, 0, 10, 10))]
        assert gather([picture(truth=truth, found=found)], ["crack"]).found_truth.tolist() == [0, 1]

    def test_overlap__exactly_as_asked_counts(self):
        made = [picture(truth=[(0, (0, 0, 10, 10))], found=[(0, 0.9, (0, 0, 10, 5))])]
        assert gather(made, ["crack"]).found_truth.tolist() == [0]
        assert gather(made, ["crack"], MatchRule(iou=0.51)).found_truth.tolist() == [-1]

    def test_other_class__lies_on_it_and_finds_nothing(self):
        made = [picture(truth=[(0, (0, 0, 10, 10))], found=[(1, 0.9, (0, 0, 10, 10))])]
        inspected = gather(made, ["crack", "pit"])
        assert (inspected.found_truth.tolist(), inspected.found_on.tolist()) == ([-1], [0])

    def test_numbers_of_later_pictures(self):
        one = picture(truth=[(0, (0, 0, 10, 10))], found=[(0, 0.5, (0, 0, 10, 10))])
        inspected = gather([one, picture("none.png"), one], ["crack"])
        assert inspected.found_truth.tolist() == [0, 1]
        assert inspected.truth_picture.tolist() == inspected.found_picture.tolist() == [0, 2]
        assert inspected.good.tolist() == [False, True, False]

    def test_overlaps__of_masks(self):
        made = picture(
            truth=[(0, (0, 0, 10, 10))],
            found=[(0, 0.9, (0, 0, 10, 10))],
            overlaps=np.array([[0.2]]),
            truth_area=np.array([42.0]),
        )
        inspected = gather([made], ["crack"], MatchRule(by="mask"))
        assert inspected.found_truth.tolist() == [-1]
        assert (inspected.truth_area.tolist(), inspected.truth_size.tolist()) == ([42.0], [[10.0, 10.0]])

    def test_parts_and_groups(self):
        words = [{"part": "x", "group": 7}, {}, {"part": "x", "group": 7}, {"part": "y", "group": 7}, {"part": 1}]
        inspected = gather([picture(str(n), **w) for n, w in enumerate(words)], ["crack"])
        assert inspected.part.tolist() == [0, 1, 0, 2, 3]
        assert inspected.group_of_part.tolist() == [0, 1, 0, 2]

    def test_parts__in_two_groups(self):
        made = [picture("a", part="x", group=1), picture("b", part="x", group=2)]
        with pytest.raises(InputError, match=r"^b: its part x lies in two groups$"):
            gather(made, ["crack"])

    def test_nothing(self):
        inspected = gather([], ["crack"])
        assert inspected.part_score.shape == (0, 1)
        assert inspected.truth_score.shape == (0,)

    @pytest.mark.parametrize(
        ("made", "told"),
        [
            (picture(truth=[(2, (0, 0, 1, 1))]), r"truth_class has \[2\], but there are 2 classes"),
            (picture(found=[(0, 1.5, (0, 0, 1, 1))]), "a confidence is not between 0 and 1"),
            (picture(found=[(0, np.nan, (0, 0, 1, 1))]), "a confidence is not between 0 and 1"),
            (picture(overlaps=np.ones((1, 1))), r"overlaps is of shape \(1, 1\), not \(0, 0\)"),
        ],
    )
    def test_refused(self, made, told):
        with pytest.raises(InputError, match=f"^a.png: {told}$"):
            gather([made], ["crack", "pit"])

    def test_refused__names_twice(self):
        with pytest.raises(InputError, match="two classes have the same name"):
            gather([], ["pit", "pit"])

    @pytest.mark.parametrize("words", [{"iou": 0.0}, {"iou": 1.1}, {"by": "point"}])
    def test_rule__refused(self, words):
        with pytest.raises(InputError):
            MatchRule(**words)


class TestThresholdVector:
    def test_refused(self):
        inspected = gather([], ["crack", "pit"])
        assert inspected.threshold_vector({"pit": 0.2, "crack": 1}).tolist() == [1, 0.2]
        with pytest.raises(InputError, match="no threshold for pit"):
            inspected.threshold_vector({"crack": 0.5})
        with pytest.raises(InputError, match="between 0 and 1"):
            inspected.threshold_vector({"crack": 0.5, "pit": float("nan")})
