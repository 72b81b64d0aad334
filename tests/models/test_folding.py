"""Folded networks without shuffles: same output in every structure, and an ONNX graph without transposes."""

import warnings
from copy import deepcopy

import onnx
import pytest
import torch
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo.layers.cse import CSEA, CSEB
from lidd_yolo.layers.cse_chain import CSEBChain
from lidd_yolo.models.lidd import LIDDModel
from tests.helpers.checks import noise
from tests.helpers.lidd_model import build_lidd
from tests.helpers.randomise import randomise_batch_norm


def shuffling(model):
    """Return the number of blocks that still shuffle."""
    chained = sum(len(m) for m in model.modules() if isinstance(m, CSEBChain))
    blocks = [m for m in model.modules() if isinstance(m, (CSEA, CSEB))]
    return len(blocks) - chained - sum(isinstance(m, CSEA) and not m.shuffles for m in blocks)


def changed(edit):
    """Return LIDD-Net with an edited YAML and statistics of a trained network, in float64."""
    config = yaml_model_load("lidd.yaml")
    config["lidd_yolo"] = {"aux": "off"}
    edit(config)
    return randomise_batch_norm(LIDDModel(config, verbose=False), seed=1).double().eval()


def assert_same(model):
    """Assert that the folded network predicts what the unfolded one does; return it."""
    x = noise(2, 3, 64, 96, dtype=torch.float64)
    with torch.no_grad():
        want, raw = model(x)
        fused = deepcopy(model).fuse(verbose=False)
        got, raw_got = fused(x)
    for a, b in ((got, want), (raw_got["boxes"], raw["boxes"]), (raw_got["scores"], raw["scores"])):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
    return fused


class TestUnshuffle:
    def test_lidd__no_block_shuffles(self):
        fused = assert_same(changed(lambda _: None))
        assert shuffling(fused) == 0
        assert [type(fused.model[i]) for i in (3, 5, 7)] == [CSEBChain] * 3
        assert [(fused.model[i].i, fused.model[i].f) for i in (3, 5, 7)] == [(3, -1), (5, -1), (7, -1)]

    def test_one_block__is_a_row_of_its_own(self):
        def single(config):
            config["backbone"][3][1] = 1

        assert shuffling(assert_same(changed(single))) == 0

    def test_reader_that_needs_the_order__keeps_the_shuffle(self):
        """A concatenation of the second stage with the neck: rows 4 and 5 stay, all others need no shuffle."""

        def concatenated(config):
            config["head"][1] = [5, 1, "nn.Identity", []]

        fused = assert_same(changed(concatenated))
        assert shuffling(fused) == 8
        assert fused.model[4].shuffles
        assert not fused.model[2].shuffles

    @pytest.mark.parametrize("name", ["lidd-cisb.yaml", "lidd-s.yaml"])
    def test_other_yamls__no_block_shuffles(self, name):
        model = randomise_batch_norm(build_lidd(name, aux="off"), seed=1).double().eval()
        assert shuffling(assert_same(model)) == 0


class TestGraph:
    def test_onnx__no_transpose_and_one_operator_of_statistics(self, tmp_path):
        model = build_lidd(aux="off").eval().fuse(verbose=False)
        model.head.export = True
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x = torch.zeros(1, 3, 64, 64)
            model(x)
            torch.onnx.export(model, (x,), str(tmp_path / "lidd.onnx"), dynamo=False)
        kinds = [node.op_type for node in onnx.load(tmp_path / "lidd.onnx").graph.node]
        assert not {"Transpose", "Softmax", "ReduceMean"} & set(kinds)
        assert kinds.count("InstanceNormalization") == 16
