"""The first layer that differs: by position in the network, not by size of the difference."""

from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch

from lidd_yolo.export.first_layer import differing_rows, first_of, first_unfolded_difference, row_outputs
from lidd_yolo.export.formats import FOLD_LIMIT


def network(*sources):
    """Return rows that read these rows, as Ultralytics marks them."""
    return SimpleNamespace(model=[SimpleNamespace(i=i, f=f) for i, f in enumerate(sources)])


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


class TestFirstOf:
    @pytest.mark.parametrize(
        ("differing", "want"),
        [
            ({}, ""),
            ({0: False, 1: False, 2: False, 3: False}, ""),
            ({1: True, 2: False, 3: True}, "model.1 (SimpleNamespace)"),
            ({0: False, 2: True, 3: True}, "model.2 (SimpleNamespace)"),
            ({3: True}, "model.3 (SimpleNamespace)"),
        ],
    )
    def test_row__whose_inputs_are_equal(self, differing, want):
        assert first_of(network(-1, -1, 0, [-1, 1]), differing) == want


class TestFirstUnfoldedDifference:
    def test_right_fold__none(self, lidd, wlnet, picture):
        for reference in (lidd, wlnet):
            assert first_unfolded_difference(reference.trained, reference.folded, picture, FOLD_LIMIT) == ""

    @pytest.mark.parametrize("index", [0, 3, -1])
    def test_wrong_weight__its_row(self, lidd, picture, index):
        folded = deepcopy(lidd.folded)
        row = folded.model[index]
        with torch.no_grad():
            next(row.parameters()).mul_(1.01)
        want = f"model.{row.i} ({type(row).__name__})"
        assert first_unfolded_difference(lidd.trained, folded, picture, FOLD_LIMIT) == want

    def test_hooks__removed(self, lidd, picture):
        row_outputs(lidd.folded, picture)
        assert not any(row._forward_hooks for row in lidd.folded.model)


class TestDifferingRows:
    def test_rows__looked_for_by_shape_and_value(self):
        a, b, c = torch.ones(1, 2, 3, 3), torch.full((1, 2, 3, 3), 5.0), torch.ones(1, 7)
        graph = [a + 1e-6, torch.zeros(1, 9)]
        assert differing_rows(graph, {0: [a], 1: [b], 2: [c]}, 1e-4) == {0: False, 1: True}

    def test_two_outputs__both_must_be_there(self):
        a, b = torch.ones(1, 2), torch.ones(1, 3)
        assert differing_rows([a, b], {0: [a, b]}, 1e-4) == {0: False}
        assert differing_rows([a, 2 * b], {0: [a, b]}, 1e-4) == {0: True}
