"""Dynamic soft label assignment: loops over single pairs, hand-made grids, padding, order, no host sync."""

import math

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from lidd_yolo.assigners.dynamic_soft_label import _class_cost, assign_dynamic_soft_labels
from tests.helpers.naive_assigner import assign_one_image, quality_cost


def anchor_grid(size=64, strides=(8, 16, 32), dtype=torch.float64):
    """Return the cell centres of all levels in pixels, and their strides."""
    points, stride_of = [], []
    for s in strides:
        for y in range(math.ceil(size / s)):
            for x in range(math.ceil(size / s)):
                points.append(((x + 0.5) * s, (y + 0.5) * s))
                stride_of.append(s)
    return torch.tensor(points, dtype=dtype), torch.tensor(stride_of, dtype=dtype)


def random_case(seed, *, images=3, slots=5, classes=3, spread=6.0, size=64, dtype=torch.float64):
    """Return the arguments of a random batch: predictions near random boxes, some images without any, padded slots."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    points, strides = anchor_grid(size)
    counts = torch.randint(0, slots + 1, (images,), generator=generator)
    center, half = uniform(images, slots, 2) * size, 2 + uniform(images, slots, 2) * size / 4
    gt_boxes = torch.cat((center - half, center + half), -1).clamp(0, size)
    gt_mask = torch.arange(slots) < counts.unsqueeze(1)
    pick = torch.randint(0, slots, (images, len(points)), generator=generator)
    near = gt_boxes.gather(1, pick.unsqueeze(-1).expand(-1, -1, 4))
    pred = near + torch.randn(near.shape, generator=generator, dtype=torch.float64) * spread
    pred = torch.cat((torch.minimum(pred[..., :2], pred[..., 2:] - 1), pred[..., 2:]), -1)
    return {
        "logits": (torch.randn(images, len(points), classes, generator=generator, dtype=torch.float64) * 2).to(dtype),
        "pred_boxes_xyxy": pred.to(dtype),
        "points": points.to(dtype),
        "gt_labels": torch.randint(0, classes, (images, slots), generator=generator),
        "gt_boxes_xyxy": gt_boxes.to(dtype),
        "gt_mask": gt_mask,
        "strides": strides.to(dtype),
    }


def naive(case, image, **options):
    """Assign one image of a batch by loops."""
    real = case["gt_mask"][image]
    return assign_one_image(
        case["logits"][image],
        case["pred_boxes_xyxy"][image],
        case["points"],
        case["gt_labels"][image][real].tolist(),
        case["gt_boxes_xyxy"][image][real].double().tolist(),
        strides=case["strides"],
        **options,
    )


def assert_equals_naive(case, **options):
    """Assert equal foreground and index and a quality within 1e-6; return the references."""
    got = assign_dynamic_soft_labels(**case, **options)
    references = [naive(case, image, **options) for image in range(len(case["logits"]))]
    for image, want in enumerate(references):
        taken = got.foreground[image].nonzero().flatten().tolist()
        assert taken == sorted(want.owner)
        for a in range(len(case["points"])):
            # the reference counts real ground truths; here they fill the first slots
            assert got.gt_index[image, a].item() == want.owner.get(a, 0)
            assert got.quality[image, a].item() == pytest.approx(want.quality.get(a, 0.0), abs=1e-6)
    return references


def one_image(points, pred, gt, labels=None, logits=None):
    """Return the arguments of one image given as lists."""
    points, pred, gt = (
        torch.as_tensor(v, dtype=torch.float64).view(-1, n) for v, n in ((points, 2), (pred, 4), (gt, 4))
    )
    return {
        "logits": torch.zeros(1, len(points), 2, dtype=torch.float64) if logits is None else logits,
        "pred_boxes_xyxy": pred.unsqueeze(0),
        "points": points,
        "gt_labels": torch.tensor([labels or [0] * len(gt)]).view(1, -1),
        "gt_boxes_xyxy": gt.unsqueeze(0),
        "gt_mask": torch.ones(1, len(gt), dtype=torch.bool),
    }


class TestAgainstLoops:
    @pytest.mark.parametrize("classes", [1, 2, 5])
    @pytest.mark.parametrize("spread", [1.0, 6.0, 20.0])
    def test_random_batches__equal(self, classes, spread):
        references = []
        for seed in range(8):
            references += assert_equals_naive(random_case(seed, classes=classes, spread=spread))
        # the batches reach what they are meant to reach
        assert any(not r.wanted for r in references)
        assert any(r.contested for r in references)
        assert spread > 6 or max(k for r in references for k in r.wanted.values()) > 2

    def test_crowded_batches__equal(self):
        references = []
        for seed in range(10):
            references += assert_equals_naive(random_case(seed + 100, images=2, slots=12, spread=4.0))
        assert sum(len(r.contested) for r in references) > 20

    @pytest.mark.parametrize("options", [{"topk": 1}, {"topk": 4}, {"topk": 500}, {"iou_weight": 0.0}])
    def test_options__equal(self, options):
        for seed in range(4):
            assert_equals_naive(random_case(seed), **options)

    @pytest.mark.parametrize("radius", [0.5, 3.0])
    def test_center_radius__equal(self, radius):
        changed = 0
        for seed in range(6):
            case = random_case(seed)
            assert_equals_naive(case, center_radius=radius)
            plain, with_prior = (assign_dynamic_soft_labels(**case, center_radius=r) for r in (None, radius))
            changed += int((plain.foreground != with_prior.foreground).sum())
        assert changed > 0

    @pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
    def test_narrow_inputs__computed_in_float32(self, dtype):
        for seed in range(6):
            case = random_case(seed, dtype=dtype)
            assert_equals_naive(case)
            assert assign_dynamic_soft_labels(**case).quality.dtype == torch.float32

    def test_class_cost__every_pair(self):
        case = random_case(1, images=2, slots=4, classes=4)
        iou = torch.rand(2, len(case["points"]), 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        cost = _class_cost(case["logits"], case["gt_labels"], iou)
        for b, a, g in torch.cartesian_prod(torch.arange(2), torch.arange(len(case["points"])), torch.arange(4)):
            want = quality_cost(case["logits"][b, a].tolist(), int(case["gt_labels"][b, g]), float(iou[b, a, g]))
            assert cost[b, a, g].item() == pytest.approx(want, abs=1e-9)

    def test_class_cost__extreme_logits(self):
        """Certain and wrong in one class costs 100; certain of the right class with quality 1 costs nothing."""
        logits = torch.tensor([[[100.0, -100.0], [-100.0, 100.0]]])
        cost = _class_cost(logits, torch.tensor([[0, 1]]), torch.ones(1, 2, 2))
        assert cost.tolist() == [[[0, 200], [200, 0]]]


class TestHandMade:
    """Points at (5, 5), (15, 5), (25, 5), ...; equal scores, so the IoU alone decides."""

    POINTS = ((5, 5), (15, 5), (25, 5), (35, 5))

    def test_number__is_the_whole_part_of_the_iou_sum(self):
        """IoUs 1, 0.5 and 0.8 (sum 2.3): the two best points. The last point is outside and takes no part."""
        gt = [[0, 0, 30, 10]]
        pred = [[0, 0, 30, 10], [0, 0, 15, 10], [0, 0, 24, 10], [0, 0, 30, 10]]
        got = assign_dynamic_soft_labels(**one_image(self.POINTS, pred, gt))
        assert got.foreground.tolist() == [[True, False, True, False]]
        assert got.gt_index.tolist() == [[0, 0, 0, 0]]
        assert got.quality[0].tolist() == pytest.approx([1, 0, 0.8, 0], abs=1e-6)

    def test_number__at_least_one(self):
        """IoUs 0.1 and 0.2: the sum is below 1, the better point is taken all the same."""
        pred = [[0, 0, 2, 10], [0, 0, 4, 10], [0, 0, 20, 10], [0, 0, 20, 10]]
        got = assign_dynamic_soft_labels(**one_image(self.POINTS, pred, [[0, 0, 20, 10]]))
        assert got.foreground.tolist() == [[False, True, False, False]]
        assert got.quality[0].tolist() == pytest.approx([0, 0.2, 0, 0], abs=1e-6)

    def test_number__limited_to_candidates(self):
        """Two candidates of the box overlap it perfectly, but only two exist."""
        got = assign_dynamic_soft_labels(**one_image(self.POINTS, [[0, 0, 20, 10]] * 4, [[0, 0, 20, 10]]))
        assert got.foreground.tolist() == [[True, True, False, False]]

    def test_candidates__of_one_box_serve_another(self):
        """The small box holds no point itself; the points inside the large one may serve it."""
        gt = [[0, 0, 20, 10], [8, 0, 12, 10]]
        pred = [[0, 0, 20, 10], [8, 0, 12, 10], [8, 0, 12, 10], [0, 0, 1, 1]]
        got = assign_dynamic_soft_labels(**one_image(self.POINTS, pred, gt))
        assert got.foreground.tolist() == [[True, True, False, False]]
        assert got.gt_index.tolist() == [[0, 1, 0, 0]]
        assert got.quality[0].tolist() == pytest.approx([1, 1, 0, 0], abs=1e-6)

    def test_two_boxes__one_point(self):
        """Both want the only point; its prediction overlaps the second more (0.8 against 0.5)."""
        gt = [[0, 0, 10, 10], [0, 0, 16, 10]]
        got = assign_dynamic_soft_labels(**one_image([(5, 5)], [[0, 0, 20, 10]], gt))
        assert got.foreground.item()
        assert got.gt_index.item() == 1
        assert got.quality.item() == pytest.approx(0.8, abs=1e-6)

    def test_contested_point__goes_to_a_box_that_did_not_ask(self):
        """Boxes 0 and 1 take point 0 (IoUs 10/14, 12/14); it suits box 2 best (14/16), which took point 1 (IoU 1)."""
        gt = [[0, 0, 10, 10], [0, 0, 12, 10], [0, 0, 16, 10]]
        case = one_image([(5, 5), (5, 6)], [[0, 0, 14, 10], [0, 0, 16, 10]], gt)
        got = assign_dynamic_soft_labels(**case, topk=1)
        assert got.foreground.tolist() == [[True, True]]
        assert got.gt_index.tolist() == [[2, 2]]
        assert got.quality[0].tolist() == pytest.approx([14 / 16, 1], abs=1e-6)

    def test_class__decides_between_equal_boxes(self):
        """Two equal boxes of different class: the point certain of class 1 serves the second."""
        logits = torch.tensor([[[3.0, -3.0], [-3.0, 3.0]]], dtype=torch.float64)
        box = [0, 0, 20, 10]
        got = assign_dynamic_soft_labels(**one_image(self.POINTS[:2], [box, box], [box, box], [0, 1], logits))
        assert got.gt_index.tolist() == [[0, 1]]


class TestEmpty:
    def test_no_slots(self):
        case = random_case(0, slots=5)
        for key in ("gt_labels", "gt_boxes_xyxy", "gt_mask"):
            case[key] = case[key][:, :0]
        got = assign_dynamic_soft_labels(**case)
        assert [t.shape for t in got] == [case["logits"].shape[:2]] * 3
        assert [t.dtype for t in got] == [torch.bool, torch.int64, torch.float64]
        assert not any(t.any() for t in got)

    def test_only_padding__boxes_are_ignored(self):
        case = random_case(3)
        assert assign_dynamic_soft_labels(**case).foreground.any()
        case["gt_mask"] = torch.zeros_like(case["gt_mask"])
        assert not any(t.any() for t in assign_dynamic_soft_labels(**case))

    def test_box_without_candidate(self):
        """A box between the points gets none, and disturbs nobody."""
        points = TestHandMade.POINTS
        pred = [[0, 0, 10, 10]] * 4
        got = assign_dynamic_soft_labels(**one_image(points, pred, [[7, 6, 13, 9]]))
        assert not any(t.any() for t in got)


class TestBatch:
    def test_batch__equals_single_images_without_padding(self):
        for seed in range(5):
            case = random_case(seed, images=4)
            together = assign_dynamic_soft_labels(**case)
            for image in range(4):
                real = case["gt_mask"][image]
                alone = {k: v if k in {"points", "strides"} else v[image : image + 1] for k, v in case.items()}
                alone |= {k: alone[k][:, real] for k in ("gt_labels", "gt_boxes_xyxy", "gt_mask")}
                for one, all_ in zip(assign_dynamic_soft_labels(**alone), together, strict=True):
                    assert torch.equal(one[0], all_[image])

    def test_padding__values_do_not_matter(self):
        case = random_case(4)
        want = assign_dynamic_soft_labels(**case)
        padding = ~case["gt_mask"]
        assert padding.any()
        case["gt_boxes_xyxy"][padding] = torch.tensor([0.0, 0.0, 64.0, 64.0], dtype=torch.float64)
        case["gt_labels"][padding] = 2
        for got, expected in zip(assign_dynamic_soft_labels(**case), want, strict=True):
            assert torch.equal(got, expected)

    def test_order__of_boxes_does_not_matter(self):
        for seed in range(5):
            case = random_case(seed)
            first = assign_dynamic_soft_labels(**case)
            order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
            moved = {k: case[k][:, order] for k in ("gt_labels", "gt_boxes_xyxy", "gt_mask")}
            second = assign_dynamic_soft_labels(**{**case, **moved})
            assert torch.equal(first.foreground, second.foreground)
            assert torch.equal(first.quality, second.quality)
            assert torch.equal(first.gt_index[first.foreground], order[second.gt_index][first.foreground])

    @pytest.mark.parametrize("options", [{}, {"center_radius": 3.0}, {"nearest": True}, {"topk": 3}])
    def test_boxes_in_turns__equal_all_at_once(self, options, monkeypatch):
        """However few pairs are looked at together, the result is the same bit for bit."""
        contested = 0
        for seed in range(6):
            case = random_case(seed, slots=9, spread=4.0)
            case["gt_boxes_xyxy"][:, ::2, 2:] = case["gt_boxes_xyxy"][:, ::2, :2] + 3  # some hold no point
            want = assign_dynamic_soft_labels(**case, **options)
            for pairs in (1, 3 * 84 * 2, 3 * 84 * 4):
                with monkeypatch.context() as patch:
                    patch.setattr("lidd_yolo.assigners.dynamic_soft_label.AT_ONCE", pairs)
                    got = assign_dynamic_soft_labels(**case, **options)
                assert all(map(torch.equal, got, want))
            contested += sum(len(naive(case, image).contested) for image in range(3))
        assert contested > 10


class TestExecution:
    def test_gradient__none(self):
        case = random_case(2)
        case["logits"].requires_grad_()
        assert not assign_dynamic_soft_labels(**case).quality.requires_grad

    def test_inputs__unchanged(self):
        case = random_case(2)
        before = {k: v.clone() for k, v in case.items()}
        assign_dynamic_soft_labels(**case)
        assert all(torch.equal(case[k], before[k]) for k in case)

    @pytest.mark.parametrize("options", [{"center_radius": None}, {"center_radius": 3.0}, {"nearest": True}])
    def test_host__never_waits_for_values(self, options):
        """Tensors without data: whatever asks for a value raises."""
        case = random_case(2)
        with FakeTensorMode() as mode:
            fake = {k: mode.from_tensor(v) for k, v in case.items()}
            got = assign_dynamic_soft_labels(**fake, **options)
            assert got.quality.shape == case["logits"].shape[:2]
            with pytest.raises(DataDependentOutputException):
                bool(got.foreground.any())


class TestNearest:
    """Every object has points to learn it, however small or thin it is and wherever it lies."""

    POINTS, STRIDES = anchor_grid(64)

    def _assigned(self, boxes, **options):
        """Return how many points each box gets where nothing is learned yet."""
        generator = torch.Generator().manual_seed(0)
        away = torch.rand(len(self.POINTS), 2, generator=generator, dtype=torch.float64) * 8
        pred = torch.cat((self.POINTS - away, self.POINTS + away), -1)
        case = one_image(self.POINTS, pred, boxes) | {"strides": self.STRIDES}
        got = assign_dynamic_soft_labels(**case, **options)
        return torch.bincount(got.gt_index[0][got.foreground[0]], minlength=len(boxes)).tolist()

    @pytest.mark.parametrize(("width", "height"), [(0.5, 0.5), (2, 2), (4, 4), (7.9, 7.9), (2, 50), (50, 2)])
    def test_single_object__gets_a_point_everywhere(self, width, height):
        counts = []
        for step in range(64):
            x, y = 1 + (step * 7.3) % (62 - width), 1 + (step * 11.9) % (62 - height)
            box = [[x, y, x + width, y + height]]
            counts.append((self._assigned(box, nearest=True)[0], self._assigned(box)[0]))
        assert min(nearest for nearest, _ in counts) >= 1
        assert min(inside for _, inside in counts) == 0

    def test_small_in_large__keeps_its_point(self):
        """A pit in a patch whose box fits the point's prediction exactly."""
        large, pit = [4, 4, 60, 60], [29, 29, 32.5, 32.5]
        pred = [large] * len(self.POINTS)
        case = one_image(self.POINTS, pred, [large, pit]) | {"strides": self.STRIDES}
        taken = [
            sorted(set(got.gt_index[0][got.foreground[0]].tolist()))
            for got in (assign_dynamic_soft_labels(**case, nearest=choice) for choice in (True, False))
        ]
        assert taken == [[0, 1], [0]]

    def test_small_object__takes_no_point_far_away(self):
        pred = torch.zeros(len(self.POINTS), 4, dtype=torch.float64)
        boxes = [[9, 9, 11, 11], [40, 40, 60, 60]]
        case = one_image(self.POINTS, pred, boxes) | {"strides": self.STRIDES}
        got = assign_dynamic_soft_labels(**case, nearest=True)
        own = self.POINTS[got.foreground[0] & (got.gt_index[0] == 0)]
        assert len(own) >= 1
        assert ((own - 10).abs() <= 4.1).all()

    @pytest.mark.parametrize("seed", range(4))
    def test_objects_that_hold_points__as_in_the_paper(self, seed):
        case = random_case(seed)
        corner = case["gt_boxes_xyxy"][..., :2].clamp(max=50)
        case["gt_boxes_xyxy"] = torch.cat((corner, corner + 9), -1)  # so wide that every box holds a point
        inside, nearest = (assign_dynamic_soft_labels(**case, nearest=choice) for choice in (False, True))
        assert all(torch.equal(a, b) for a, b in zip(inside, nearest, strict=True))
