"""Final detections: NMS, masks, and the matching of two forms."""

import pytest
import torch

from lidd_yolo.export.comparison import Agreement, Detections, agreement, detections


def found(*rows, masks=None, anchor=0):
    """Return detections from rows of x1, y1, x2, y2, score, class, all of one anchor point."""
    table = torch.tensor(rows).view(-1, 6)
    anchors = torch.full((len(table),), anchor)
    return Detections(table[:, :4], table[:, 4], table[:, 5].long(), anchors, masks)


SQUARE, SHIFTED, FAR = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 9.0), (50.0, 50.0, 60.0, 60.0)


class TestDetections:
    def test_nms__by_class_and_score(self):
        """Three boxes on one place, of which two are of one class; one more below the confidence."""
        boxes = torch.tensor([[5.0, 5, 10, 10], [5, 5, 10, 9], [5, 5, 10, 10], [50, 50, 10, 10]]).T
        scores = torch.tensor([[0.9, 0.8, 0.1, 0.0], [0.0, 0.0, 0.7, 0.05]])
        got = detections({"boxes": boxes, "scores": scores}, (64, 64), 0.1)
        assert got.scores.tolist() == pytest.approx([0.9, 0.7])
        assert got.classes.tolist() == [0, 1]
        assert got.anchors.tolist() == [0, 2]
        assert got.boxes[0].tolist() == [0, 0, 10, 10]
        assert got.masks is None

    def test_masks__inside_their_boxes(self):
        parts = {
            "boxes": torch.tensor([[16.0], [16], [16], [16]]),
            "scores": torch.tensor([[0.9]]),
            "coefficients": torch.tensor([[1.0]]),
            "prototypes": torch.full((1, 16, 16), 5.0),
        }
        (mask,) = detections(parts, (64, 64), 0.5).masks
        assert mask.dtype == torch.bool
        assert mask.shape == (64, 64)
        assert mask[8:24, 8:24].float().mean() > 0.9
        assert not mask[28:].any()

    def test_none__empty(self):
        parts = {"boxes": torch.ones(4, 3), "scores": torch.zeros(2, 3)}
        assert len(detections(parts, (64, 64), 0.1).scores) == 0
        segment = {**parts, "coefficients": torch.ones(1, 3), "prototypes": torch.ones(1, 16, 16)}
        assert detections(segment, (64, 64), 0.1).masks.shape == (0, 64, 64)


class TestAgreement:
    def test_pair__iou_and_score(self):
        got = agreement(found((*SQUARE, 0.9, 0)), found((*SHIFTED, 0.8, 0)), 0.25)
        assert (got.matched, got.unmatched) == (1, 0)
        assert got.box_iou == pytest.approx(0.9)  # 90 of 100 square pixels
        assert got.score == pytest.approx(0.1)

    def test_threshold__crossed_by_rounding_is_no_loss(self):
        """The partner lies just below the confidence, where it is still looked for."""
        got = agreement(found((*SQUARE, 0.2501, 0)), found((*SQUARE, 0.2499, 0)), 0.25)
        assert (got.matched, got.unmatched) == (1, 0)

    @pytest.mark.parametrize("swapped", [False, True])
    def test_alone__counted_on_either_side(self, swapped):
        many, few = found((*SQUARE, 0.9, 0), (*FAR, 0.5, 0), (*FAR, 0.2, 1)), found((*SQUARE, 0.9, 0))
        got = agreement(few, many, 0.25) if swapped else agreement(many, few, 0.25)
        assert (got.matched, got.unmatched) == (1, 1)  # the third lies below the confidence

    def test_class__must_be_the_same(self):
        assert agreement(found((*SQUARE, 0.9, 0)), found((*SQUARE, 0.9, 1)), 0.25).unmatched == 2

    def test_best_pair__first(self):
        """Each box finds its own twin, though the other one overlaps it too."""
        both = found((*SQUARE, 0.5, 0), (*SHIFTED, 0.9, 0))
        got = agreement(both, found((*SHIFTED, 0.9, 0), (*SQUARE, 0.5, 0)), 0.25)
        assert (got.matched, got.box_iou, got.score) == (2, 1.0, 0.0)

    def test_other_anchor_point__counted_beside(self):
        """NMS kept another of two boxes with nearly one score."""
        got = agreement(found((*SQUARE, 0.9, 0), anchor=3), found((*SHIFTED, 0.8, 0), anchor=4), 0.25)
        assert got == Agreement(matched=1, swapped=1)

    def test_masks__iou(self):
        whole, half = torch.ones(1, 4, 4, dtype=torch.bool), torch.ones(1, 4, 4, dtype=torch.bool)
        half[0, :2] = False
        got = agreement(found((*SQUARE, 0.9, 0), masks=whole), found((*SQUARE, 0.9, 0), masks=half), 0.25)
        assert got.mask_iou == pytest.approx(0.5)

    def test_nothing__agrees(self):
        assert agreement(found(), found(), 0.25) == Agreement()


class TestAndWith:
    def test_worst_of_both(self):
        joined = Agreement(1, 2, 1, 0.9, 0.8, 0.1).and_with(Agreement(3, 0, 1, 0.95, 0.7, 0.2))
        assert joined == Agreement(4, 2, 2, 0.9, 0.7, 0.2)
