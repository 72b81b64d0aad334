"""LIDD-Net learns: gradients with and without detaching, mixed precision, and eight pictures by heart."""

import pytest
import torch
from ultralytics.utils.ops import xywh2xyxy

from lidd_yolo.geometry import pairwise_iou
from tests.helpers.checks import batch_norms
from tests.helpers.lidd_model import build_lidd, noise_batch, picture_batch


class TestLearning:
    @pytest.mark.parametrize("detached", [False, True])
    @pytest.mark.parametrize("aux", ["light", "dense"])
    def test_gradient__reaches_every_parameter(self, aux, detached):
        model = build_lidd(aux=aux).train()
        model.head.latm.detached = detached
        loss, _ = model.loss(noise_batch())
        assert (loss > 0).all()
        loss.sum().backward()
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                assert parameter.grad is not None, name
                assert parameter.grad.isfinite().all(), name
                assert parameter.grad.abs().max() > 0, name

    def test_detached__auxiliary_loss_stays_in_the_branch(self):
        for detached in (False, True):
            model = build_lidd().train()
            model.head.latm.detached = detached
            model.loss(noise_batch())[0][3].backward()
            learns = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}
            branch = {name for name, _ in model.named_parameters() if ".latm." in name}
            assert branch <= learns
            assert (learns == branch) == detached
            towers = {name for name in learns - branch if name.startswith(f"model.{len(model.model) - 1}.")}
            assert not towers

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_autocast__loss_and_gradients_finite(self, dtype):
        model = build_lidd().train()
        with torch.autocast("cpu", dtype=dtype):
            loss, _ = model.loss(noise_batch())
        loss.sum().backward()
        assert loss.dtype == torch.float32
        assert loss.isfinite().all()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)

    def test_loss__in_eval_mode_assigns_by_the_main_head(self):
        model, batch = build_lidd().eval(), noise_batch()
        loss, _ = model.loss(batch)
        assert loss[3] == 0
        assert torch.equal(loss, model.loss(batch, model(batch["img"]))[0])

    @pytest.mark.trains
    def test_overfit__eight_pictures(self):
        """Forty steps: every rectangle is found in its place and with its class."""
        model, batch = build_lidd(nc=2).train(), picture_batch()
        optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
        history = []
        for _ in range(40):
            loss, _ = model.loss(batch)
            optimizer.zero_grad()
            loss.sum().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 35.0)
            optimizer.step()
            history.append(loss.sum().item())
        # the first losses are small because boxes are weighted by scores that start near 0
        assert history[-1] < 0.5 * max(history)
        for bn in batch_norms(model):
            bn.momentum = None
            bn.reset_running_stats()
        with torch.no_grad():
            model(batch["img"])
            decoded, _ = model.eval()(batch["img"])
        best = decoded[:, 4:].amax(1).argmax(1)
        found = decoded[torch.arange(8), :, best]
        iou = pairwise_iou(xywh2xyxy(found[:, :4]), xywh2xyxy(batch["bboxes"] * 96)).diagonal()
        assert iou.mean() > 0.6
        assert (found[:, 4:].argmax(1) == batch["cls"].flatten()).sum() >= 7
