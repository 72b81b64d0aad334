"""LIDD-Net's criterion: values and gradients against single loops, empty targets, scale, precision, processes."""

from types import SimpleNamespace

import pytest
import torch
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel

from lidd_yolo.losses.distillation import Level, TeacherOutput, distillation_losses, resample
from lidd_yolo.models.criterion import DISTILLATION, LOSS_NAMES, LIDDCriterion, pad_targets
from tests.helpers.lidd_model import build_lidd
from tests.helpers.naive_criterion import Setting, naive_terms
from tests.helpers.peak_memory import PeakMemory

PREDICTIONS = ("boxes", "scores", "aux_boxes", "aux_scores")


@pytest.fixture(autouse=True)
def named_items(monkeypatch):
    """Return the loss items as a dict whatever the installed release wants; its own form: test_upstream.py."""
    detached = lambda terms: {name: term.detach() for name, term in terms.items()}  # noqa: E731
    monkeypatch.setattr("lidd_yolo.models.criterion.loss_items", detached)


def build(setting):
    """Return a criterion for a network of which only what it reads exists."""
    head = SimpleNamespace(stride=torch.tensor(setting.strides).float(), nc=setting.nc, reg_max=setting.bins)
    weights = setting.class_weights
    model = SimpleNamespace(
        model=[head],
        args=SimpleNamespace(cls=setting.qfl, dfl=setting.dfl, box=setting.box),
        yaml={"lidd_yolo": {"center_radius": setting.center_radius, "candidates": setting.candidates}},
        class_weights=None if weights is None else torch.tensor(weights),
    )
    return LIDDCriterion(model)


def random_preds(seed=0, *, images=3, size=(64, 96), aux=True, setting=None):
    """Return raw predictions of both heads for images of ``size`` (height, width)."""
    setting = setting or Setting()
    generator = torch.Generator().manual_seed(seed)
    feats = [torch.zeros(images, 1, -(-size[0] // s), -(-size[1] // s)) for s in setting.strides]
    anchors = sum(f[0, 0].numel() for f in feats)
    preds = {"feats": feats}
    for name in PREDICTIONS[: 4 if aux else 2]:
        channels = 4 * setting.bins if "boxes" in name else setting.nc
        preds[name] = (torch.randn(images, channels, anchors, generator=generator) * 2).requires_grad_()
    return preds


def random_batch(seed=0, *, counts=(3, 0, 2), nc=3):
    """Return objects of random class and size, so many in each image, in no order."""
    generator = torch.Generator().manual_seed(seed)
    index = torch.tensor([float(i) for i, n in enumerate(counts) for _ in range(n)])
    wh = 0.1 + 0.6 * torch.rand(len(index), 2, generator=generator)
    xy = wh / 2 + (1 - wh) * torch.rand(len(index), 2, generator=generator)
    order = torch.randperm(len(index), generator=generator)
    label = torch.randint(0, nc, (len(index), 1), generator=generator).float()
    return {"batch_idx": index[order], "cls": label, "bboxes": torch.cat((xy, wh), 1)}


def gradients(loss, preds):
    """Return the gradient of every prediction."""
    return torch.autograd.grad(loss, [preds[n] for n in PREDICTIONS if n in preds], retain_graph=True)


class TestAgainstLoops:
    @pytest.mark.parametrize("aux", [True, False])
    @pytest.mark.parametrize(
        "setting",
        [
            Setting(),
            Setting(nc=1, qfl=0.7, dfl=1.5, box=7.5),
            Setting(center_radius=1.0),
            Setting(class_weights=(0.5, 1.0, 3.0)),
        ],
    )
    def test_terms__and_their_gradients(self, setting, aux):
        criterion = build(setting)
        for seed in range(2):
            preds = random_preds(seed, aux=aux, setting=setting)
            batch = random_batch(seed, nc=setting.nc)
            terms, items = criterion(preds, batch)
            want = naive_terms(preds, batch, setting)
            assert tuple(items) == tuple(want) == LOSS_NAMES
            for got, name in zip(terms, LOSS_NAMES, strict=True):
                assert got.item() == pytest.approx(want[name].item(), rel=1e-6)
                assert items[name].item() == got.item()
            total = sum(want.values())
            for got, expected in zip(gradients(terms.sum(), preds), gradients(total, preds), strict=True):
                largest = expected.abs().max().item()
                assert largest > 0
                assert (got - expected).abs().max().item() <= 2e-6 * largest

    def test_crowd__many_objects(self):
        batch = random_batch(7, counts=(9, 4, 0))
        preds = random_preds(7)
        terms, _ = build(Setting())(preds, batch)
        assert terms.tolist() == pytest.approx(
            [v.item() for v in naive_terms(preds, batch, Setting()).values()], rel=1e-6
        )


class TestCall:
    def test_items__are_detached(self):
        terms, items = build(Setting())(random_preds(), random_batch())
        assert terms.requires_grad
        assert terms.shape == (4,)
        assert not any(item.requires_grad for item in items.values())

    def test_assignment__comes_from_the_auxiliary_head(self):
        """Other auxiliary boxes mean other targets for the main head; without them it assigns by its own."""
        criterion, batch, preds = build(Setting()), random_batch(), random_preds()
        with_aux, _ = criterion(preds, batch)
        other, _ = criterion({**preds, "aux_boxes": preds["aux_boxes"].flip(2)}, batch)
        alone, _ = criterion({k: v for k, v in preds.items() if not k.startswith("aux")}, batch)
        assert len({round(t[0].item(), 4) for t in (with_aux, other, alone)}) == 3
        assert alone[3].item() == 0
        same = {**preds, "aux_boxes": preds["boxes"], "aux_scores": preds["scores"]}
        twice, _ = criterion(same, batch)
        assert torch.equal(twice[:3], alone[:3])
        assert twice[3].item() == pytest.approx(alone.sum().item(), rel=1e-6)

    def test_inference__pair_accepted(self):
        criterion, batch, preds = build(Setting()), random_batch(), random_preds(aux=False)
        want, _ = criterion(preds, batch)
        for pair in ((torch.zeros(1), preds), [torch.zeros(1), preds]):
            assert torch.equal(criterion(pair, batch)[0], want)

    def test_batch__repeated_changes_nothing(self):
        """The loss is a mean over positives, neither a sum over images nor multiplied by their number."""
        criterion, batch, preds = build(Setting()), random_batch(), random_preds()
        once, _ = criterion(preds, batch)
        double = {k: [torch.cat((f, f)) for f in v] if k == "feats" else torch.cat((v, v)) for k, v in preds.items()}
        twice, _ = criterion(
            double,
            {
                "batch_idx": torch.cat((batch["batch_idx"], batch["batch_idx"] + 3)),
                "cls": torch.cat((batch["cls"],) * 2),
                "bboxes": torch.cat((batch["bboxes"],) * 2),
            },
        )
        torch.testing.assert_close(twice, once, rtol=1e-6, atol=0)

    def test_perfect_prediction__costs_nothing(self):
        """A box 1.5 cells of 8 px around a point: bins 1 and 2 with 1/2 each, score 1; all other boxes are empty."""
        preds = random_preds(images=1, size=(64, 64), aux=False)
        boxes, scores = torch.zeros(1, 4, 8, 85), torch.full((1, 3, 85), -30.0)
        boxes[:, :, 0] = 40.0
        point = 8 * 3 + 4  # row 3, column 4 of the first level: (36, 28) px
        boxes[..., point] = torch.tensor([-40.0, 0, 0, -40, -40, -40, -40, -40])
        scores[0, 2, point] = 30.0
        preds |= {"boxes": boxes.flatten(1, 2), "scores": scores}
        box = torch.tensor([[36, 28, 24, 24]]) / 64
        batch = {"batch_idx": torch.zeros(1), "cls": torch.tensor([[2.0]]), "bboxes": box}
        terms, _ = build(Setting())(preds, batch)
        # dfl cannot fall below the entropy of the two halves
        assert terms.tolist() == pytest.approx([0, 0.25 * torch.tensor(2.0).log().item(), 0, 0], abs=1e-5)


NONE = {"batch_idx": torch.zeros(0), "cls": torch.zeros(0, 1), "bboxes": torch.zeros(0, 4)}
BETWEEN_POINTS = {
    "batch_idx": torch.tensor([1.0]),
    "cls": torch.tensor([[0.0]]),
    "bboxes": torch.tensor([[0.2, 0.2, 0.02, 0.02]]),  # 12.16 to 13.44 px; the next points are at 12 and 16
}


class TestMemory:
    """The largest tensors of a loss are maps of all pairs of an anchor point and an object."""

    @pytest.mark.parametrize("objects", [400, 1600])
    def test_many_objects__no_more_than_stock(self, objects):
        stock = DetectionModel("yolov8n.yaml", nc=6, verbose=False)
        assert self.peak(build_lidd(nc=6), objects) <= self.peak(stock, objects)

    @staticmethod
    def peak(network, objects, images=2, side=320):
        """Return the bytes that the loss of a batch needs at most, its network's output not counted."""
        network.args = get_cfg()
        batch = random_batch(counts=(objects,) * images, nc=6)
        batch["batch_idx"], batch["bboxes"][:, 2:] = batch["batch_idx"].sort().values, 16 / side
        with torch.no_grad():
            preds = network.train()(torch.zeros(images, 3, side, side))
            criterion = network.init_criterion()
            with PeakMemory() as memory:
                criterion(preds, batch)
        return memory.peak


class TestNothingToLearn:
    @pytest.mark.parametrize("batch", [NONE, BETWEEN_POINTS])
    @pytest.mark.parametrize("aux", [True, False])
    def test_terms__only_background(self, batch, aux):
        preds = random_preds(aux=aux, size=(64, 64))
        terms, items = build(Setting())(preds, batch)
        background = preds["scores"].detach()
        want = (torch.nn.functional.softplus(background) * background.sigmoid() ** 2).sum()
        assert terms[0].item() == pytest.approx(want.item(), rel=1e-6)
        assert items["dfl_loss"] == items["box_loss"] == 0
        terms.sum().backward()
        for name in PREDICTIONS[: 4 if aux else 2]:
            gradient = preds[name].grad  # None would make distributed training wait for ever
            assert gradient.isfinite().all()
            assert ("scores" in name) == (gradient.abs().max() > 0).item()


class TestPrecision:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half__as_float32(self, dtype):
        criterion, batch = build(Setting()), random_batch()
        half = {
            k: [f.to(dtype) for f in v] if k == "feats" else v.detach().to(dtype) for k, v in random_preds().items()
        }
        got, _ = criterion(half, batch)
        single = {k: [f.float() for f in v] if k == "feats" else v.float() for k, v in half.items()}
        assert got.dtype == torch.float32
        assert torch.equal(got, criterion(single, batch)[0])

    def test_autocast__changes_nothing(self):
        criterion, batch, preds = build(Setting()), random_batch(), random_preds()
        want, _ = criterion(preds, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            got, _ = criterion(preds, batch)
        assert torch.equal(got, want)

    def test_extreme_logits__finite(self):
        preds = random_preds()
        wide = {k: v if k == "feats" else (v.detach().sign() * 100).requires_grad_() for k, v in preds.items()}
        terms, _ = build(Setting())(wide, random_batch())
        assert terms.isfinite().all()
        assert all(g.isfinite().all() for g in gradients(terms.sum(), wide))


class TestProcesses:
    @pytest.fixture
    def three_times_as_many_elsewhere(self, monkeypatch):
        """Pretend a second process whose sums are three times ours: the total of both is four times ours."""
        monkeypatch.setattr(torch.distributed, "is_available", lambda: True)
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "all_reduce", lambda value: value.mul_(4))

    @pytest.mark.parametrize("aux", [True, False])
    def test_training__normalised_by_the_total(self, aux, request):
        criterion, batch, preds = build(Setting()), random_batch(), random_preds(aux=aux)
        alone, _ = criterion(preds, batch)
        request.getfixturevalue("three_times_as_many_elsewhere")
        together, _ = criterion(preds, batch)
        torch.testing.assert_close(together, alone / 4, rtol=1e-6, atol=0)

    def test_validation__does_not_wait(self, request):
        criterion, batch, preds = build(Setting()), random_batch(), random_preds(aux=False)
        want, _ = criterion(preds, batch)
        request.getfixturevalue("three_times_as_many_elsewhere")
        with torch.no_grad():
            assert torch.equal(criterion(preds, batch)[0], want)


class TestPadTargets:
    def test_value__by_hand(self):
        """Objects of images 2, 0, 2 in a batch of four images of 100 x 50 px."""
        batch = {
            "batch_idx": torch.tensor([2.0, 0.0, 2.0]),
            "cls": torch.tensor([[5.0], [1.0], [3.0]]),
            "bboxes": torch.tensor([[0.5, 0.5, 0.2, 0.4], [0.1, 0.2, 0.2, 0.4], [0.9, 0.9, 0.2, 0.2]]),
        }
        labels, boxes, mask = pad_targets(batch, 4, (100, 50), torch.device("cpu"))
        assert labels.tolist() == [[1, 0], [0, 0], [5, 3], [0, 0]]
        assert mask.tolist() == [[True, False], [False, False], [True, True], [False, False]]
        want = torch.zeros(4, 2, 4)
        want[0, 0] = torch.tensor([0.0, 0, 20, 20])
        want[2, 0] = torch.tensor([40.0, 15, 60, 35])
        want[2, 1] = torch.tensor([80.0, 40, 100, 50])
        torch.testing.assert_close(boxes, want, rtol=0, atol=1e-4)
        assert labels.dtype == torch.int64

    def test_shape__no_objects(self):
        labels, boxes, mask = pad_targets(NONE, 3, (64, 64), torch.device("cpu"))
        assert (labels.shape, boxes.shape, mask.shape) == ((3, 0), (3, 0, 4), (3, 0))

    def test_batch__unchanged(self):
        batch = random_batch()
        before = {k: v.clone() for k, v in batch.items()}
        pad_targets(batch, 3, (64, 96), torch.device("cpu"))
        assert all(torch.equal(batch[k], before[k]) for k in batch)


def random_teacher(preds, setting, *, classes, bins=12):
    """Return what a teacher with the student's levels, other bins and some of its classes says."""
    generator = torch.Generator().manual_seed(9)
    images, points = preds["boxes"].shape[0], preds["boxes"].shape[2]
    maps = [(float(s), *f.shape[2:]) for s, f in zip(setting.strides, preds["feats"], strict=True)]
    places = [((x + 0.5) * s, (y + 0.5) * s) for s, h, w in maps for y in range(h) for x in range(w)]
    sides = torch.randn(images, points, 4, bins, generator=generator).softmax(-1)
    return TeacherOutput(
        scores=torch.rand(images, points, len(classes), generator=generator),
        classes=torch.tensor(classes),
        sides=sides,
        distances=torch.arange(bins).float().expand_as(sides),
        points=torch.tensor(places),
        levels=tuple(Level(*level) for level in maps),
    )


class TestTeacher:
    @pytest.mark.parametrize("aux", [True, False])
    def test_term__of_both_heads(self, aux):
        """The weighted sum of both losses of each head over the summed scores; the other terms stay what they were."""
        setting = Setting()
        criterion, preds, batch = build(setting), random_preds(aux=aux, setting=setting), random_batch(nc=setting.nc)
        plain, _ = criterion(preds, batch)
        criterion.gains.distill_model, criterion.gains.dis = "teacher.pt", 2.0
        said = random_teacher(preds, setting, classes=[2, 0])
        terms, items = criterion(preds, {**batch, "teacher": said})
        assert tuple(items) == (*LOSS_NAMES, DISTILLATION)
        assert torch.equal(terms[:-1], plain)

        lesson = resample(said, said.points, said.levels, setting.bins)
        want = torch.zeros(())
        for head in ("", "aux_")[: 1 + aux]:
            sides = preds[f"{head}boxes"].transpose(1, 2).unflatten(-1, (4, setting.bins))
            want = want + sum(distillation_losses(preds[f"{head}scores"].transpose(1, 2), sides, lesson))
        want = 2 * want / lesson.weight.sum()
        assert lesson.weight.sum() > 1
        torch.testing.assert_close(terms[-1], want)
        for got, expected in zip(gradients(terms[-1], preds), gradients(want, preds), strict=True):
            assert expected.abs().max() > 0
            torch.testing.assert_close(got, expected)

    def test_term__zero_in_a_validation(self):
        """A validator has no teacher, and adds up as many items as the trainer has."""
        setting = Setting()
        criterion = build(setting)
        criterion.gains.distill_model, criterion.gains.dis = "teacher.pt", 2.0
        terms, items = criterion(random_preds(setting=setting), random_batch(nc=setting.nc))
        assert len(terms) == len(items) == len(LOSS_NAMES) + 1
        assert items[DISTILLATION] == 0
