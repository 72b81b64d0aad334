"""The generated batch of a training step."""

import torch

from lidd_yolo.bench.training_step import MEAN_SIZE, _masks, generated_batch


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
