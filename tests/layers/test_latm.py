"""LATM: the copied neck runs as the rows do, and detaching stops its gradient at the main network only."""

import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import Concat, Conv

from lidd_yolo.layers.auxiliary_head import AuxiliaryHead
from lidd_yolo.layers.latm import LATM, RowGraph
from tests.helpers.checks import noise
from tests.helpers.randomise import randomise_batch_norm

TAPS, OUTPUTS = [1, 2], [5, 6]


def rows():
    """Return rows 3 to 6 of a network; rows 1 and 2 give them 4 and 6 channels at full and half size."""
    numbered = [
        (3, 2, Conv(6, 4, 1)),
        (4, -1, nn.Upsample(scale_factor=2.0)),
        (5, [-1, 1], Concat(1)),
        (6, 5, Conv(8, 8, 3, 2)),
    ]
    for index, source, row in numbered:
        row.i, row.f = index, source
    return nn.ModuleList(row for _, _, row in numbered)


def taps():
    """Return the outputs of rows 1 and 2."""
    return [noise(2, 4, 8, 12), noise(2, 6, 4, 6, seed=1)]


def by_hand(layers, tapped):
    """Run the four rows without the graph."""
    one, two = tapped
    joined = torch.cat((layers[1](layers[0](two)), one), 1)
    return [joined, layers[3](joined)]


def branch():
    """Return LATM on a neck whose levels have 8 channels."""
    return LATM(RowGraph(rows(), TAPS, OUTPUTS), AuxiliaryHead(16, 3, 8, 2, "light"))


class TestRowGraph:
    def test_forward__equals_the_rows(self):
        layers = randomise_batch_norm(rows(), seed=0).eval()
        graph = RowGraph(layers, TAPS, OUTPUTS).eval()
        got = graph(taps())
        assert len(got) == 2
        for level, want in zip(got, by_hand(layers, taps()), strict=True):
            assert torch.equal(level, want)

    def test_outputs__in_the_order_asked(self):
        layers = rows().eval()
        a, b = RowGraph(layers, TAPS, [6, 5]).eval()(taps())
        assert (a.shape[2], b.shape[2]) == (4, 8)

    def test_output__may_be_a_tap(self):
        given = taps()
        (same,) = RowGraph(rows(), TAPS, [2]).eval()(given)
        assert same is given[1]

    def test_rows__are_copies(self):
        layers = rows()
        graph = RowGraph(layers, TAPS, OUTPUTS)
        for mine, theirs in zip(graph.parameters(), layers.parameters(), strict=True):
            assert torch.equal(mine, theirs)
            assert mine is not theirs
        graph.rows[0].conv.weight.data.zero_()
        assert layers[0].conv.weight.abs().max() > 0

    def test_taps__wrong_number(self):
        with pytest.raises(ValueError, match="zip"):
            RowGraph(rows(), TAPS, OUTPUTS)(taps()[:1])

    def test_taps__unchanged(self):
        given = taps()
        before = [t.clone() for t in given]
        RowGraph(rows(), TAPS, OUTPUTS)(given)
        assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))


class TestLATM:
    def test_forward__head_on_both_necks(self):
        latm = branch().eval()
        levels = [noise(2, 8, 8, 12, seed=2), noise(2, 8, 4, 6, seed=3)]
        boxes, scores = latm(levels, taps())
        joined = [torch.cat(pair, 1) for pair in zip(levels, by_hand(latm.neck.rows, taps()), strict=True)]
        want = latm.head(joined)
        assert torch.equal(boxes, want[0])
        assert torch.equal(scores, want[1])
        assert boxes.shape == (2, 32, 96 + 24)

    @pytest.mark.parametrize("detached", [False, True])
    def test_gradient__stops_at_the_main_network(self, detached):
        latm = branch()
        assert latm.detached is False
        latm.detached = detached
        given = [t.requires_grad_() for t in taps()]
        levels = [t.requires_grad_() for t in (noise(2, 8, 8, 12, seed=2), noise(2, 8, 4, 6, seed=3))]
        boxes, scores = latm(levels, given)
        ((boxes * noise(*boxes.shape)).sum() + (scores * noise(*scores.shape, seed=1)).sum()).backward()
        assert [t.grad is None for t in (*levels, *given)] == [detached] * 4
        assert detached or all(t.grad.abs().max() > 0 for t in (*levels, *given))
        for name, parameter in latm.named_parameters():
            assert parameter.grad.abs().max() > 0, name

    def test_detached__same_values(self):
        latm = branch().eval()
        levels = [noise(2, 8, 8, 12, seed=2), noise(2, 8, 4, 6, seed=3)]
        want = latm(levels, taps())
        latm.detached = True
        assert all(torch.equal(a, b) for a, b in zip(latm(levels, taps()), want, strict=True))

    @pytest.mark.parametrize("copy", [deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_copy__after_a_forward(self, copy):
        latm = branch()
        levels = [noise(2, 8, 8, 12, seed=2), noise(2, 8, 4, 6, seed=3)]
        latm(levels, taps())
        latm.eval().detached = True
        twin = copy(latm)
        assert twin.detached is True
        assert all(torch.equal(a, b) for a, b in zip(twin(levels, taps()), latm(levels, taps()), strict=True))
