"""HyperCompute: the hypergraph by loops, both steps of its means, memory, precision, gradients, pooling, export."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from lidd_yolo.layers import hyper_compute
from lidd_yolo.layers.hyper_compute import HyperCompute, hyperedge_means, pooling_factor, two_step_means
from lidd_yolo.layers.reparam import fold_all_batch_norm
from tests.helpers.checks import (
    assert_every_parameter_learns,
    assert_exports,
    assert_fold_keeps_output,
    assert_gradients_are_exact,
    batch_norms,
    noise,
    num_params,
)
from tests.helpers.randomise import randomise_batch_norm

RADIUS = 2.0


def clustered(images=2, nodes=12, channels=5, dtype=torch.float64):
    """Return nodes around three centres: none two of them are near the radius from each other."""
    centres = 10 * noise(images, 3, channels, dtype=dtype, seed=3)
    x = centres.repeat(1, nodes // 3, 1) + 0.1 * noise(images, nodes, channels, dtype=dtype, seed=4)
    distance = torch.cdist(x, x)
    assert ((distance - RADIUS).abs() > 0.5).all()
    assert ((distance < RADIUS).sum(2) == nodes // 3).all()
    return x


def overlapping(dtype=torch.float64):
    """Return nodes on a line, 0, 1, 2, ... 6: each is near its two neighbours, so hyperedges overlap."""
    return torch.arange(7, dtype=dtype).view(1, 7, 1) * 1.5


def naive_means(nodes, radius):
    """Return the incidence and the two steps, node by node: mean of each hyperedge, then mean over a node's edges."""
    n = len(nodes)
    member = [[bool((nodes[u] - nodes[v]).norm() < radius) for u in range(n)] for v in range(n)]
    edges = [torch.stack([nodes[u] for u in range(n) if member[v][u]]).mean(0) for v in range(n)]
    back = [torch.stack([edges[e] for e in range(n) if member[e][u]]).mean(0) for u in range(n)]
    return torch.tensor(member), torch.stack(back)


class TestHyperedgeMeans:
    @pytest.mark.parametrize("x", [clustered(), overlapping()], ids=["clusters", "line"])
    def test_two_steps__equal_the_matrix_twice(self, x):
        means = hyperedge_means(x, RADIUS)
        for image in range(len(x)):
            member, want = naive_means(x[image], RADIUS)
            assert torch.equal(means[image] > 0, member)
            torch.testing.assert_close(means[image] @ (means[image] @ x[image]), want, rtol=0, atol=1e-12)

    def test_line__by_hand(self):
        """Ends have two neighbours with themselves, the others three."""
        want = torch.zeros(7, 7, dtype=torch.float64)
        for v in range(7):
            near = [u for u in (v - 1, v, v + 1) if 0 <= u < 7]
            want[v, near] = 1 / len(near)
        torch.testing.assert_close(hyperedge_means(overlapping(), RADIUS)[0], want)

    def test_incidence__symmetric_with_unit_diagonal(self):
        means = hyperedge_means(noise(2, 30, 3, dtype=torch.float64), RADIUS)
        incidence = means > 0
        assert 0.2 < incidence.double().mean() < 0.9
        assert torch.equal(incidence, incidence.transpose(1, 2))
        assert incidence.diagonal(dim1=1, dim2=2).all()
        torch.testing.assert_close(means.sum(2), torch.ones(2, 30, dtype=torch.float64))

    def test_nodes__in_another_order(self):
        x = clustered()
        order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))
        want = hyperedge_means(x, RADIUS)[:, order][:, :, order]
        torch.testing.assert_close(hyperedge_means(x[:, order], RADIUS), want)

    def test_distance__equal_to_the_radius_is_outside(self):
        x = torch.tensor([[[0.0], [4.0]]])
        assert torch.equal(hyperedge_means(x, 4.0)[0], torch.eye(2))
        assert torch.equal(hyperedge_means(x, 5.0)[0], torch.full((2, 2), 0.5))

    def test_precision__features_far_from_zero(self):
        """Norms of 5 000 at distances of 1: without centring float32 loses them, as the second half shows."""
        x = overlapping(torch.float32).expand(1, 7, 64) / 8 + 600
        z = x / RADIUS
        square = (z * z).sum(2, keepdim=True)
        uncentred = square + square.transpose(1, 2) - 2 * (z @ z.transpose(1, 2)) < 1
        want = hyperedge_means(overlapping(torch.float32), RADIUS)
        torch.testing.assert_close(hyperedge_means(x, RADIUS), want)
        assert not torch.equal(uncentred, want > 0)

    def test_gradient__none_through_the_comparison(self):
        assert not hyperedge_means(clustered().requires_grad_(), RADIUS).requires_grad


class LargestFloat(TorchDispatchMode):
    """Watches for the largest floating point tensor that any operator returns."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.is_floating_point():
            self.entries = max(self.entries, out.numel())
        return out


@pytest.fixture(params=[1, 30, 10**6], ids=["row by row", "ragged blocks", "one block"])
def block(request, monkeypatch):
    """Work the matrix off in blocks of this many entries."""
    monkeypatch.setattr(hyper_compute, "_ENTRIES_CPU", request.param)


class TestTwoStepMeans:
    @pytest.mark.usefixtures("block")
    @pytest.mark.parametrize("x", [clustered(), overlapping(), noise(2, 13, 3, dtype=torch.float64)])
    def test_blocks__equal_the_matrix_twice(self, x):
        message = noise(len(x), x.shape[1], 4, dtype=torch.float64, seed=5)
        means = hyperedge_means(x, RADIUS)
        assert 0.05 < (means > 0).double().mean() < 0.95
        torch.testing.assert_close(two_step_means(x, message, RADIUS), means @ (means @ message), rtol=0, atol=1e-12)

    @pytest.mark.usefixtures("block")
    def test_gradient__that_of_the_matrix(self):
        x, grad = noise(2, 13, 3, dtype=torch.float64), noise(2, 13, 4, dtype=torch.float64, seed=6)
        message = noise(2, 13, 4, dtype=torch.float64, seed=5).requires_grad_()
        means = hyperedge_means(x, RADIUS)
        (want,) = torch.autograd.grad(means @ (means @ message), message, grad)
        (got,) = torch.autograd.grad(two_step_means(x, message, RADIUS), message, grad)
        torch.testing.assert_close(got, want, rtol=0, atol=1e-12)
        assert not torch.allclose(got, means @ (means @ grad))  # degrees differ: the matrix is not symmetric

    @pytest.mark.usefixtures("block")
    def test_gradient__finite_differences(self):
        x, message = overlapping(), noise(1, 7, 2, dtype=torch.float64).requires_grad_()
        assert torch.autograd.gradcheck(lambda m: two_step_means(x, m, RADIUS), message)

    def test_nodes__get_no_gradient(self):
        x, message = clustered().requires_grad_(), noise(2, 12, 4, dtype=torch.float64).requires_grad_()
        two_step_means(x, message, RADIUS).sum().backward()
        assert x.grad is None

    def test_memory__one_byte_for_each_pair(self):
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
            two_step_means(noise(3, 50, 4), noise(3, 50, 4).requires_grad_(), RADIUS)
        assert sum(t.numel() * t.element_size() for t in kept) == 3 * (50 * 50 + 50 * 4)

    def test_memory__never_the_whole_matrix_as_floats(self, monkeypatch):
        monkeypatch.setattr(hyper_compute, "_ENTRIES_CPU", 1000)
        x, message = noise(2, 100, 4), noise(2, 100, 4).requires_grad_()
        with LargestFloat() as watch:
            two_step_means(x, message, RADIUS).sum().backward()
            assert watch.entries == 1000
            hyperedge_means(x, RADIUS)
        assert watch.entries == 2 * 100 * 100

    def test_nodes__not_finite(self):
        """They have no neighbours, not even themselves; that does not spread over the comparison."""
        x = clustered(images=2)
        x[0, 0] = float("nan")  # the mean of this image, so every node of it
        message = noise(2, 12, 4, dtype=torch.float64)
        out = two_step_means(x, message, RADIUS)
        assert torch.equal(out[0], torch.zeros_like(out[0]))
        assert out[1].isfinite().all()
        torch.testing.assert_close(hyperedge_means(x, RADIUS)[0], torch.zeros(12, 12, dtype=torch.float64))


class TestPoolingFactor:
    @pytest.mark.parametrize(
        ("size", "max_nodes", "want"),
        [
            ((40, 40), None, 1),
            ((40, 40), 1600, 1),
            ((40, 40), 1599, 2),
            ((80, 80), 1600, 2),
            ((80, 80), 399, 8),  # 20 x 20 is one too many
            ((7, 5), 12, 2),  # 4 x 3
            ((7, 5), 11, 4),  # 2 x 2
            ((7, 5), 1, 8),
        ],
    )
    def test_factor__by_hand(self, size, max_nodes, want):
        assert pooling_factor(*size, max_nodes) == want


class TestHyperCompute:
    @pytest.mark.parametrize("size", [(7, 5), (1, 1), (4, 8)])
    def test_forward__shape(self, size):
        assert HyperCompute(6, 9)(noise(2, 6, *size)).shape == (2, 6, *size)

    @pytest.mark.parametrize("c", [8, 256])
    def test_parameters__count(self, c):
        assert sum(p.numel() for p in HyperCompute(c, 9).parameters()) == c**2 + 3 * c

    def test_state_dict__keys(self):
        keys = [name for name, _ in HyperCompute(4, 9).named_parameters()]
        assert keys == ["project.weight", "project.bias", "bn.weight", "bn.bias"]

    @pytest.mark.parametrize("radius", [0, -1.0])
    def test_radius__not_positive(self, radius):
        with pytest.raises(ValueError, match="radius must be positive"):
            HyperCompute(4, radius)

    def test_forward__by_loops(self):
        layer = randomise_batch_norm(HyperCompute(5, RADIUS), seed=0).double().eval()
        nodes = clustered(images=2, nodes=12)
        x = nodes.transpose(1, 2).reshape(2, 5, 3, 4)
        for image in range(2):
            member, _ = naive_means(nodes[image], RADIUS)
            mean = member.double() / member.sum(1, keepdim=True)
            message = mean @ (mean @ (nodes[image] @ layer.project.weight.T + layer.project.bias))
            total = nodes[image] + message
            normal = (total - layer.bn.running_mean) / (layer.bn.running_var + layer.bn.eps).sqrt()
            normal = normal * layer.bn.weight + layer.bn.bias
            want = (normal * normal.sigmoid()).T.reshape(5, 3, 4)
            torch.testing.assert_close(layer(x)[image], want, rtol=0, atol=1e-10)

    @pytest.mark.parametrize("radius", [1e-2, 1e6])
    def test_forward__extreme_radii(self, radius):
        """No neighbours: the projection alone. All neighbours: the mean of all projections, everywhere."""
        layer, x = HyperCompute(6, radius).eval(), noise(2, 6, 4, 5)
        message = torch.einsum("oc,bchw->bohw", layer.project.weight, x) + layer.project.bias.view(1, -1, 1, 1)
        if radius > 1:
            message = message.mean((2, 3), keepdim=True)
        torch.testing.assert_close(layer(x), layer.act(layer.bn(x + message)), rtol=1e-4, atol=1e-5)

    def test_images__do_not_mix(self):
        layer, x = HyperCompute(6, 3).eval(), noise(2, 6, 4, 5)
        torch.testing.assert_close(layer(x)[1:], layer(x[1:]))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__same_hypergraph_as_in_float32(self, dtype):
        """What is left is the rounding of the projection and the result: at most four units of the last place."""
        layer = randomise_batch_norm(HyperCompute(5, RADIUS), seed=0).to(dtype).eval()
        x = clustered(nodes=12, dtype=torch.float32).transpose(1, 2).reshape(2, 5, 3, 4).to(dtype)
        want = layer.float()(x.float())
        got = layer.to(dtype)(x)
        assert got.dtype == dtype
        assert (got.float() - want).abs().max() <= 4 * torch.finfo(dtype).eps * want.abs().max()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_autocast__same_hypergraph_as_in_float32(self, dtype):
        layer = randomise_batch_norm(HyperCompute(5, RADIUS), seed=0).eval()
        x = clustered(nodes=12, dtype=torch.float32).transpose(1, 2).reshape(2, 5, 3, 4)
        want = layer(x)
        with torch.autocast("cpu", dtype=dtype):
            got = layer(x)
        assert (got.float() - want).abs().max() <= 4 * torch.finfo(dtype).eps * want.abs().max()

    def test_half__many_large_nodes_do_not_overflow(self):
        """The sum of 1 600 features of 100 is beyond float16, their mean is not."""
        layer = HyperCompute(2, 9).eval()
        nn.init.eye_(layer.project.weight)
        nn.init.zeros_(layer.project.bias)
        layer.bn.eps = 0.0
        out = layer.half()(torch.full((1, 2, 40, 40), 100.0, dtype=torch.float16))
        assert torch.equal(out, torch.full_like(out, 200.0))

    def test_gradient__finite_differences(self):
        """On one map whose distances are all at least 1e-3 away from the radius."""
        x = noise(2, 4, 3, 3, dtype=torch.float64).flatten(2).transpose(1, 2)
        distance = torch.cdist(x, x)
        assert ((distance - RADIUS).abs() > 1e-3).all()
        assert 0.2 < (distance < RADIUS).double().mean() < 0.8
        assert_gradients_are_exact(HyperCompute(4, RADIUS), 2, 4, 3, 3)

    def test_gradient__reaches_every_parameter(self):
        """In eval mode: in training the normalisation takes the mean away, and the projection's bias with it."""
        layer = HyperCompute(6, 3).eval()
        out = layer(noise(2, 6, 4, 5))
        (out * noise(*out.shape, seed=9)).sum().backward()
        assert all(p.grad.isfinite().all() and p.grad.abs().max() > 1e-3 for p in layer.parameters())

    def test_export__parity(self):
        assert_exports(HyperCompute(6, 3), noise(1, 6, 7, 5))

    def test_export__no_distance_operator(self):
        layer = HyperCompute(6, 3).eval()
        graph = torch.export.export(layer, (noise(1, 6, 7, 5),)).run_decompositions({}).graph
        assert not [node for node in graph.nodes if "cdist" in str(node.target) or "sqrt" in str(node.target)]

    def test_export__one_matrix_whatever_the_size(self):
        layer = HyperCompute(6, 3).eval()
        graph = torch.export.export(layer, (noise(1, 6, 7, 5),)).run_decompositions({}).graph
        operators = [str(node.target).split(".")[1:2] for node in graph.nodes]
        products = [name for name in operators if name in (["matmul"], ["bmm"], ["mm"])]
        assert len(products) == 5  # distances of three quarters and two means; the projection is another operator

    def test_export__traced_at_another_size(self):
        layer = randomise_batch_norm(HyperCompute(6, 3), seed=0).eval()
        with torch.no_grad():
            traced = torch.jit.trace(layer, noise(1, 6, 7, 5))
            for size in ((1, 6, 4, 9), (2, 6, 3, 3)):
                torch.testing.assert_close(traced(noise(*size)), layer(noise(*size)))


class TestFold:
    def test_fold__keeps_output(self):
        folded = assert_fold_keeps_output(HyperCompute(6, 3), fold_all_batch_norm, 2, 6, 7, 5)
        assert not batch_norms(folded)
        assert num_params(folded) == 6**2 + 3 * 6  # the paper counts a network with this normalisation unfolded
        assert not folded.fold_batch_norm()

    def test_fold__messages_that_differ(self):
        """The other test's radius may join all or nothing; here the three clusters stay apart."""
        layer = randomise_batch_norm(HyperCompute(5, RADIUS), seed=0).double().eval()
        x = clustered().transpose(1, 2).reshape(2, 5, 3, 4)
        with torch.no_grad():
            want = layer(x)
            fold_all_batch_norm(layer)
            torch.testing.assert_close(layer(x), want, rtol=0, atol=1e-10)

    def test_export__after_folding(self):
        layer = randomise_batch_norm(HyperCompute(6, 3), seed=0).eval()
        fold_all_batch_norm(layer)
        assert_exports(layer, noise(1, 6, 7, 5))


class TestMaxNodes:
    def layer(self, max_nodes):
        torch.manual_seed(0)
        layer = randomise_batch_norm(HyperCompute(5, 1.5), seed=0).eval()
        layer.max_nodes = max_nodes
        return layer

    @pytest.mark.parametrize("max_nodes", [None, 24])
    def test_forward__fits(self, max_nodes):
        layer, x = self.layer(max_nodes), noise(2, 5, 4, 6)
        assert torch.equal(layer(x), self.layer(None)(x))
        assert layer.pooled_by == 1

    @pytest.mark.parametrize(("size", "factor"), [((4, 6), 2), ((7, 5), 2), ((8, 8), 4)])
    def test_forward__message_of_each_square(self, size, factor):
        """Squares of the map by loops, ragged ones at the lower and right border included."""
        layer, x = self.layer(12), noise(1, 5, *size)
        layer.radius = 10**0.5 / factor  # as far apart as the means of squares of noise in five channels are
        rows, columns = (range(0, side, factor) for side in size)
        squares = {(i, j): x[0, :, i : i + factor, j : j + factor] for i in rows for j in columns}
        nodes = torch.stack([square.mean((1, 2)) for square in squares.values()])[None]
        means = hyperedge_means(nodes, layer.radius)
        assert 0.1 < (means > 0).float().mean() < 0.9
        message = (means @ means @ (nodes @ layer.project.weight.T + layer.project.bias))[0]
        total = x.clone()
        for (i, j), bringing in zip(squares, message, strict=True):
            total[0, :, i : i + factor, j : j + factor] += bringing.view(-1, 1, 1)
        torch.testing.assert_close(layer(x), F.silu(layer.bn(total)), rtol=1e-5, atol=1e-5)
        assert layer.pooled_by == factor

    def test_pooled_by__of_the_last_forward(self):
        layer = self.layer(12)
        for size, factor in ((8, 4), (3, 1), (6, 2)):
            layer(noise(1, 5, size, size))
            assert layer.pooled_by == factor

    def test_gradient__reaches_every_parameter(self):
        assert_every_parameter_learns(self.layer(12), noise(2, 5, 7, 5))

    def test_export__parity(self):
        assert_exports(self.layer(12), noise(1, 5, 7, 5))

    def test_export__squares_fixed_by_the_size_it_is_made_with(self):
        layer = self.layer(12)
        with torch.no_grad():
            traced = torch.jit.trace(layer, noise(1, 5, 4, 6))
            layer.max_nodes = 1  # squares of 8 for this size, were they not fixed
            got = traced(noise(1, 5, 8, 8))
            layer.max_nodes = 16
            torch.testing.assert_close(got, layer(noise(1, 5, 8, 8)))
