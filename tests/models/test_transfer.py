"""Start from the weights of another network: what fits is taken over, and one line says what is new and why."""

import pytest
import torch

from lidd_yolo.models.wlnet import WLNetModel
from tests.helpers.lidd_model import build_lidd


def finished(nc, names, seed=1):
    """Return a network as a finished checkpoint holds it: without its training-only branch."""
    model = build_lidd(nc=nc, seed=seed).drop_training_branch()
    model.names, model.pt_path = dict(enumerate(names)), "start.pt"
    return model


def start(target, source, caplog):
    """Load the weights and return the line that says so."""
    caplog.clear()
    with caplog.at_level("INFO"):
        target.load(source)
    lines = [record.getMessage() for record in caplog.records if "Start from" in record.getMessage()]
    assert len(lines) == 1
    assert "Transferred" not in caplog.text
    return lines[0]


class TestMessage:
    def test_other_classes(self, caplog):
        target = build_lidd(nc=3)
        target.names = {0: "dent", 1: "pit", 2: "scratch"}
        line = start(target, finished(2, ["pit", "hole"]), caplog)
        assert line.startswith("Start from start.pt: ")
        assert "the class layers start anew (2 classes there, 3 here" in line
        assert "the auxiliary head, which only training has, starts anew behind a copy of the neck" in line
        assert "another shape" not in line

    def test_same_network(self, caplog):
        source = build_lidd(nc=3, seed=1)
        source.pt_path = "last.pt"
        assert start(build_lidd(nc=3), source, caplog) == "Start from last.pt: all weights taken over"

    def test_other_width(self, caplog):
        target = WLNetModel("wlnett.yaml", nc=3, verbose=False)
        source = WLNetModel("wlnetn.yaml", nc=3, verbose=False)
        assert "tensors of another shape start anew (the first: model." in start(target, source, caplog)

    def test_other_scale__is_refused(self):
        with pytest.raises(ValueError, match=r"no weight of the checkpoint \(start\.pt\) fits"):
            WLNetModel("wlnett.yaml", nc=3, verbose=False).load(finished(3, ["a", "b", "c"]))


class TestWeights:
    def test_what_fits__is_taken_over(self):
        source, target = finished(2, ["pit", "hole"]), build_lidd(nc=3)
        target.load(source)
        theirs, ours = source.state_dict(), target.state_dict()
        same = [key for key in theirs if theirs[key].shape == ours[key].shape]
        assert len(same) > 0.95 * len(theirs)
        assert all(torch.equal(theirs[key], ours[key]) for key in same)
