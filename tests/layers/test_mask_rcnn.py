"""Mask R-CNN as a head: torchvision's network and masks, Ultralytics' form of output."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from torchvision.models.detection import maskrcnn_resnet50_fpn

from lidd_yolo.layers.mask_rcnn import MaskRCNNSegment
from tests.helpers.mask_rcnn_model import keep_anchors

NC, FEW = 3, 5


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(0)
    head = MaskRCNNSegment(NC, "resnet50", None, FEW).eval()
    keep_anchors(head.network)
    return head


@pytest.fixture(scope="module")
def pictures():
    return torch.rand(3, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def theirs(head, pictures):
    """What torchvision's own network finds, masks pasted into the whole picture."""
    plain = maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=NC + 1,
        min_size=64,
        max_size=96,
        box_score_thresh=0.001,
        box_detections_per_img=FEW,
    )
    plain.load_state_dict(head.network.state_dict())
    with torch.no_grad():
        return plain.eval()(list(pictures))


@pytest.fixture(scope="module")
def output(head, pictures):
    with torch.no_grad():
        return head([pictures])


def targets(count=3):
    mask = torch.zeros(1, 64, 96, dtype=torch.uint8)
    mask[:, 8:40, 16:60] = 1
    one = {"boxes": torch.tensor([[16.0, 8.0, 60.0, 40.0]]), "labels": torch.tensor([2]), "masks": mask}
    none = {key: value[:0] for key, value in one.items()}
    return [one, none, one][:count]


def quarter(mask):
    """Return the mean of each square of four pixels, by a loop."""
    h, w = mask.shape
    rows = [[mask[y : y + 4, x : x + 4].mean() for x in range(0, w, 4)] for y in range(0, h, 4)]
    return np.array(rows)


class TestSize:
    @pytest.mark.parametrize(("body", "count"), [("resnet50", 43_986_279), ("resnet101", 62_978_407)])
    def test_parameters__three_classes(self, body, count):
        """The paper's table 2 prints 43.98 M and 62.97 M."""
        with torch.device("meta"):
            head = MaskRCNNSegment(3, body, None, 100)
        assert sum(p.numel() for p in head.parameters()) == count
        assert all(p.requires_grad for p in head.parameters())


@pytest.mark.trains
class TestPredict:
    def test_shapes(self, output):
        (found, prototypes), raw = output
        assert found.shape == (3, 4 + NC + FEW, FEW)
        assert prototypes.shape == (3, FEW, 16, 24)
        assert len(raw) == 3  # older releases take the last of three
        assert raw[-1] is prototypes

    def test_boxes__as_torchvision(self, output, theirs):
        (found, _), _ = output
        for picture, one in zip(found, theirs, strict=True):
            assert len(one["boxes"]) == FEW
            x1, y1, x2, y2 = one["boxes"].T
            want = torch.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1])
            torch.testing.assert_close(picture[:4], want, rtol=1e-4, atol=1e-3)
            scores = torch.zeros(NC, FEW)
            for slot, (label, score) in enumerate(zip(one["labels"], one["scores"], strict=True)):
                scores[label - 1, slot] = score
            torch.testing.assert_close(picture[4 : 4 + NC], scores, rtol=1e-4, atol=1e-5)
            assert torch.equal(picture[4 + NC :], torch.eye(FEW))

    def test_masks__as_torchvision(self, output, theirs):
        (_, prototypes), _ = output
        for masks, one in zip(prototypes, theirs, strict=True):
            for mask, whole in zip(masks, one["masks"][:, 0], strict=True):
                assert (whole > 0).sum() > 100
                np.testing.assert_allclose(mask.numpy() + 0.5, quarter(whole.numpy()), atol=1e-4)

    def test_places__free_ones_are_zero(self, head, pictures):
        shy = deepcopy(head)
        shy.network.roi_heads.score_thresh = 1.0
        with torch.no_grad():
            (found, prototypes), _ = shy([pictures])
        assert found.abs().max() == 0
        assert prototypes.abs().max() == 0

    def test_copies__predict_the_same(self, head, pictures, output):
        copy = pickle.loads(pickle.dumps(deepcopy(head)))
        with torch.no_grad():
            (found, prototypes), _ = copy([pictures])
        assert torch.equal(found, output[0][0])
        assert torch.equal(prototypes, output[0][1])

    def test_autocast__boxes_stay_float32(self, head, pictures):
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            (found, prototypes), _ = head([pictures[:1]])
        assert found.dtype == prototypes.dtype == torch.float32
        assert found.isfinite().all()

    def test_channels__three(self):
        with pytest.raises(ValueError, match=r"three channels, not \[1\]"):
            MaskRCNNSegment(2, "resnet50", None, 5, [1])


class TestLosses:
    TERMS = ("loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg")

    def test_losses__in_evaluation_as_torchvision_in_training(self, head, pictures):
        """With the same random draws, and normalisation by the running statistics in both."""
        before = {key: value.clone() for key, value in head.state_dict().items()}
        with torch.no_grad():
            torch.manual_seed(3)
            found = head.losses(pictures, targets())
            plain = maskrcnn_resnet50_fpn(
                weights=None, weights_backbone=None, num_classes=NC + 1, min_size=64, max_size=96
            )
            plain.load_state_dict(head.network.state_dict())
            plain.train().backbone.eval()
            torch.manual_seed(3)
            plain.transform.eval()  # in training it draws a size
            want = plain(list(pictures), targets())
        assert found.keys() == set(self.TERMS)
        for term in self.TERMS:
            torch.testing.assert_close(found[term], want[term], rtol=1e-3, atol=1e-5)
        assert not any(module.training for module in head.modules())
        assert all(torch.equal(value, before[key]) for key, value in head.state_dict().items())

    def test_losses__no_object_anywhere(self, head, pictures):
        with torch.no_grad():
            found = head.losses(pictures[:1], [targets(2)[1]])
        assert found["loss_mask"] == 0
        assert found["loss_box_reg"] == 0
        assert all(value.isfinite() for value in found.values())
