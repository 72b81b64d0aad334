"""Mask R-CNN as a model of Ultralytics: what its validator makes of it, its loss, copies, precision."""

import io
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.cfg import get_cfg
from ultralytics.models.yolo.segment import SegmentationValidator
from ultralytics.nn.tasks import SegmentationModel, yaml_model_load
from ultralytics.utils import ops

from lidd_yolo.models import classes
from lidd_yolo.models.mask_rcnn import MASK_RCNN_LOSS_NAMES, MaskRCNNModel
from lidd_yolo.models.upstream import loss_items
from tests.helpers.mask_rcnn_model import FEW, build_mask_rcnn, few_objects, keep_anchors
from tests.helpers.wlnet_model import mask_batch, state


class Diagonal(nn.Module):
    """Mask logits of any object: above 0 below one diagonal of its box."""

    def forward(self, x):
        ramp = torch.linspace(-3, 3, 28)
        return (ramp + ramp.view(-1, 1)).expand(len(x), 4, 28, 28)


@pytest.fixture(scope="module")
def model():
    return build_mask_rcnn()


@pytest.fixture
def diagonal(model):
    """A copy whose masks have pixels on both sides of the threshold, as random ones need not."""
    copy = deepcopy(model)
    keep_anchors(copy.head.network)
    copy.head.network.roi_heads.mask_predictor = Diagonal()
    return copy.eval()


@pytest.fixture
def picture():
    return torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))


def batch_of(images):
    """Return pictures with one object each, masks as Ultralytics lays them for ``overlap_mask``."""
    return mask_batch(images=images)


class TestBuild:
    def test_yolo__gives_our_class(self):
        net = YOLO("maskrcnn.yaml")
        assert type(net.model) is MaskRCNNModel
        assert net.task == "segment"
        assert net.model.stride.tolist() == [32]
        assert sum(p.numel() for p in net.model.parameters()) == 43_986_279

    def test_stock_class__refused(self):
        with pytest.raises(RuntimeError, match="cannot be built as a plain Ultralytics model"):
            SegmentationModel("maskrcnn.yaml", verbose=False)

    def test_normalisation__torchvision_s_constants(self, model):
        layers = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert len(layers) == 53
        assert {(layer.eps, layer.momentum) for layer in layers} == {(1e-5, 0.1)}

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["nc", "resnet50", "None"], "its arguments must be"),
            (["nc", "vgg16", "None", 5], "its body is one of resnet50, resnet101, not 'vgg16'"),
        ],
    )
    def test_row__wrong(self, args, message):
        config = {**yaml_model_load("maskrcnn.yaml"), "head": [[[-1], 1, "MaskRCNNSegment", args]]}
        with pytest.raises(ValueError, match=message):
            MaskRCNNModel(config, verbose=False)

    def test_weights__of_the_body_are_asked_for_by_name(self, monkeypatch):
        asked = []
        monkeypatch.setattr("torchvision.models._api.WeightsEnum.get_state_dict", lambda self, **_: asked.append(self))
        monkeypatch.setattr("torchvision.models.resnet.ResNet.load_state_dict", lambda *_: None)
        config = few_objects()
        config["head"][0][3][2] = "IMAGENET1K_V1"
        with torch.device("meta"):
            torch.manual_seed(0)
            MaskRCNNModel(config, verbose=False)
        assert [weights.name for weights in asked] == ["IMAGENET1K_V1"]


class TestPredict:
    def test_validator__same_masks(self, diagonal, picture):
        """Ultralytics' suppression and mask arithmetic, unchanged, gives back the masks, cut at their boxes."""
        with torch.no_grad():
            output = diagonal(picture)
        validator = SegmentationValidator(args=get_cfg(overrides={"conf": 0.001, "iou": 0.7}))
        validator.process, validator.nc, validator.end2end = ops.process_mask, 3, False
        (found,) = validator.postprocess(output)
        (anchors, prototypes), _ = output
        assert len(found["masks"]) == FEW
        shares = []
        np.testing.assert_allclose(found["conf"], anchors[0, 4:7].amax(0), atol=1e-6)
        assert found["cls"].int().tolist() == anchors[0, 4:7].argmax(0).tolist()
        for mask, whole, box in zip(found["masks"], prototypes[0], found["bboxes"] / 4, strict=True):
            x, y = np.arange(24), np.arange(16)
            inside = (x >= float(box[0])) & (x < float(box[2])), (y >= float(box[1])) & (y < float(box[3]))
            want = (whole.numpy() > 0) & np.outer(inside[1], inside[0])
            assert np.array_equal(mask.numpy().astype(bool), want)
            shares.append(want.sum() / max(np.outer(inside[1], inside[0]).sum(), 1))
        assert any(0.3 < share < 0.7 for share in shares)

    def test_predictor__whole_pictures(self, diagonal):
        net = YOLO("maskrcnn.yaml")
        net.model = diagonal
        noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
        (result,) = net.predict(noise, imgsz=64, conf=0.001, device="cpu", verbose=False)
        assert 1 <= len(result.boxes) <= FEW
        assert result.masks.data.shape[0] == len(result.boxes)

    def test_half__stays_float32(self, model, picture):
        assert model.half() is model
        with torch.no_grad():
            (found, _), _ = model.eval()(picture.half())
        assert found.dtype == torch.float32

    def test_trace__refused(self, model, picture):
        with pytest.raises(RuntimeError, match=r"maskrcnn\.yaml: Mask R-CNN is here to be trained and compared"):
            torch.jit.trace(model.eval(), picture)


class TestLoss:
    def test_terms__in_training(self, model):
        loss, items = model.train().loss(batch_of(2))
        assert loss.shape == (4,)
        assert loss.isfinite().all()
        assert (loss > 0).all()
        want = loss_items(dict(zip(MASK_RCNN_LOSS_NAMES, loss * 64 / 2, strict=True)))  # nbs is 64
        got, want = (list(i.values()) if isinstance(i, dict) else list(i) for i in (items, want))
        torch.testing.assert_close(got, want)
        loss.sum().backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []
        model.zero_grad()

    def test_terms__in_evaluation_the_same_again(self, model):
        before = state(model)
        drawn = torch.get_rng_state()
        with torch.no_grad():
            first, second = (model.eval().loss(batch_of(2))[0] for _ in range(2))
        assert torch.equal(first, second)
        assert torch.equal(torch.get_rng_state(), drawn)
        assert all(torch.equal(value, before[key]) for key, value in state(model).items())

    def test_pictures__without_objects(self, model):
        batch = batch_of(2)
        for key in ("batch_idx", "cls", "bboxes"):
            batch[key] = batch[key][:0]
        batch["masks"] = torch.zeros_like(batch["masks"])
        loss, _ = model.train().loss(batch)
        assert loss.isfinite().all()
        assert loss[:2].tolist() == [0, 0]  # no box and no mask to learn
        loss.sum().backward()
        model.zero_grad()

    @pytest.mark.trains
    def test_loss__falls(self):
        model, batch = build_mask_rcnn(), batch_of(1)
        model.args.nbs = 1
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
        losses = []
        for _ in range(6):
            loss = model.train().loss(batch)[0].sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < 0.7 * losses[0]


class TestCheckpoint:
    def test_pickled__classes_are_known(self, model):
        torch.serialization.clear_safe_globals()  # of tests that ran before
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        named = torch.serialization.get_unsafe_globals_in_checkpoint(file)
        ours = {name for name in named if name.startswith("lidd_yolo")}
        assert "lidd_yolo.models.mask_rcnn.MaskRCNNModel" in ours
        assert ours <= {f"{c.__module__}.{c.__name__}" for c in classes.pickled_names()}
