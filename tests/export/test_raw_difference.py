"""The largest difference of outputs: relative to each output's own size."""

from math import inf, nan

import torch

from lidd_yolo.export.comparison import furthest_apart, mean_error


def outputs(boxes, scores):
    return {"boxes": torch.tensor(boxes).view(len(boxes), -1), "scores": torch.tensor(scores).view(len(scores), -1)}


class TestFurthestApart:
    def test_scores__not_hidden_behind_large_boxes(self):
        want = outputs([[100.0, 200.0], [10.0, 20.0]], [[0.5], [0.1]])
        got = outputs([[100.0, 201.0], [10.0, 20.0]], [[0.5], [0.11]])
        worst = furthest_apart(got, want)
        assert (worst.part, worst.picture) == ("scores", 1)
        assert abs(worst.value - 0.01 / 0.5) < 1e-6  # the size is that of all pictures: 0.5

    def test_equal__zero(self):
        same = outputs([[1.0], [2.0]], [[0.0], [0.0]])
        assert furthest_apart(same, same).value == 0

    def test_not_a_number__infinite(self):
        want, got = outputs([[1.0], [2.0]], [[0.3], [0.4]]), outputs([[1.0], [nan]], [[0.3], [0.4]])
        worst = furthest_apart(got, want)
        assert (worst.value, worst.part, worst.picture) == (inf, "boxes", 1)

    def test_other_shape__infinite(self):
        want, got = outputs([[1.0]], [[0.3]]), outputs([[1.0]], [[0.3, 0.4]])
        assert (furthest_apart(got, want).value, furthest_apart(got, want).part) == (inf, "scores")


class TestMeanError:
    def test_boxes__by_the_score_of_their_anchor_point(self):
        """By hand: the first of two anchor points, of score 1, is off by 3 of 4; the other, of score 0, by anything."""
        want = {"boxes": torch.tensor([[[4.0, 100.0]]]), "scores": torch.tensor([[[1.0, 0.0]]])}
        got = {"boxes": torch.tensor([[[7.0, 500.0]]]), "scores": torch.tensor([[[0.5, 0.0]]])}
        assert mean_error(got, want) == (3 / 4 + 0.5) / 2
        assert mean_error(want, want) == 0

    def test_wrong__infinite(self):
        want = {"scores": torch.tensor([[[1.0, 0.0]]])}
        assert mean_error({"scores": torch.tensor([[[nan, 0.0]]])}, want) == inf
        assert mean_error({"scores": torch.zeros(1, 1, 3)}, want) == inf
