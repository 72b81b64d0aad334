"""LIDDDetect: shapes, counts, decoding by hand and by loops, modes, copies, the slot of the training-only branch."""

import pickle
from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics.nn.modules import Conv, Detect

from lidd_yolo.layers import head as head_file
from lidd_yolo.layers.dw_sep import DWSep
from lidd_yolo.layers.head import LIDDDetect
from tests.helpers.checks import noise
from tests.helpers.naive_decode import naive_decode
from tests.helpers.randomise import randomise_batch_norm

STRIDES = [8, 16, 32, 64]


class _Branch(nn.Module):
    """Stands in for LATM and records what it is given."""

    def forward(self, levels, taps):
        self.seen = levels, taps
        return torch.zeros(1), torch.ones(1)


def build(nc=3, levels=4, channels=(8, 8, 12, 16, 5, 6), bins=8):
    """Return a head whose strides are known, as after the network's first forward pass."""
    head = LIDDDetect(nc, levels, bins, list(channels))
    head.stride = torch.tensor(STRIDES[:levels], dtype=torch.float32)
    return head


def maps(size=(64, 96), channels=(8, 8, 12, 16), images=2, dtype=torch.float32):
    """Return one map for each level, sizes rounded up as the network does."""
    return [
        noise(images, c, -(-size[0] // s), -(-size[1] // s), dtype=dtype, seed=s)
        for c, s in zip(channels, STRIDES, strict=False)
    ]


def raw(head, x):
    """Return the raw outputs of a head whose batch normalisations are in eval mode."""
    head.eval().training = True
    preds = head(x)
    head.eval()
    return preds


class TestShapes:
    @pytest.mark.parametrize("nc", [1, 6])
    @pytest.mark.parametrize("size", [(64, 64), (64, 96), (480, 32)])
    def test_forward__both_modes(self, nc, size):
        head, x = build(nc), maps(size)
        points = sum(m[0, 0].numel() for m in x)
        preds = head.train()(x)
        assert set(preds) == {"boxes", "scores", "feats"}
        assert preds["boxes"].shape == (2, 32, points)
        assert preds["scores"].shape == (2, nc, points)
        decoded, same = head.eval()(x)
        assert decoded.shape == (2, 4 + nc, points)
        assert set(same) == set(preds)

    def test_levels__any_number(self):
        head = build(levels=2, channels=(8, 8))
        assert head.eval()(maps()[:2])[0].shape == (2, 7, 8 * 12 + 4 * 6)

    def test_bins__any_number(self):
        preds = build(bins=5).train()(maps())
        assert preds["boxes"].shape[1] == 20

    def test_taps__are_not_levels(self):
        """The last channels of the constructor and the last maps of the forward belong to LATM."""
        head, x = build().eval(), maps()
        taps = [noise(2, 5, 3, 3), noise(2, 6, 2, 2)]
        assert len(head.cv2) == len(head.cv3) == head.nl == 4
        assert torch.equal(head([*x, *taps])[0], head(x)[0])


class TestParameters:
    def test_count__of_the_paper(self):
        """Four towers of two DWSep 5x5 and the predictions 96 -> 32 and 96 -> 6 with bias; the 8 bins are constant."""
        head = LIDDDetect(6, 4, 8, [96] * 4)
        learnable = sum(p.numel() for p in head.parameters() if p.requires_grad)
        assert learnable == 4 * (24_000 + 3_686) == 110_744
        assert sum(p.numel() for p in head.parameters()) == 110_744 + 8

    def test_count__a_tower_is_two_dw_sep(self):
        tower = build().cv2[0][:-1]
        assert sum(p.numel() for p in tower.parameters()) == 2 * sum(p.numel() for p in DWSep(8, 8).parameters())

    def test_places__where_ultralytics_looks(self):
        """Transfer reads ``cv2[i][0].conv`` and ``cv3[i][-1]``; ``isinstance`` makes it a detection head."""
        head = build()
        assert isinstance(head, Detect)
        assert [m[0].conv.in_channels for m in head.cv2] == [8, 8, 12, 16]
        assert [m[-1].out_channels for m in head.cv2] == [32] * 4
        assert [m[-1].out_channels for m in head.cv3] == [3] * 4
        assert head.no == 3 + 32
        assert not head.end2end

    def test_bias_init__small_scores(self):
        head = build()
        for conv in [m for m in head.modules() if isinstance(m, nn.Conv2d) and m.bias is not None]:
            conv.weight.data.fill_(7.0)
            conv.bias.data.fill_(7.0)
        head.bias_init()
        preds = raw(head, maps())
        assert preds["scores"].sigmoid().mean().item() == pytest.approx(0.0005, rel=0.1)
        assert preds["boxes"].abs().max() < 0.5
        for box, cls in zip(head.cv2, head.cv3, strict=True):
            assert box[-1].bias.abs().max() == 0
            assert cls[-1].bias.tolist() == pytest.approx([-7.6] * 3)
            assert 0.005 < cls[-1].weight.std() < 0.02

    def test_state_dict__keys(self):
        keys = [k for k in build(levels=1, channels=(8,)).state_dict() if k.endswith("weight")]
        towers = [f"cv2.0.{i}.{part}.weight" for i in range(4) for part in ("conv", "bn")]
        assert keys == [*towers, "cv2.0.4.weight", "cv3.0.0.weight", "dfl.conv.weight"]


class TestDecode:
    def test_value__by_hand(self):
        """Two levels of 16 and 4 points; distances in cells: left 1, top 0, right 1 or 2 (so 1.5), bottom 7.

        Row 1, column 2 of stride 8: middle (20, 12), box (12, 12, 32, 68) px, so xywh (22, 40, 20, 56).
        Row 1, column 0 of stride 16: middle (8, 24), box (-8, 24, 32, 136) px, so xywh (12, 80, 40, 112).
        """
        head = build(nc=1, levels=2, channels=(8, 8)).eval()
        for box, cls in zip(head.cv2, head.cv3, strict=True):
            for conv in (box[-1], cls[-1]):
                conv.weight.data.zero_()
            bias = torch.full((4, 8), -100.0)
            for side, bins in enumerate(([1], [0], [1, 2], [7])):
                bias[side, bins] = 0.0
            box[-1].bias.data.copy_(bias.flatten())
            cls[-1].bias.data.fill_(torch.tensor(0.25).logit())
        decoded, _ = head([noise(1, 8, 4, 4), noise(1, 8, 2, 2)])
        assert decoded[0, :, 1 * 4 + 2].tolist() == pytest.approx([22, 40, 20, 56, 0.25], abs=1e-4)
        assert decoded[0, :, 16 + 1 * 2 + 0].tolist() == pytest.approx([12, 80, 40, 112, 0.25], abs=1e-4)

    @pytest.mark.parametrize("size", [(64, 96), (96, 32)])
    def test_value__training_output_decoded_by_loops(self, size):
        head, x = randomise_batch_norm(build(), seed=0).double(), maps(size, dtype=torch.float64)
        with torch.no_grad():
            preds = raw(head, x)
            decoded, same = head(x)
        want = naive_decode(preds, STRIDES, 8)
        assert want[:, :4].std() > 10
        torch.testing.assert_close(decoded, want, rtol=0, atol=1e-9)
        assert torch.equal(same["boxes"], preds["boxes"])
        assert torch.equal(same["scores"], preds["scores"])

    @pytest.mark.parametrize("folded", [False, True])
    def test_corners__where_the_exporter_asks_for_them(self, folded):
        """A file with NMS inside holds corners: the head's ``xyxy``."""
        head, x = randomise_batch_norm(build(), seed=0).eval().double(), maps(dtype=torch.float64)
        if folded:
            head.fold_batch_norm()
        with torch.no_grad():
            middle, size = head(x)[0][:, :4].chunk(2, 1)
            head.xyxy = True
            corners = head(x)[0][:, :4]
        torch.testing.assert_close(corners, torch.cat((middle - size / 2, middle + size / 2), 1), rtol=0, atol=1e-9)

    def test_size__may_change_between_calls(self):
        head = randomise_batch_norm(build(), seed=0).eval()
        first = head(maps())[0]
        assert head(maps((96, 96)))[0].shape != first.shape
        assert torch.equal(head(maps())[0], first)

    def test_channels__of_one_level_do_not_leak_into_another(self):
        head, x = randomise_batch_norm(build(), seed=0).eval(), maps()
        before = head(x)[0]
        x[1] = x[1] + 1
        changed = (head(x)[0] != before).any(1)[0].nonzero().flatten()
        assert changed.min() >= 8 * 12
        assert changed.max() < 8 * 12 + 4 * 6


class TestModes:
    def test_export__tensor_only(self):
        head, x = build().eval(), maps()
        want = head(x)[0]
        head.export = True
        got = head(x)
        assert isinstance(got, torch.Tensor)
        assert torch.equal(got, want)

    def test_export__torch_export(self):
        head, x = build().eval(), maps()
        head.export = True
        with torch.no_grad():
            want = head(x)  # also makes the anchor points, which Ultralytics' exporter does the same way
            torch.testing.assert_close(torch.export.export(head, (x,)).module()(x), want)

    def test_branch__only_in_training(self):
        head, x, taps = build(), maps(), [noise(2, 5, 3, 3), noise(2, 6, 2, 2)]
        head.latm = _Branch()
        preds = head.train()([*x, *taps])
        assert (preds["aux_boxes"].item(), preds["aux_scores"].item()) == (0, 1)
        levels, given = head.latm.seen
        assert all(a is b for a, b in zip([*levels, *given], [*x, *taps], strict=True))
        assert not any(k.startswith("aux") for k in head.eval()([*x, *taps])[1])

    def test_fuse__drops_the_branch(self):
        head, x = build(), maps()
        head.latm = _Branch()
        want = head.eval()(x)[0]
        head.fuse()
        assert head.latm is None
        assert torch.equal(head(x)[0], want)

    def test_unknown_strides__maps_for_old_releases(self, monkeypatch):
        """Releases before 8.4 have no ``forward_head`` and take the strides from the sizes of the maps."""
        head, x = build().train(), maps()
        head.stride = torch.zeros(4)
        monkeypatch.setattr(head_file, "Detect", type("NewDetect", (), {"forward_head": None}))
        assert isinstance(head(x), dict)
        monkeypatch.setattr(head_file, "Detect", type("OldDetect", (), {}))
        got = head([*x, noise(1, 5, 3, 3)])
        assert isinstance(got, list)
        assert all(a is b for a, b in zip(got, x, strict=True))

    @pytest.mark.parametrize("copy", [deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
    def test_copy__after_a_forward(self, copy):
        head, x = randomise_batch_norm(build(), seed=0), maps()
        head.train()(x)
        want = head.eval()(x)[0]
        twin = copy(head)
        assert torch.equal(twin(x)[0], want)
        twin.cv3[0][-1].bias.data.add_(1)
        assert not torch.equal(twin(x)[0], want)
        assert torch.equal(head(x)[0], want)

    def test_gradient__reaches_every_parameter(self):
        head = build().train()
        preds = head(maps())
        sum((v * noise(*v.shape, seed=9)).sum() for k, v in preds.items() if k != "feats").backward()
        for name, parameter in head.named_parameters():
            assert (parameter.grad is None) == (name == "dfl.conv.weight"), name
            assert parameter.grad is None or parameter.grad.abs().max() > 0, name

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__finite(self, dtype):
        head = build().to(dtype).eval()
        head.stride = head.stride.to(dtype)
        decoded, _ = head(maps(dtype=dtype))
        assert decoded.dtype == dtype
        assert decoded.isfinite().all()

    def test_activation__is_the_default_one(self, monkeypatch):
        monkeypatch.setattr(Conv, "default_act", nn.LeakyReLU(0.1))
        assert all(isinstance(m.act, nn.LeakyReLU) for m in build().modules() if isinstance(m, Conv))
