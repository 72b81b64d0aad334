"""Training steps side by side: times, the generated batch, memory."""

import pytest
import torch
from torch import nn

from lidd_yolo.bench.training_step import (
    MEAN_SIZE,
    _masks,
    generated_batch,
    main,
    measure_steps,
    step_memory,
    torch_device,
    trainable,
    training_step,
)


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
        result = measure_steps({"a": _Work(2), "b": _Work(60)}, imgsz=32, batch=2, rounds=5)
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

    @pytest.mark.trains
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


class TestGeneratedBatch:
    def test_shapes_and_ranges(self):
        batch = generated_batch(64, 3, classes=5, masks=True)
        assert {key: tuple(value.shape) for key, value in batch.items()} == {
            "img": (3, 3, 64, 64),
            "batch_idx": (6,),
            "cls": (6, 1),
            "bboxes": (6, 4),
            "masks": (3, 16, 16),
        }
        assert batch["batch_idx"].tolist() == [0, 0, 1, 1, 2, 2]
        assert set(batch["cls"].flatten().tolist()) <= set(range(5))
        assert batch["masks"].unique().tolist() == [0, 1, 2]

    def test_boxes__inside_with_the_mean_size(self):
        boxes = generated_batch(32, 500, classes=1, masks=False)["bboxes"]
        assert bool(((boxes[:, :2] - boxes[:, 2:] / 2) > 0).all())
        assert bool(((boxes[:, :2] + boxes[:, 2:] / 2) < 1).all())
        assert abs(float(boxes[:, 2:].mean()) - MEAN_SIZE) < 0.01

    def test_masks__by_hand(self):
        """Left half, then the middle: the second lies over the first."""
        boxes = torch.tensor([[[0.25, 0.5, 0.5, 1.0], [0.5, 0.5, 0.5, 0.5]]])
        assert _masks(boxes, 4)[0].tolist() == [[1, 1, 0, 0], [1, 2, 2, 0], [1, 2, 2, 0], [1, 1, 0, 0]]

    def test_equal__at_every_call(self):
        one, other = (generated_batch(32, 2, classes=3, masks=True) for _ in range(2))
        assert all(torch.equal(one[key], other[key]) for key in one)


class TestStepMemory:
    @pytest.mark.trains
    def test_memory__grows_with_the_batch(self):
        little, much = (step_memory("yolov8n.yaml", imgsz=64, batch=batch, device="cpu") for batch in (1, 24))
        assert 10 < little < 0.8 * much

    @pytest.fixture(autouse=True)
    def threads(self):
        """Keep torch's number: the function runs in a process of its own otherwise."""
        before = torch.get_num_threads()
        yield
        torch.set_num_threads(before)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_memory__on_a_gpu(self):
        assert main(["lidd.yaml", "off", "64", "2", "cuda:0"])["peak_mib"] > 5

    @pytest.mark.trains
    def test_failure__told(self):
        with pytest.raises(ValueError, match=r"training_step nothing\.yaml - 64 1 cpu failed"):
            step_memory("nothing.yaml", imgsz=64, batch=1, device="cpu")
