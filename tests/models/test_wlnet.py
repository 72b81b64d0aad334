"""WLNet as a whole: building beside stock networks, predicting, learning, folding, precision, copies."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn.modules import SPPF
from ultralytics.nn.tasks import SegmentationModel, yaml_model_load
from ultralytics.utils.loss import v8SegmentationLoss

from lidd_yolo.layers.gs_conv import GSConv, VoVGSCSP
from lidd_yolo.layers.hyper_compute import HyperCompute, hyperedge_means
from lidd_yolo.layers.ma_net import MANet
from lidd_yolo.layers.segment_head import WLNetSegment
from lidd_yolo.models import wlnet
from lidd_yolo.models.box_loss import BlendedBoxLoss
from lidd_yolo.models.wlnet import WLNetModel
from tests.helpers.checks import assert_close_to_size, noise
from tests.helpers.wlnet_model import build_wlnet, mask_batch, state, with_statistics


def predict(model, x):
    """Return the decoded output ``(B, 4 + nc + 32, A)`` and the prototypes, as an exported network does."""
    model.eval().model[-1].export = True
    with torch.no_grad():
        decoded, prototypes = model(x)
    model.model[-1].export = False
    return decoded, prototypes


def head_inputs(model, x):
    """Return the maps that the head gets."""
    seen = []
    handle = model.eval().model[-1].register_forward_pre_hook(lambda _, inputs: seen.extend(inputs[0]))
    predict(model, x)
    handle.remove()
    return seen


def tensors(output):
    """Return all tensors of a nested output in order."""
    if isinstance(output, torch.Tensor):
        return [output]
    parts = output.values() if isinstance(output, dict) else output
    return [t for part in parts for t in tensors(part)]


@pytest.fixture(scope="module")
def built():
    """Share one network whose statistics are those of a trained one; tests copy it before they change it."""
    return with_statistics(build_wlnet())


@pytest.fixture
def model(built):
    return deepcopy(built)


@pytest.mark.trains
class TestBuild:
    @pytest.mark.parametrize(
        ("name", "scale"),
        [("wlnet.yaml", "s"), ("wlnets.yaml", "s"), ("wlnet-t.yaml", "t"), ("wlnetn-vov.yaml", "n")],
    )
    def test_yolo__gives_our_class(self, name, scale):
        net = YOLO(name)
        assert type(net.model) is WLNetModel
        assert net.task == "segment"
        assert net.model.yaml["scale"] == scale
        assert net.model.stride.tolist() == [8, 16, 32]

    @pytest.mark.parametrize(("scale", "radius"), list(zip("tnsmlx", (6, 6, 9, 10, 10, 12), strict=True)))
    def test_radius__of_each_scale(self, scale, radius):
        config = yaml_model_load(f"wlnet-{scale}.yaml")
        assert config["hyper_radius"][scale] == radius
        if scale in "tns":
            assert build_wlnet(f"wlnet-{scale}.yaml").model[16].radius == radius

    def test_blocks__of_the_variants(self):
        scattering = (22, 25, 28, 31)
        for name, kinds in (("wlnet-n.yaml", [VoVGSCSP] * 4), ("wlnet-n-vov.yaml", [VoVGSCSP] * 4)):
            assert [type(build_wlnet(name).model[i]) for i in scattering] == kinds
        base = build_wlnet("wlnet-n-base.yaml")
        assert [type(base.model[i]).__name__ for i in scattering] == ["MANet", "MANet", "MANet", "C2f"]

    def test_blocks__backbone_of_the_variants(self):
        for name, kernel, length in (("wlnet.yaml", 3, 1), ("wlnet-vov.yaml", 5, 2), ("wlnet-base.yaml", 5, 2)):
            rows = [build_wlnet(name).model[i] for i in (4, 6)]
            assert [row.separable[1].conv.kernel_size[0] for row in rows] == [kernel] * 2
            assert [len(row.chain) for row in rows] == [length] * 2
            assert all(bottleneck.add for row in rows for bottleneck in row.chain)

    def test_scale_t__another_wiring(self):
        model = build_wlnet("wlnet-t-base.yaml")
        kinds = {i: type(model.model[i]).__name__ for i in (2, 4, 6, 8, 17, 22, 25, 28, 31)}
        wide = {2: "C2f", 8: "C2f", 22: "C2f", 25: "C2f", 28: "C2f", 31: "Conv"}
        assert kinds == {**wide, 4: "MANet", 6: "MANet", 17: "MANet"}
        assert "scale_rows" in model.yaml  # what a checkpoint keeps builds the same network again
        again = WLNetModel(deepcopy(model.yaml), verbose=False)
        assert state(again).keys() == state(model).keys()

    def test_classes__and_channels(self):
        model = WLNetModel(yaml_model_load("wlnet-n.yaml"), ch=1, nc=5, verbose=False)
        assert predict(model, torch.rand(1, 1, 64, 64))[0].shape == (1, 4 + 5 + 32, 64 + 16 + 4)

    def test_sppf__activated_on_every_release(self, built):
        (pooling,) = (m for m in built.modules() if isinstance(m, SPPF))
        assert isinstance(pooling.cv1.act, nn.SiLU)

    def test_criterion__stock_but_for_the_box_loss(self, model):
        criterion = model.init_criterion()
        assert type(criterion) is v8SegmentationLoss
        assert type(criterion.bbox_loss) is BlendedBoxLoss

    def test_seed__same_weights_again(self):
        first, second = state(build_wlnet(seed=3)), state(build_wlnet(seed=3))
        assert all(torch.equal(first[key], second[key]) for key in first)

    def test_options__of_the_other_network(self):
        with pytest.raises(ValueError, match="unknown key aux; known are nwd"):
            build_wlnet(lidd_yolo={"aux": "light"})

    def test_stock_class__refused(self):
        with pytest.raises(RuntimeError, match="cannot be built as a plain Ultralytics model"):
            SegmentationModel("wlnet.yaml", verbose=False)


class TestPredict:
    @pytest.mark.parametrize("name", ["wlnet-n.yaml", "wlnet-t.yaml", "wlnet-n-base.yaml", "wlnet-n-vov.yaml"])
    @pytest.mark.parametrize("size", [(32, 32), (96, 160)])
    def test_shape__any_multiple_of_32(self, name, size):
        points = sum((size[0] // s) * (size[1] // s) for s in (8, 16, 32))
        decoded, prototypes = predict(build_wlnet(name), torch.rand(2, 3, *size))
        assert decoded.shape == (2, 4 + 3 + 32, points)
        assert prototypes.shape == (2, 32, size[0] // 4, size[1] // 4)

    def test_yolo__on_a_picture(self):
        torch.manual_seed(0)
        net = YOLO("wlnet-n.yaml")
        picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
        (result,) = net.predict(picture, imgsz=128, conf=1e-6, max_det=5, verbose=False)
        assert 1 <= len(result.boxes) <= 5
        assert result.masks.data.shape[0] == len(result.boxes)
        assert result.boxes.conf.isfinite().all()

    def test_batch__images_do_not_mix(self, model):
        x = noise(3, 3, 64, 64).double()
        model.double()
        together = predict(model, x)
        for image in range(3):
            alone = predict(model, x[image : image + 1])
            for a, b in zip(together, alone, strict=True):
                torch.testing.assert_close(a[image], b[0], rtol=1e-9, atol=1e-9)


class TestLearn:
    @pytest.mark.parametrize("name", ["wlnet-n.yaml", "wlnet-t.yaml", "wlnet-n-base.yaml", "wlnet-n-vov.yaml"])
    def test_gradient__reaches_every_parameter(self, name):
        """From all outputs; the normalisation that follows cancels the bias of the hypergraph's projection."""
        model = build_wlnet(name).train()
        outputs = tensors(model(noise(2, 3, 96, 96)))
        sum((out * noise(*out.shape, seed=9)).sum() for out in outputs).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
        zero = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0}
        assert zero - {"model.16.project.bias"} == {"model.32.dfl.conv.weight"}
        assert model.model[16].project.bias.grad is not None

    def test_gradient__of_the_loss(self):
        model = build_wlnet().train()
        loss, _ = model.loss(mask_batch())
        assert loss.isfinite().all()
        assert loss[:4].min() > 0  # box, mask, class, side; newer releases add a term that is 0 here
        loss.sum().backward()
        assert {n for n, p in model.named_parameters() if p.grad is None} == {"model.32.dfl.conv.weight"}

    def test_loss__falls(self):
        model, batch = build_wlnet().train(), mask_batch()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        losses = []
        for _ in range(6):
            loss = model.loss(batch)[0].sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < 0.8 * losses[0]


class TestFuse:
    @pytest.mark.parametrize("name", ["wlnet-n.yaml", "wlnet-t.yaml", "wlnet-n-base.yaml", "wlnet-n-vov.yaml"])
    @pytest.mark.parametrize("size", [(64, 64), (96, 160)])
    def test_output__kept(self, name, size):
        model, x = with_statistics(build_wlnet(name)).double(), noise(1, 3, *size, dtype=torch.float64)
        want, other = predict(model, x), predict(model, noise(1, 3, *size, dtype=torch.float64, seed=1))
        got = predict(model.fuse(verbose=False), x)
        for a, b, c in zip(got, want, other, strict=True):
            assert (b - c).abs().max() > 0.1  # the randomised output depends on the picture
            assert_close_to_size(a, b)

    def test_output__kept_in_float32(self, model):
        """What rounding leaves of the maps that the head gets, as a share of their spread."""
        x = noise(1, 3, 64, 64)
        want = head_inputs(model, x)
        for a, b in zip(head_inputs(model.fuse(verbose=False), x), want, strict=True):
            assert (a - b).norm() <= 1e-4 * (b - b.mean()).norm()

    def test_structure__nothing_left(self, model):
        assert model.fuse(verbose=False) is model
        assert model.is_fused()
        assert not [m for m in model.modules() if hasattr(m, "bn")]
        assert not any(m.interleaves for m in model.modules() if isinstance(m, GSConv))
        weights = state(model)
        again = state(model.fuse(verbose=False))
        assert again.keys() == weights.keys()
        assert all(torch.equal(again[key], weights[key]) for key in weights)

    def test_order__channels_last_on_a_cpu(self, model):
        before = model.model[0].conv.weight
        assert not before.is_contiguous(memory_format=torch.channels_last)
        seen = []
        model.fuse(verbose=False).model[25].register_forward_hook(lambda _, __, out: seen.append(out))
        predict(model, torch.rand(1, 3, 64, 64))
        assert model.model[0].conv.weight.is_contiguous(memory_format=torch.channels_last)
        assert seen[0].is_contiguous(memory_format=torch.channels_last)


class TestMaxNodes:
    @pytest.fixture
    def warnings(self, monkeypatch):
        """Collect what is logged; nothing counts as said already."""
        logged = []
        monkeypatch.setattr(wlnet.LOGGER, "warning", logged.append)
        wlnet._mention_pooling.cache_clear()
        return logged

    def test_default__off(self, built, warnings):
        assert built.model[16].max_nodes is None
        predict(deepcopy(built), torch.rand(1, 3, 160, 160))
        assert warnings == []

    def test_forward__warns_once_above(self, warnings):
        model = build_wlnet(lidd_yolo={"max_nodes": 24})
        assert warnings == []  # the stride is found out with a picture of 256, before the bound is set
        predict(model, torch.rand(1, 3, 64, 96))  # 4 x 6 nodes
        assert warnings == []
        for _ in range(2):
            predict(model, torch.rand(1, 3, 64, 128))
            deepcopy(model).train()(torch.rand(2, 3, 64, 128))
        (text,) = warnings
        assert "max_nodes: 24" in text
        assert "2x2" in text

    def test_output__of_a_pooled_hypergraph(self, model, warnings):
        model.double()
        x = noise(1, 3, 96, 160, dtype=torch.float64)
        whole = predict(model, x)[0]
        model.model[16].max_nodes = 15
        pooled = predict(model, x)[0]
        assert len(warnings) == 1
        assert (pooled - whole).abs().max() > 0.1
        assert_close_to_size(predict(model.fuse(verbose=False), x)[0], pooled)

    def test_state__as_without(self):
        assert state(build_wlnet(lidd_yolo={"max_nodes": 24})).keys() == state(build_wlnet()).keys()


class TestPrecision:
    @pytest.mark.parametrize(("dtype", "bound"), [(torch.float16, 0.06), (torch.bfloat16, 0.4)])
    @pytest.mark.parametrize("kind", ["cast", "autocast"])
    def test_half__within_the_bound(self, model, dtype, bound, kind):
        """Root mean square error of the maps that the head gets, as a share of their spread.

        Random weights amplify rounding; yolov8n-seg has 0.02 and 0.2 under the same conditions.
        """
        x = noise(1, 3, 96, 160).to(dtype).float()
        want = head_inputs(model, x)
        if kind == "cast":
            got = head_inputs(model.to(dtype), x.to(dtype))
        else:
            with torch.autocast("cpu", dtype=dtype):
                got = head_inputs(model, x)
        for a, b in zip(got, want, strict=True):
            assert (a.float() - b).norm() <= bound * (b - b.mean()).norm()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__predictions_finite(self, model, dtype):
        x = torch.rand(1, 3, 64, 64)
        for net in (model, deepcopy(model).fuse(verbose=False)):
            assert all(part.isfinite().all() for part in predict(deepcopy(net).to(dtype), x.to(dtype)))
            with torch.autocast("cpu", dtype=dtype):
                assert all(part.isfinite().all() for part in predict(net, x))

    @pytest.mark.parametrize("size", [(64, 64), (96, 160)])
    def test_hypergraph__is_a_real_one_here(self, model, size):
        """Neither all nor none of the pixels are neighbours in the tests of this file."""
        seen = []
        model.model[16].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        predict(model, noise(1, 3, *size))
        means = hyperedge_means(seen[0].flatten(2).transpose(1, 2), model.model[16].radius)
        assert 0.1 < (means > 0).float().mean() < 0.9


class TestCopy:
    @pytest.mark.parametrize("copy", [deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    @pytest.mark.parametrize("fused", [False, True])
    def test_copy__after_both_kinds_of_forward(self, model, copy, fused):
        x = noise(2, 3, 64, 64)
        model.train()(x)
        if fused:
            model.eval().fuse(verbose=False)
        want = predict(model, x)
        twin = copy(model)
        assert type(twin) is WLNetModel
        assert all(torch.equal(a, b) for a, b in zip(predict(twin, x), want, strict=True))

    def test_copy__after_the_loss(self, model):
        """Ultralytics copies the network for its EMA after the criterion has been made."""
        model.train().loss(mask_batch())[0].sum().backward()
        assert deepcopy(model).loss(mask_batch())[0].isfinite().all()

    def test_load__own_checkpoint(self, model):
        target = build_wlnet(seed=5)
        target.load(model)
        assert all(torch.equal(a, b) for a, b in zip(state(target).values(), state(model).values(), strict=True))

    def test_load__another_number_of_classes(self, model):
        """All but the class predictions fits."""
        target = WLNetModel(yaml_model_load("wlnet-n.yaml"), nc=2, verbose=False)
        target.load(model)
        got, want = state(target), state(model)
        other = [k for k in want if not torch.equal(got[k], want[k])]
        assert other
        assert all(k.startswith("model.32.cv3.") and k.split(".")[4] == "2" for k in other)

    @pytest.mark.parametrize("kind", [MANet, HyperCompute, VoVGSCSP, WLNetSegment])
    def test_modules__where_checkpoints_look(self, built, kind):
        """Class paths are a file format."""
        (module, *_) = (m for m in built.modules() if type(m) is kind)
        assert type(module).__module__.startswith("lidd_yolo.layers.")
