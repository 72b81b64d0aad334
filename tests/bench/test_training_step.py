"""Side-by-side step times."""

import pytest
import torch
from torch import nn

from lidd_yolo.bench.training_step import measure_steps, torch_device, trainable, training_step


class _Work(nn.Module):
    """Multiplies matrices ``n`` times."""

    def __init__(self, n):
        super().__init__()
        self.n, self.w = n, nn.Parameter(torch.eye(200))

    def forward(self, batch):
        y = self.w
        for _ in range(self.n):
            y = y @ self.w
        return y.mean() + batch["img"].mean(), {}


class TestMeasureSteps:
    def test_measure_steps__ratio_to_the_reference(self):
        result = measure_steps({"a": _Work(2), "b": _Work(60)}, imgsz=32, batch=2, rounds=5, reference="a")
        assert result["a"]["ratio"] == 1
        assert result["b"]["ratio"] > 2
        assert result["b"]["median_s"] >= result["b"]["min_s"] > 0


class TestTrainingStep:
    @pytest.mark.parametrize(
        ("name", "part"), [("yolov8n-seg.yaml", ".proto."), ("wlnet-t.yaml", ".proto."), ("lidd.yaml", ".cv2.")]
    )
    def test_step__trains_the_head(self, name, part):
        """What makes masks, or boxes, learns from the batch."""
        model = trainable(name)
        weights = [p for n, p in model.named_parameters() if part in n and p.requires_grad and p.ndim == 4]
        before = [p.detach().clone() for p in weights]
        assert training_step(model, imgsz=64, batch=2, device="cpu")() > 0
        assert weights
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in weights)
        assert any(not torch.equal(p, b) for p, b in zip(weights, before, strict=True))

    def test_order__as_the_own_trainer(self):
        orders = {}
        for name in ("lidd.yaml", "wlnet-t.yaml", "yolov8n.yaml"):
            model = trainable(name)
            orders[name] = model.model[0].conv.weight.is_contiguous(memory_format=torch.channels_last)
        assert orders == {"lidd.yaml": True, "wlnet-t.yaml": True, "yolov8n.yaml": False}


class TestTrainable:
    def test_trainable__options_reach_the_network(self):
        assert trainable("lidd.yaml", aux="off").head.latm is None
        dense = trainable("lidd.yaml", aux="dense")
        assert dense.head.latm is not None
        assert dense.training


class TestTorchDevice:
    def test_device__of_torch(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        assert (torch_device("cpu"), torch_device("0")) == ("cpu", "cuda:0")
        for word in ("1", "gpu", "-1"):
            with pytest.raises(ValueError, match=f"--device {word}: there are cpu and 1 GPU"):
                torch_device(word)
