"""Targets of torchvision from batches of Ultralytics, against masks drawn by hand."""

import pytest
import torch

from lidd_yolo.models.mask_rcnn import mask_targets

ABOVE = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
BELOW = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 2, 2], [0, 0, 2, 2]])


def batch(masks, *, size=(16, 16)):
    """Three pictures: two objects, none, one; masks of a quarter of the size."""
    return {
        "img": torch.zeros(3, 3, *size),
        "batch_idx": torch.tensor([0.0, 0.0, 2.0]),
        "cls": torch.tensor([[1.0], [0.0], [2.0]]),
        "bboxes": torch.tensor([[0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 0.5, 0.5], [0.25, 0.25, 0.5, 0.5]]),
        "masks": masks,
    }


OVERLAPPING = torch.stack([ABOVE + BELOW, torch.zeros_like(ABOVE), ABOVE]).to(torch.uint8)
SINGLE = torch.stack([ABOVE, BELOW // 2, ABOVE]).float()


class TestMaskTargets:
    @pytest.mark.parametrize(("masks", "overlap"), [(OVERLAPPING, True), (SINGLE, False)])
    def test_values__by_hand(self, masks, overlap):
        first, second, third = mask_targets(batch(masks), overlap=overlap)
        assert first["boxes"].tolist() == [[0, 0, 8, 8], [8, 8, 16, 16]]
        assert first["labels"].tolist() == [2, 1]
        assert third["labels"].tolist() == [3]
        assert third["boxes"].tolist() == [[0, 0, 8, 8]]
        for target in (first, third):
            assert target["masks"].dtype == torch.uint8
            for (x1, y1, x2, y2), mask in zip(target["boxes"].int().tolist(), target["masks"], strict=True):
                want = torch.zeros(16, 16)
                want[y1:y2, x1:x2] = 1
                assert (mask != want).sum() <= 1  # a corner may be rounded off by a pixel
        assert second["boxes"].shape == (0, 4)
        assert second["labels"].shape == (0,)
        assert second["masks"].shape == (0, 16, 16)

    def test_boxes__width_and_height(self):
        first, *_ = mask_targets(batch(OVERLAPPING, size=(16, 32)), overlap=True)
        assert first["boxes"].tolist() == [[0, 0, 16, 8], [16, 8, 32, 16]]
        assert first["masks"].shape == (2, 16, 32)

    def test_masks__of_the_picture_s_size_are_kept(self):
        whole = torch.randint(0, 3, (3, 16, 16), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
        first, *_ = mask_targets(batch(whole), overlap=True)
        assert torch.equal(first["masks"], torch.stack([whole[0] == 1, whole[0] == 2]).to(torch.uint8))

    def test_objects__without_extent(self):
        given = batch(OVERLAPPING)
        given["bboxes"][0, 2] = 0
        first, *_ = mask_targets(given, overlap=True)
        assert first["labels"].tolist() == [1]
        assert first["masks"][0, 12, 12] == 1
        assert first["masks"][0, 2, 2] == 0

    def test_objects__none_at_all(self):
        empty = {key: value[:0] for key, value in batch(OVERLAPPING).items() if key in {"batch_idx", "cls", "bboxes"}}
        targets = mask_targets({**batch(OVERLAPPING), **empty}, overlap=True)
        assert [target["masks"].shape for target in targets] == [(0, 16, 16)] * 3

    def test_batch__unchanged(self):
        given, before = batch(OVERLAPPING), batch(OVERLAPPING)
        mask_targets(given, overlap=True)
        assert all(torch.equal(given[key], before[key]) for key in before)
