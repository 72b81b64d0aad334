"""Merged prototypes against Ultralytics' own: values up to the border, parameters, work, copies, loading."""

import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics.nn.modules.block import Proto

from lidd_yolo.layers.prototypes import MergedPrototypes
from lidd_yolo.layers.reparam import fold_all_batch_norm
from tests.helpers.checks import assert_close_to_size, assert_exports, noise, num_params
from tests.helpers.randomise import randomise_batch_norm


def proto(dtype=torch.float64, seed=0):
    """Return stock prototypes whose upsampling has a bias that shows."""
    torch.manual_seed(seed)
    layer = randomise_batch_norm(Proto(5, 6, 3), seed=seed).to(dtype).eval()
    nn.init.normal_(layer.upsample.bias)
    return layer


def merged(*args, **kwargs):
    """Return the same prototypes folded."""
    layer = MergedPrototypes(proto(*args, **kwargs))
    fold_all_batch_norm(layer)
    return layer


class TestMergedPrototypes:
    @pytest.mark.parametrize("size", [(7, 5), (2, 3), (1, 1)])
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
    def test_output__of_stock(self, dtype, size):
        x = noise(2, 5, *size, dtype=dtype)
        with torch.no_grad():
            want = proto(dtype)(x)
            assert_close_to_size(merged(dtype)(x), want)
            assert_close_to_size(torch.jit.trace(merged(dtype), x)(x), want)

    def test_border__needs_the_channel_of_ones(self):
        """Without the upsampling's bias in that channel the border would be wrong and the inside too."""
        layer, x = merged(), noise(1, 5, 6, 6, dtype=torch.float64)
        inside = layer.enlarge.weight[-1, :, 1:3, 1:3].sum((1, 2)), layer.enlarge.weight[-1].sum((1, 2))
        layer.enlarge.bias += inside[1] / 4  # a stride of 2 sees a quarter of the taps: right inside
        layer.enlarge.weight[-1] = 0
        with torch.no_grad():
            wrong = (torch.jit.trace(layer, x, check_trace=False)(x) - proto()(x)).abs().amax((0, 1))
        assert wrong[1:-1, 1:-1].max() < 1e-10
        assert min(wrong[0].max(), wrong[-1].max(), wrong[:, 0].max(), wrong[:, -1].max()) > 1e-3

    def test_kernel__by_hand(self):
        """One channel: an upsampling to 1, 2, 3, 4 and a convolution that adds nine pixels."""
        layer = Proto(1, 1, 1).eval()
        layer.cv2.bn.eps = 0.0
        layer.upsample.weight.data = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        layer.upsample.bias.data.fill_(0.5)
        layer.cv2.conv.weight.data.fill_(1.0)
        kernel = MergedPrototypes(layer).enlarge.weight
        rows = [[1, 3, 3, 2], [4, 10, 10, 6], [4, 10, 10, 6], [3, 7, 7, 4]]
        assert torch.equal(kernel[0, 0], torch.tensor(rows).float())
        rows = [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]
        assert torch.equal(kernel[1, 0], torch.tensor(rows) / 2)

    def test_parameters__and_keys_of_the_folded_stock_layer(self):
        want = proto()
        fold_all_batch_norm(want)
        layer = merged()
        assert num_params(layer) == num_params(want)
        assert list(layer.state_dict()) == list(want.state_dict())

    def test_load__merges_anew(self):
        layer, other = merged(seed=0), merged(seed=5)
        x = noise(1, 5, 4, 4, dtype=torch.float64)
        layer.load_state_dict(other.state_dict())
        assert torch.equal(layer(x), other(x))
        assert torch.equal(layer.enlarge.weight, other.enlarge.weight)

    @pytest.mark.parametrize("copy", [deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
    def test_copy(self, copy):
        layer, x = merged(), noise(1, 5, 4, 4, dtype=torch.float64)
        twin = copy(layer)
        twin.load_state_dict(merged(seed=5).state_dict())
        assert torch.equal(copy(layer)(x), layer(x))
        assert torch.equal(twin(x), merged(seed=5)(x))
        assert torch.equal(twin.enlarge.weight, merged(seed=5).enlarge.weight)
        assert torch.equal(layer.enlarge.weight, merged().enlarge.weight)

    def test_trace__one_transposed_convolution_and_no_3x3_after_it(self):
        graph = torch.jit.trace(merged(torch.float32), noise(1, 5, 4, 4)).inlined_graph
        transposed = [str(node) for node in graph.nodes() if node.kind() == "aten::_convolution"]
        assert len(transposed) == 3

    def test_half__follows(self):
        layer = merged(torch.float32).half()
        assert layer.enlarge.weight.dtype == torch.float16
        x = noise(1, 5, 4, 4)
        assert (layer(x.half()).float() - proto(torch.float32)(x)).abs().max() < 0.02

    def test_export__parity(self):
        assert_exports(merged(torch.float32), noise(1, 5, 7, 5))
