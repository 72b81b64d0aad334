"""The largest difference of outputs: relative to each output's own size."""

from math import inf, nan

import torch

from lidd_yolo.export.raw_difference import furthest_apart


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
