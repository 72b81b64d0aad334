"""Two forms of a network: outputs relative to their size, detections matched one to one, a file beside both."""

from math import inf, nan

import pytest
import torch

from lidd_yolo.export.certificate import Agreement
from lidd_yolo.export.comparison import (
    Apart,
    Comparer,
    Detections,
    agreement,
    detections,
    furthest_apart,
    in_batches,
    mean_error,
)
from lidd_yolo.export.formats import InputShape, Limits
from lidd_yolo.export.reference import run_network


class TestInBatches:
    def test_batches__filled_up_with_the_first(self):
        batches = in_batches(torch.arange(5.0).view(5, 1), 4)
        assert [batch.flatten().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 0, 1, 2]]

    def test_fewer_pictures_than_a_batch(self):
        (batch,) = in_batches(torch.arange(3.0).view(3, 1), 8)
        assert batch.flatten().tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


class TestComparer:
    @pytest.fixture(params=["lidd", "wlnet"])
    def comparer(self, request, pictures):
        return Comparer(request.getfixturevalue(request.param), pictures[:3], 0.25)

    @pytest.mark.parametrize("shape", [InputShape(64, 64), InputShape(32, 64, 4)])
    def test_folded_network__no_difference_to_itself(self, comparer, shape):
        compared = comparer.exported(lambda x: run_network(comparer.reference.folded, x), shape, "itself")
        assert compared.case == "itself"
        assert compared.to_folded.difference == 0
        assert 0 < compared.to_trained.difference < 1e-4
        assert compared.final.matched > 0
        assert compared.final.unmatched == 0

    @pytest.mark.parametrize(("factor", "error"), [(1.0, 0.0), (1.5, 0.5)])
    def test_error__as_a_share_of_the_outputs(self, comparer, factor, error):
        def runtime(batch):
            return [output * factor for output in run_network(comparer.reference.folded, batch)]

        assert comparer.error(runtime, InputShape(64, 64, 2)) == pytest.approx(error, abs=1e-5)

    def test_wrong_picture__found(self, comparer):
        """One output of the second picture is moved; the other pictures agree."""

        def runtime(batch):
            outputs = run_network(comparer.reference.folded, batch)
            second = (batch == comparer.inputs(InputShape(64, 64, 3))[1]).all((1, 2, 3))
            outputs[0][:, 4][second] = 0.9
            return outputs

        compared = comparer.exported(runtime, InputShape(64, 64), "moved")
        assert (compared.to_folded.output, compared.to_folded.picture) == ("scores", comparer.files[1].name)
        assert compared.to_folded.difference > 0.1
        assert compared.final.picture == comparer.files[1].name
        assert compared.final.unmatched + compared.final.score > 0.05

    def test_not_a_number__no_detections_compared(self, comparer):
        def runtime(batch):
            return [output * float("nan") for output in run_network(comparer.reference.folded, batch)]

        compared = comparer.exported(runtime, InputShape(64, 64), "broken")
        assert compared.to_folded.difference == float("inf")
        assert compared.final.unmatched == 3

    def test_fold__beside_the_trained(self, comparer):
        compared = comparer.fold((64, 64))
        assert compared.to_folded.difference == 0
        assert 0 < compared.to_trained.difference < 1e-4


def outputs(boxes, scores):
    return {"boxes": torch.tensor(boxes).view(len(boxes), -1), "scores": torch.tensor(scores).view(len(scores), -1)}


NAMES = ["one.png", "two.png"]


class TestFurthestApart:
    def test_scores__not_hidden_behind_large_boxes(self):
        want = outputs([[100.0, 200.0], [10.0, 20.0]], [[0.5], [0.1]])
        got = outputs([[100.0, 201.0], [10.0, 20.0]], [[0.5], [0.11]])
        worst = furthest_apart(got, want, NAMES)
        assert (worst.output, worst.picture) == ("scores", "two.png")
        assert abs(worst.difference - 0.01 / 0.5) < 1e-6  # the size is that of all pictures: 0.5

    def test_equal__zero(self):
        same = outputs([[1.0], [2.0]], [[0.0], [0.0]])
        assert furthest_apart(same, same, NAMES).difference == 0

    def test_not_a_number__infinite(self):
        want, got = outputs([[1.0], [2.0]], [[0.3], [0.4]]), outputs([[1.0], [nan]], [[0.3], [0.4]])
        worst = furthest_apart(got, want, NAMES)
        assert worst == Apart(inf, "boxes", "two.png")

    def test_other_shape__infinite(self):
        want, got = outputs([[1.0]], [[0.3]]), outputs([[1.0]], [[0.3, 0.4]])
        assert furthest_apart(got, want, NAMES) == Apart(inf, "scores", "one.png")


class TestMeanError:
    def test_boxes__by_the_score_of_their_anchor_point(self):
        """By hand: the first of two anchor points, of score 1, is off by 3 of 4; the other, of score 0, by anything."""
        want = {"boxes": torch.tensor([[[4.0, 100.0]]]), "scores": torch.tensor([[[1.0, 0.0]]])}
        got = {"boxes": torch.tensor([[[7.0, 500.0]]]), "scores": torch.tensor([[[0.5, 0.0]]])}
        assert mean_error(got, want) == (3 / 4 + 0.5) / 2
        assert mean_error(want, want) == 0

    def test_wrong__infinite(self):
        want = {"scores": torch.tensor([[[1.0, 0.0]]])}
        assert mean_error({"scores": torch.tensor([[[nan, 0.0]]])}, want) == inf
        assert mean_error({"scores": torch.zeros(1, 1, 3)}, want) == inf


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


class TestOfAll:
    def test_worst__counts_added(self):
        joined = Agreement.of_all([Agreement(1, 2, 1, 0.9, 0.8, 0.1, "a"), Agreement(3, 0, 1, 0.95, 0.7, 0.2, "b")])
        assert joined == Agreement(4, 2, 2, 0.9, 0.7, 0.2, "a")
        assert Agreement.of_all([]) == Agreement()


class TestBeyond:
    @pytest.mark.parametrize(
        ("final", "told"),
        [
            (Agreement(3, 0, 1, 0.99, 0.97, 0.001), ""),
            (Agreement(3, 2), "2 detections without a counterpart, 3 with one"),
            (Agreement(3, 0, box_iou=0.9), "boxes agree by an IoU of 0.900 only, limit 0.98"),
            (Agreement(3, 0, mask_iou=0.9), "masks agree by an IoU of 0.900 only, limit 0.95"),
            (Agreement(3, 0, score=0.1), "scores differ by 0.100, limit 0.005"),
        ],
    )
    def test_each_limit(self, final, told):
        assert final.beyond(Limits(raw=1e-4)) == told

    def test_unmatched__a_share_of_the_matched(self):
        limits = Limits(raw=1e-2, unmatched=0.02)
        assert Agreement(100, 2).beyond(limits) == ""
        assert Agreement(99, 2).beyond(limits) != ""
        assert Agreement(0, 1).beyond(limits) != ""
