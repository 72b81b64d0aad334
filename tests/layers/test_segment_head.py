"""WLNetSegment against Ultralytics' own head with the depthwise class branch, in every mode."""

import inspect
import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import DWConv, Segment

from lidd_yolo.layers.segment_head import WLNetSegment
from tests.helpers.checks import noise
from tests.helpers.randomise import randomise_batch_norm

CHANNELS = [8, 12, 16]
HAS_END2END = "end2end" in inspect.signature(Segment.__init__).parameters


def upstream(end2end=False):
    """Return what this release's parser appends to the row's arguments."""
    return (16, end2end, CHANNELS) if HAS_END2END else (CHANNELS,)


def ready(head):
    """Give a head the strides that a network would, and statistics as after training."""
    head.stride = torch.tensor([8.0, 16.0, 32.0])
    return randomise_batch_norm(head, seed=1)


def maps(size=64, images=2):
    """Return one map for each level."""
    return [noise(images, c, size // s, size // s, seed=s) for c, s in zip(CHANNELS, (8, 16, 32), strict=True)]


def tensors(output):
    """Return all tensors of a nested output in order."""
    if isinstance(output, torch.Tensor):
        return [output]
    parts = output.values() if isinstance(output, dict) else output
    return [t for part in parts for t in tensors(part)]


@pytest.fixture
def stock(monkeypatch):
    """Build the stock head as with a YAML file of YOLO11, whose class branch is the depthwise one."""
    monkeypatch.setattr(Segment, "legacy", False, raising=False)
    return ready(Segment(3, 5, 24, *upstream()))


class TestWLNetSegment:
    @pytest.mark.parametrize("mode", ["train", "eval", "export"])
    def test_output__of_stock(self, stock, mode):
        head = ready(WLNetSegment(3, 5, 24, *upstream()))
        head.load_state_dict(stock.state_dict(), strict=True)
        for module in (head, stock):
            module.train(mode == "train")
            module.export = mode == "export"
        got, want = tensors(head(maps())), tensors(stock(maps()))
        assert len(want) >= 2
        assert all(torch.equal(a, b) for a, b in zip(got, want, strict=True))

    @pytest.mark.parametrize("legacy", [True, False])
    def test_branch__whatever_the_parser_sets(self, monkeypatch, legacy):
        """Ultralytics' parser sets ``legacy`` on the class before it builds the head."""
        monkeypatch.setattr(WLNetSegment, "legacy", legacy, raising=False)
        monkeypatch.setattr(Segment, "legacy", legacy, raising=False)
        head = WLNetSegment(3, 5, 24, *upstream())
        assert head.legacy is False
        assert [isinstance(branch[0][0], DWConv) for branch in head.cv3] == [True] * 3
        assert Segment.legacy is legacy

    @pytest.mark.parametrize(("nc", "width"), [(3, 8), (50, 50), (300, 100)])
    def test_width__of_the_class_branch(self, nc, width):
        head = WLNetSegment(nc, 5, 24, *upstream())
        assert [branch[-1].in_channels for branch in head.cv3] == [width] * 3
        assert [branch[-1].out_channels for branch in head.cv3] == [nc] * 3

    def test_parameters__of_the_paper(self):
        """Scale s: box 639 936, class 180 617, coefficients 289 248, prototypes 365 248, bins 16."""
        channels = [128, 256, 512]
        head = WLNetSegment(3, 32, 128, *upstream()[:-1], channels)
        parts = (head.cv2, head.cv3, head.cv4, head.proto, head.dfl)
        counts = [sum(p.numel() for p in part.parameters()) for part in parts]
        assert counts == [639_936, 180_617, 289_248, 365_248, 16]

    @pytest.mark.skipif(not HAS_END2END, reason="this release has no end2end heads")
    def test_end2end__both_branches_depthwise(self):
        head = WLNetSegment(3, 5, 24, *upstream(end2end=True))
        assert [isinstance(branch[0][0], DWConv) for branch in head.one2one_cv3] == [True] * 3
        assert not {id(p) for p in head.cv3.parameters()} & {id(p) for p in head.one2one_cv3.parameters()}

    def test_bias_init__of_the_new_branch(self):
        head = ready(WLNetSegment(3, 5, 24, *upstream()))
        head.bias_init()
        biases = [branch[-1].bias for branch in head.cv3]
        want = [torch.full((3,), (5 / 3 / (640 / stride) ** 2)).log() for stride in (8, 16, 32)]
        torch.testing.assert_close([b.data for b in biases], want)

    @pytest.mark.parametrize("copy", [deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
    def test_copy__after_a_forward(self, copy):
        head = ready(WLNetSegment(3, 5, 24, *upstream()))
        head.train()(maps())
        want = tensors(head.eval()(maps()))
        assert all(torch.equal(a, b) for a, b in zip(tensors(copy(head)(maps())), want, strict=True))

    def test_gradient__reaches_every_parameter(self):
        head = ready(WLNetSegment(3, 5, 24, *upstream())).train()
        out = head(maps())
        names = ("boxes", "scores", "mask_coefficient", "proto")
        parts = [out[n] for n in names] if isinstance(out, dict) else tensors(out)
        sum((part * noise(*part.shape, seed=9)).sum() for part in parts).backward()
        learning = {n: p.grad for n, p in head.named_parameters() if n != "dfl.conv.weight"}
        assert all(grad is not None and grad.abs().max() > 0 for grad in learning.values())

    def test_kind__is_stock_to_ultralytics(self):
        head = WLNetSegment(3, 5, 24, *upstream())
        assert isinstance(head, Segment)
        assert isinstance(head.cv3, nn.ModuleList)
        assert head.cv2[0][0].conv.in_channels == CHANNELS[0]
