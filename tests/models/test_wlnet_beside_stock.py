"""WLNet and stock networks built in one process, in any order: neither changes the other."""

import torch
from ultralytics.nn.modules import DWConv, Segment
from ultralytics.nn.tasks import SegmentationModel

from lidd_yolo.layers.segment_head import WLNetSegment
from tests.helpers.wlnet_model import build_wlnet, state


def stock_model(seed=0):
    torch.manual_seed(seed)
    return SegmentationModel("yolov8s-seg.yaml", nc=3, verbose=False)


class TestBesideStock:
    def test_stock__before_between_and_after(self, monkeypatch):
        """Same weights and the same kind of class branch, and ``legacy`` never changes under a stock network."""
        seen = []
        build_head = WLNetSegment.__init__

        def watched(self, *args):
            seen.append(Segment.legacy)
            build_head(self, *args)
            seen.append(Segment.legacy)

        monkeypatch.setattr(WLNetSegment, "__init__", watched)
        before = stock_model()
        legacy = Segment.legacy
        build_wlnet("wlnet-n.yaml")
        between = stock_model()
        build_wlnet("wlnet-t-vov.yaml")
        after = stock_model()
        assert legacy is True
        assert seen == [legacy] * 4
        assert Segment.legacy is legacy
        for other in (between, after):
            assert type(other) is SegmentationModel
            assert all(torch.equal(a, b) for a, b in zip(state(before).values(), state(other).values(), strict=True))
        assert not any(isinstance(m, DWConv) for m in after.model[-1].modules())

    def test_stock__with_the_other_branch(self):
        """A network between two of ours whose own rows ask for the depthwise branch."""
        build_wlnet()
        stock = SegmentationModel("yolo11n-seg.yaml", nc=3, verbose=False)
        assert Segment.legacy is False
        build_wlnet()
        assert Segment.legacy is False
        assert any(isinstance(m, DWConv) for m in stock.model[-1].cv3.modules())

    def test_ours__after_either(self):
        want = state(build_wlnet())
        for name in ("yolov8n-seg.yaml", "yolo11n-seg.yaml"):
            SegmentationModel(name, nc=3, verbose=False)
            got = state(build_wlnet())
            assert got.keys() == want.keys()
            assert all(torch.equal(got[key], want[key]) for key in want)
