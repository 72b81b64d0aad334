"""LIDD-Net as a whole: building, predicting, folding, training branch, copies, checkpoints."""

import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn.modules import Conv
from ultralytics.nn.tasks import DetectionModel, yaml_model_load
from ultralytics.utils.torch_utils import scale_img

from lidd_yolo.models.criterion import LIDDCriterion
from lidd_yolo.models.lidd import LIDDModel
from tests.helpers.checks import assert_close_to_size, batch_norms, noise
from tests.helpers.lidd_model import build_lidd, noise_batch
from tests.helpers.naive_decode import naive_decode
from tests.helpers.randomise import randomise_batch_norm


def predict(model, x):
    """Return the decoded output and the raw predictions."""
    with torch.no_grad():
        return model.eval()(x)


def same_state(a, b):
    """Tell whether two modules hold the same tensors under the same names."""
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pytest.fixture(scope="module")
def built():
    """Share one network whose statistics are those of a trained one; tests copy it before they change it."""
    return randomise_batch_norm(build_lidd(), seed=1)


@pytest.fixture
def model(built):
    return deepcopy(built)


class TestBuild:
    @pytest.mark.parametrize("name", ["lidd.yaml", "lidd-s.yaml", "liddm.yaml"])
    def test_yolo__gives_our_class(self, name):
        net = YOLO(name)
        assert type(net.model) is LIDDModel
        assert net.task == "detect"
        assert net.model.yaml["scale"] == {"lidd.yaml": "n", "lidd-s.yaml": "s", "liddm.yaml": "m"}[name]

    def test_strides__image_sides_divide_by_32(self, built):
        assert built.head.stride.tolist() == [8, 16, 32, 64]
        assert built.stride.max() == 32

    def test_classes__and_channels(self):
        model = LIDDModel(yaml_model_load("lidd.yaml"), ch=1, nc=2, verbose=False)
        assert predict(model, torch.rand(1, 1, 64, 64))[0].shape == (1, 6, 64 + 16 + 4 + 1)
        assert model.head.latm.head.cls_pred.out_channels == 2

    def test_activation__leaky_everywhere_and_nothing_left_behind(self):
        before = Conv.default_act
        acts = [m.act for m in build_lidd().modules() if isinstance(getattr(m, "act", None), nn.Module)]
        kinds = {(type(a).__name__, getattr(a, "negative_slope", None)) for a in acts}
        assert kinds == {("LeakyReLU", 0.1), ("Identity", None)}
        assert Conv.default_act is before

    def test_criterion__ours(self, model):
        assert isinstance(model.init_criterion(), LIDDCriterion)

    def test_stock_class__refused(self):
        with pytest.raises(RuntimeError, match="cannot be built as a plain Ultralytics model"):
            DetectionModel("lidd.yaml", verbose=False)


class TestPredict:
    @pytest.mark.parametrize("size", [(32, 32), (64, 96), (224, 160)])
    def test_shape__any_multiple_of_32(self, model, size):
        points = sum(-(-size[0] // s) * -(-size[1] // s) for s in (8, 16, 32, 64))
        decoded, preds = predict(model, torch.rand(2, 3, *size))
        assert decoded.shape == (2, 10, points)
        assert decoded[:, 4:].min() >= 0
        assert decoded[:, 4:].max() <= 1
        assert set(preds) == {"boxes", "scores", "feats"}

    def test_value__raw_output_decoded_by_loops(self, model):
        decoded, preds = predict(model.double(), noise(2, 3, 64, 96, dtype=torch.float64))
        torch.testing.assert_close(decoded, naive_decode(preds, [8, 16, 32, 64], 8), rtol=0, atol=1e-9)

    def test_batch__images_do_not_mix(self, model):
        x = noise(3, 3, 64, 64)
        together = predict(model, x)[0]
        for image in range(3):
            torch.testing.assert_close(
                together[image], predict(model, x[image : image + 1])[0][0], rtol=1e-5, atol=1e-3
            )

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__finite(self, model, dtype):
        x = torch.rand(1, 3, 64, 64)
        assert predict(deepcopy(model).to(dtype), x.to(dtype))[0].isfinite().all()
        assert predict(deepcopy(model).fuse(verbose=False).to(dtype), x.to(dtype))[0].isfinite().all()
        with torch.autocast("cpu", dtype=dtype):
            assert predict(model, x)[0].isfinite().all()


class TestFuse:
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
    @pytest.mark.parametrize("size", [(192, 192), (224, 160), (320, 320), (480, 480)])
    def test_output__kept(self, built, size, dtype):
        """Boxes lose to float32's rounding of pixels what the raw predictions do not."""
        model, x = deepcopy(built).to(dtype), noise(1, 3, *size, dtype=dtype)
        want, raw = predict(model, x)
        other, _ = predict(model, noise(1, 3, *size, dtype=dtype, seed=1))
        got, raw_got = predict(model.fuse(verbose=False), x)
        assert (want - other).abs().max() > 0.1  # the randomised output depends on the picture
        assert_close_to_size(got, want)
        for name in ("boxes", "scores"):
            assert raw[name].std() > 0.05
            assert_close_to_size(raw_got[name], raw[name])

    def test_structure__plain_convolutions_only(self, model):
        assert model.fuse(verbose=False) is model
        assert model.head.latm is None
        assert model.is_fused()
        assert not batch_norms(model)
        want = model.state_dict()
        assert model.fuse(verbose=False).state_dict().keys() == want.keys()

    def test_order__channels_last_on_a_cpu(self, model):
        seen = []
        for row in list(model.fuse(verbose=False).model)[:-1]:
            row.register_forward_hook(lambda _, __, out: seen.append(out))
        predict(model, torch.rand(1, 3, 64, 64))
        assert all(out.is_contiguous(memory_format=torch.channels_last) for out in seen)

    @pytest.mark.parametrize("copy", [deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_copy__of_the_fused_network(self, model, copy):
        x = noise(1, 3, 64, 64)
        want = predict(model.fuse(verbose=False), x)[0]
        assert torch.equal(predict(copy(model), x)[0], want)


class TestTrainingBranch:
    def test_neck__is_a_copy_that_computes_the_same(self):
        """The copied neck answers what the main one does until one of them learns."""
        model, seen = build_lidd().eval(), []
        model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        predict(model, torch.rand(1, 3, 96, 64))
        levels, taps = seen[0][:4], seen[0][4:]
        with torch.no_grad():
            own = model.head.latm.neck(taps)
        assert all(torch.equal(a, b) for a, b in zip(own, levels, strict=True))
        main = {id(p) for row in list(model.model)[:-1] for p in row.parameters()}
        assert not main & {id(p) for p in model.head.latm.parameters()}

    def test_outputs__in_training_only(self, model):
        preds = model.train()(torch.rand(2, 3, 64, 64))
        assert preds["aux_boxes"].shape == preds["boxes"].shape == (2, 32, 85)
        assert preds["aux_scores"].shape == preds["scores"].shape == (2, 6, 85)
        assert not any(k.startswith("aux") for k in predict(model, torch.rand(2, 3, 64, 64))[1])

    def test_drop__predicts_the_same(self, model):
        x = noise(1, 3, 64, 64)
        want = predict(model, x)[0]
        assert model.drop_training_branch() is model
        assert torch.equal(predict(model, x)[0], want)
        assert not any("latm" in key for key in model.state_dict())

    @pytest.mark.parametrize(("first", "epochs"), [(10, {0: False, 9: False, 10: True, 11: True}), (0, {0: True})])
    def test_set_epoch__follows_the_option(self, first, epochs):
        model = build_lidd(detach_epoch=first)
        for epoch, detached in epochs.items():
            model.set_epoch(epoch)
            assert model.head.latm.detached is detached
        if first:
            model.set_epoch(0)
            assert model.head.latm.detached is False

    def test_off__trains_alone(self):
        model = build_lidd(aux="off").train()
        model.set_epoch(20)
        loss, _ = model.loss(noise_batch())
        assert model.head.latm is None
        assert loss[3] == 0
        assert loss[:3].min() > 0

    def test_options__without_taps(self):
        config = yaml_model_load("lidd.yaml")
        config["head"][-1][0] = config["head"][-1][0][:4]
        with pytest.raises(ValueError, match=r"aux: light needs the backbone rows under the neck .*or set aux: off"):
            LIDDModel(deepcopy(config), verbose=False)
        config["lidd_yolo"]["aux"] = "off"
        assert LIDDModel(config, verbose=False).head.latm is None

    def test_options__unknown(self):
        with pytest.raises(ValueError, match="unknown key auxiliary"):
            build_lidd(auxiliary="light")
        with pytest.raises(ValueError, match="'heavy' is not one of light, dense, off"):
            build_lidd(aux="heavy")


class TestCopy:
    @pytest.mark.parametrize("copy", [deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_copy__after_both_kinds_of_forward(self, model, copy):
        x = noise(2, 3, 64, 64)
        model.train()(x)
        want = predict(model, x)[0]
        twin = copy(model)
        assert type(twin) is LIDDModel
        assert same_state(twin, model)
        assert torch.equal(predict(twin, x)[0], want)
        assert twin.train()(x)["aux_boxes"].requires_grad

    def test_loss__in_training_mode_then_copied(self, model):
        """Ultralytics copies the network for its EMA after the criterion has been made."""
        loss, _ = model.train().loss(noise_batch())
        loss.sum().backward()
        again, _ = deepcopy(model).loss(noise_batch())
        assert again.isfinite().all()


class TestAugment:
    def test_predictions__of_all_pictures_in_pixels_of_the_first(self, model):
        x = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
        model = deepcopy(model).eval()
        with torch.no_grad():
            plain, augmented = model(x)[0], model(x, augment=True)[0]
            mirrored = model(scale_img(x.flip(3), 0.83, gs=32))[0]
        count = plain.shape[2]
        assert torch.equal(augmented[..., :count], plain)
        part = augmented[..., count : count + mirrored.shape[2]]
        torch.testing.assert_close(part[:, 0], 96 - mirrored[:, 0] / 0.83)
        torch.testing.assert_close(part[:, 1:4], mirrored[:, 1:4] / 0.83)
        assert torch.equal(part[:, 4:], mirrored[:, 4:])
        assert augmented.shape[2] > count + mirrored.shape[2]


class TestLoad:
    def test_full_checkpoint__exact(self, model):
        target = build_lidd(seed=5)
        target.load(model)
        assert same_state(target, model)

    def test_finished_checkpoint__copies_the_neck(self, model):
        """A checkpoint without LATM: the copied neck starts from the trained neck, the auxiliary head afresh."""
        target = build_lidd(seed=5)
        head = deepcopy(target.head.latm.head)
        source = deepcopy(model).drop_training_branch()
        target.load({"model": source, "ema": None})
        for row, trained in zip(target.head.latm.neck.rows, list(source.model)[9:-1], strict=True):
            assert same_state(row, trained)
        assert same_state(target.head.latm.head, head)
        assert same_state(target.drop_training_branch(), source)

    def test_checkpoint__average_before_weights(self, model):
        target = build_lidd(seed=5)
        target.load({"model": build_lidd(seed=6), "ema": model})
        assert same_state(target, model)

    def test_checkpoint__of_other_classes(self, model):
        """All but the class predictions fits."""
        target = build_lidd(seed=5, nc=2)
        before = [cls[-1].bias.clone() for cls in target.head.cv3]
        target.load(model)
        assert same_state(target.head.latm.neck, model.head.latm.neck)
        assert same_state(target.head.cv2, model.head.cv2)
        assert all(torch.equal(cls[-1].bias, b) for cls, b in zip(target.head.cv3, before, strict=True))

    def test_foreign_weights__refused(self):
        target = build_lidd(seed=5)
        before = deepcopy(target)
        stock = DetectionModel("yolov8n.yaml", verbose=False)
        with pytest.raises(ValueError, match=r"no weight of the checkpoint \(.*yolov8n.yaml\) fits"):
            target.load(stock)
        assert same_state(target, before)

    def test_source__unchanged(self, model):
        before = deepcopy(model)
        build_lidd(seed=5).load(model)
        assert same_state(model, before)

    def test_without_branch__ignores_it(self, model):
        target = build_lidd(aux="off")
        target.load(model)
        assert same_state(target, model.drop_training_branch())
