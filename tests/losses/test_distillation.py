"""Distillation: distributions moved to other points, strides and bins by hand; the losses and their minimum."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from lidd_yolo.losses.distillation import (
    Lesson,
    Level,
    TeacherOutput,
    distillation_losses,
    nearest_level,
    project,
    resample,
)
from tests.helpers.checks import noise

SMALL = torch.float64


def grid(*levels):
    """Return the anchor points of levels in pixels, in the order of Ultralytics."""
    points = [
        ((column + 0.5) * level.stride, (row + 0.5) * level.stride)
        for level in levels
        for row in range(level.height)
        for column in range(level.width)
    ]
    return torch.tensor(points, dtype=SMALL)


def teacher(scores, sides, *levels):
    """Return what a teacher says of one picture: a score and the four sides' whole distances for each point."""
    scores = torch.tensor(scores, dtype=SMALL).view(1, len(scores), -1)
    sides = torch.nn.functional.one_hot(torch.tensor(sides), 8).to(SMALL)[None]
    distances = torch.arange(8, dtype=SMALL).expand_as(sides)
    return TeacherOutput(scores, torch.arange(scores.shape[-1]), sides, distances, grid(*levels), levels)


def learn(said, *levels, bins=8):
    return resample(said, grid(*levels), levels, bins)


class TestProject:
    @pytest.mark.parametrize(
        ("probabilities", "distances", "want"),
        [
            ((0.2, 0.3, 0.5), (0, 1, 2), (0.2, 0.3, 0.5)),  # nothing changes
            ((0.2, 0.3, 0.5), (0, 0.5, 1), (0.2 + 0.15, 0.15 + 0.5, 0)),  # cells twice as large
            ((1.0,), (1.3,), (0, 0.7, 0.3)),  # a plain distance
            ((0.25, 0.75), (-1, 9), (0.25, 0, 0.75)),  # outside
        ],
    )
    def test_value__by_hand(self, probabilities, distances, want):
        got = project(torch.tensor(probabilities, dtype=SMALL), torch.tensor(distances, dtype=SMALL), 3)
        assert got.tolist() == pytest.approx(want, abs=1e-12)

    def test_mean__stays(self):
        probabilities = noise(5, 4, 16).double().softmax(-1)
        distances = torch.linspace(0.1, 6.8, 16, dtype=SMALL).expand(5, 4, 16)
        got = project(probabilities, distances, 8)
        torch.testing.assert_close((got * torch.arange(8)).sum(-1), (probabilities * distances).sum(-1))
        torch.testing.assert_close(got.sum(-1), torch.ones(5, 4, dtype=SMALL))


class TestNearestLevel:
    @pytest.mark.parametrize(("stride", "want"), [(4, 0), (8, 0), (16, 1), (64, 2), (12, 1), (11, 0)])
    def test_value__by_ratio(self, stride, want):
        assert nearest_level(stride, tuple(Level(s, 1, 1) for s in (8, 16, 32))) == want

    def test_value__the_finer_of_two(self):
        assert nearest_level(16, (Level(32, 1, 1), Level(8, 1, 1))) == 1


class TestResample:
    def test_value__equal_levels(self):
        """Nothing changes: two levels of 2 x 4 and 1 x 2 points, boxes that the bins can express."""
        levels = (Level(8, 2, 4), Level(16, 1, 2))
        sides = (torch.arange(40).view(10, 4) % 7 + 1).tolist()
        said = teacher([[i / 10, 0.05] for i in range(10)], sides, *levels)
        got = learn(said, *levels)
        torch.testing.assert_close(got.scores, said.scores)
        torch.testing.assert_close(got.sides, said.sides)
        assert got.weight[0].tolist() == pytest.approx([0.05, *(i / 10 for i in range(1, 10))])

    def test_value__finer_points(self):
        """One point at (8, 8) sees a box from -8 to 24 px; the point at (4, 12) is 12, 20, 20, 12 px from its sides."""
        got = learn(teacher([0.5], [[1, 1, 1, 1]], Level(16, 1, 1)), Level(8, 2, 2), bins=4)
        near, far = [0, 0.5, 0.5, 0], [0, 0, 0.5, 0.5]
        assert got.sides[0, 2].tolist() == [near, far, far, near]
        assert got.scores.flatten().tolist() == [0.5] * 4

    def test_value__coarser_points_listen_to_the_loudest(self):
        """Of four points the last, at (12, 12), speaks: its box from 4 to 20 px is 4 and 12 px from (8, 8)."""
        said = teacher(
            [[0.1, 0.2], [0.3, 0.2], [0.0, 0.4], [0.2, 0.9]], [[3, 3, 3, 3]] * 3 + [[1, 1, 1, 1]], Level(8, 2, 2)
        )
        got = learn(said, Level(16, 1, 1), bins=2)
        assert got.sides[0, 0].tolist() == [[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]]
        assert got.scores[0, 0].tolist() == pytest.approx([0.2, 0.9])

    def test_value__box_too_large(self):
        """Sides of 3 cells where the bins end at 2: a box of 32 px in one of 48, IoU 4 / 9."""
        got = learn(teacher([0.9], [[3, 3, 3, 3]], Level(8, 1, 1)), Level(8, 1, 1), bins=3)
        assert got.weight.item() == pytest.approx(0.9 * 4 / 9)
        assert got.scores.item() == pytest.approx(0.9 * 4 / 9)
        assert got.sides[0, 0].tolist() == [[0, 0, 1]] * 4

    def test_value__box_beside_the_point(self):
        """A box from -4 to 12 px round (4, 4), seen from (16, 16): said are -4 to 16 px, IoU 16^2 / 20^2."""
        got = learn(teacher([0.8], [[1, 1, 1, 1]], Level(8, 1, 1)), Level(32, 1, 1))
        assert got.weight.item() == pytest.approx(0.8 * 256 / 400)
        assert got.sides[0, 0, :, :2].tolist() == [[0.375, 0.625]] * 2 + [[1, 0]] * 2

    def test_value__level_of_the_nearest_stride(self):
        """A level that the teacher lacks listens to the coarsest, the finest to the finest."""
        levels = (Level(8, 4, 4), Level(16, 2, 2))
        said = teacher([0.1] * 16 + [0.2, 0.3, 0.4, 0.2], [[1, 1, 1, 1]] * 20, *levels)
        got = learn(said, Level(4, 8, 8), Level(32, 1, 1))
        assert got.scores[0, :64].unique().tolist() == [0.1]
        assert got.scores[0, 64].item() == pytest.approx(0.4)

    def test_value__any_stride(self):
        """The cell of 12 px around (6, 6) reaches into two columns and rows of 8 px, not into the third."""
        said = teacher([0.1, 0.2, 0.9, 0.3, 0.4, 0.9, 0.9, 0.9, 0.9], [[1, 1, 1, 1]] * 9, Level(8, 3, 3))
        got = resample(said, torch.tensor([[6.0, 6.0]], dtype=SMALL), (Level(12, 1, 1),), 8)
        assert got.weight.item() == pytest.approx(0.4)

    def test_value__points_beyond_the_teachers_grid(self):
        """The student's last point may lie outside the picture: it listens to the nearest one."""
        got = learn(teacher([0.1, 0.2], [[7, 7, 7, 7]] * 2, Level(8, 1, 2)), Level(8, 2, 3))
        assert got.scores.flatten().tolist()[:2] == [0.1, 0.2]
        assert (got.scores > 0).all()

    def test_value__plain_distances(self):
        """A head without distributions: one bin, whose distance is the prediction."""
        said = teacher([0.5], [[0, 0, 0, 0]], Level(8, 1, 1))
        distances = torch.tensor([1.25, 2.0, 0.5, 3.0], dtype=SMALL).view(1, 1, 4, 1)
        said = said._replace(sides=torch.ones_like(distances), distances=distances)
        got = learn(said, Level(8, 1, 1), bins=4)
        assert got.sides[0, 0].tolist() == [[0, 0.75, 0.25, 0], [0, 0, 1, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 1]]
        assert got.weight.item() == pytest.approx(0.5)


def lesson(scores, sides, weight, classes=(0,)):
    return Lesson(
        torch.tensor(scores, dtype=SMALL).view(1, 1, -1),
        torch.tensor(classes),
        torch.tensor(sides, dtype=SMALL).expand(1, 1, 4, -1),
        torch.tensor([[weight]], dtype=SMALL),
    )


class TestDistillationLosses:
    def test_value__by_hand(self):
        """Scores of 0.5 where the teacher says 0.9; even bins where it says 3 : 1. Class 0 is not the teacher's."""
        logits = torch.tensor([5.0, 0.0], dtype=SMALL).view(1, 1, 2)
        scores, boxes = distillation_losses(
            logits, torch.zeros(1, 1, 4, 2, dtype=SMALL), lesson([0.9], [0.75, 0.25], 0.5, classes=(1,))
        )
        assert scores.item() == pytest.approx(0.4 * math.log(2))
        assert boxes.item() == pytest.approx(0.5 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5)))

    def test_value__nothing_where_both_agree(self):
        probabilities = noise(2, 3, 4, 8).double().softmax(-1)
        logits = noise(2, 3, 5).double()
        taught = Lesson(logits.sigmoid(), torch.arange(5), probabilities, torch.ones(2, 3, dtype=SMALL))
        for loss in distillation_losses(logits, probabilities.log(), taught):
            assert loss.item() == pytest.approx(0, abs=1e-12)

    def test_gradient__towards_the_teacher(self):
        logits = torch.zeros(1, 1, 1, dtype=SMALL, requires_grad=True)
        sides = torch.zeros(1, 1, 4, 3, dtype=SMALL, requires_grad=True)
        taught = lesson([0.9], [0.0, 1.0, 0.0], 0.5)
        assert gradcheck(lambda a, b: torch.stack(distillation_losses(a, b, taught)), (logits, sides))
        torch.stack(distillation_losses(logits, sides, taught)).sum().backward()
        assert logits.grad.item() < 0
        assert (sides.grad[..., 1] < 0).all()
        assert (sides.grad[..., 0] > 0).all()
