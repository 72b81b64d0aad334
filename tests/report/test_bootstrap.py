"""Paired bootstrap: what it must find and what it must not, what it refuses, and the precision of its resamples."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm, t
from ultralytics.utils.metrics import ap_per_class, compute_ap

from lidd_yolo.report import bootstrap
from lidd_yolo.report.bootstrap import (
    FEWEST_GROUPS,
    Difference,
    aligned,
    draw_weights,
    figures_of,
    groups_of,
    paired_difference,
    resampled_figures,
    same_pictures,
)
from lidd_yolo.results.evidence import Evidence
from tests.helpers.evidence import make_evidence
from tests.helpers.paired import paired_bootstrap


class TestDifference:
    @pytest.mark.parametrize(
        ("low", "high", "told"),
        [(0.01, 0.05, "A is higher"), (-0.05, -0.01, "B is higher"), (-0.01, 0.05, "no difference shown")],
    )
    def test_verdict(self, low, high, told):
        assert Difference((low + high) / 2, low, high).verdict("A", "B") == told

    def test_text(self):
        assert Difference(0.05, -0.01, 0.1104).text == "+0.050 (−0.010 to +0.110)"

    def test_verdict__nothing_at_all(self):
        assert Difference(0, 0, 0).verdict("A", "B") == "no difference shown"


class TestPairedBootstrap:
    def test_paired_bootstrap__better_network(self, tmp_path):
        good, bad = (make_evidence(tmp_path, quality=q, seed=1) for q in (0.9, 0.4))
        map50, map50_95 = paired_bootstrap([good], [bad], resamples=200)
        assert map50.verdict("good", "bad") == map50_95.verdict("good", "bad") == "good is higher"
        back, _ = paired_bootstrap([bad], [good], resamples=200)
        assert (back.value, back.low, back.high) == pytest.approx((-map50.value, -map50.high, -map50.low))

    def test_paired_bootstrap__same_quality(self, tmp_path):
        first, second = (make_evidence(tmp_path, quality=0.6, seed=seed) for seed in (1, 2))
        assert all(not d.shown for d in paired_bootstrap([first], [second], resamples=200))

    def test_paired_bootstrap__value_is_that_of_the_whole_set(self, tmp_path):
        first, other, second = (make_evidence(tmp_path, quality=q, seed=s) for q, s in ((0.8, 1), (0.7, 2), (0.5, 3)))
        whole = np.ones((1, 40), dtype=np.int32)
        a, b, c = (resampled_figures(e, whole)[0] for e in (first, other, second))
        found = paired_bootstrap([first, other], [second], resamples=10)
        assert [d.value for d in found] == pytest.approx((a + b) / 2 - c)

    def test_paired_bootstrap__seeded(self, tmp_path):
        first, second = (make_evidence(tmp_path, quality=q) for q in (0.6, 0.5))
        assert paired_bootstrap([first], [second], resamples=50) == paired_bootstrap([first], [second], resamples=50)
        assert paired_bootstrap([first], [second], resamples=50) != paired_bootstrap(
            [first], [second], resamples=50, seed=1
        )

    def test_paired_bootstrap__order_of_the_pictures(self, tmp_path):
        first, second = (make_evidence(tmp_path, quality=q) for q in (0.6, 0.5))
        back = np.arange(40)[::-1]
        turned = replace(
            second,
            pictures=second.pictures[back],
            truth_picture=back[second.truth_picture].astype(np.int32),
            found_picture=back[second.found_picture].astype(np.int32),
        )
        assert paired_bootstrap([first], [turned], resamples=50) == paired_bootstrap([first], [second], resamples=50)

    def test_paired_bootstrap__interval_holds_the_truth_as_often_as_it_says(self):
        """One object in each picture, found or not: mAP50 is the share found, up to the grid of recalls."""
        rng, held = np.random.default_rng(0), 0
        for seed in range(100):
            figures = [_share(found, seed) for found in rng.random((2, 100)) < 0.5]
            held += not paired_difference(*figures).shown
        assert 88 <= held <= 99

    def test_paired_bootstrap__copies_in_one_group_add_nothing(self, tmp_path):
        """Every picture three times: the precision curve keeps its shape, so does every resample, so does the interval.

        Taken as independent, three times as many pictures make the interval narrower, by a root of three.
        """
        first, second = (make_evidence(tmp_path, quality=q, seed=1) for q in (0.7, 0.5))
        single = paired_bootstrap([first], [second], resamples=300)
        copied = [_three_times(evidence) for evidence in (first, second)]
        for one, same in zip(single, paired_bootstrap(*[[e] for e in copied], resamples=300), strict=True):
            assert (same.value, same.low, same.high) == pytest.approx((one.value, one.low, one.high), abs=1e-12)
        alone = [replace(evidence, groups=None) for evidence in copied]
        for one, narrow in zip(single, paired_bootstrap(*[[e] for e in alone], resamples=300), strict=True):
            assert (narrow.high - narrow.low) / (one.high - one.low) == pytest.approx(3**-0.5, abs=0.12)

    def test_paired_bootstrap__each_picture_a_group_is_no_group(self, tmp_path):
        first, second = (make_evidence(tmp_path, quality=q) for q in (0.6, 0.5))
        stated = replace(first, groups=np.arange(40, dtype=np.int32)[::-1].copy())
        assert paired_bootstrap([stated], [second], resamples=50) == paired_bootstrap([first], [second], resamples=50)

    def test_paired_bootstrap__order_of_the_pictures_and_their_groups(self, tmp_path):
        first, second = (make_evidence(tmp_path, quality=q) for q in (0.6, 0.5))
        grouped = [replace(e, groups=(np.arange(40) // 3).astype(np.int32)) for e in (first, second)]
        back = np.arange(40)[::-1]
        turned = replace(
            grouped[1],
            pictures=second.pictures[back],
            truth_picture=back[second.truth_picture].astype(np.int32),
            found_picture=back[second.found_picture].astype(np.int32),
            groups=grouped[1].groups[back],
        )
        found = paired_bootstrap([grouped[0]], [turned], resamples=50)
        assert found == paired_bootstrap([grouped[0]], [grouped[1]], resamples=50)
        assert found != paired_bootstrap([first], [second], resamples=50)

    def test_paired_bootstrap__interval_of_groups_holds_the_truth(self):
        """Groups of four pictures that are found or missed together; without their groups the interval is too sure."""
        rng, held, without = np.random.default_rng(0), 0, 0
        for seed in range(100):
            found = np.repeat(rng.random((2, 50)) < 0.5, 4, axis=1)
            held += not paired_difference(*(_share(f, seed, np.arange(200) // 4) for f in found)).shown
            without += not paired_difference(*(_share(f, seed) for f in found)).shown
        assert 88 <= held <= 99
        assert without <= 80

    @pytest.mark.parametrize(("groups", "share"), [(5, 0.84), (FEWEST_GROUPS, 0.90), (30, 0.94)])
    def test_paired_bootstrap__few_groups_are_too_sure(self, groups, share):
        """The spread of n drawn values is short by sqrt((n-1)/n), and the normal quantile by that of Student's t."""
        reach = norm.ppf(0.975) * ((groups - 1) / groups) ** 0.5
        assert 1 - 2 * t.sf(reach, groups - 1) == pytest.approx(share, abs=0.007)
        weights, rng = draw_weights(np.arange(groups), 400, 0), np.random.default_rng(1)
        means = weights @ rng.normal(size=(groups, 2000)) / groups
        low, high = np.quantile(means[1:], [0.025, 0.975], axis=0)
        assert ((low <= 0) & (high >= 0)).mean() == pytest.approx(share, abs=0.03)

    def test_paired_bootstrap__other_pictures(self, tmp_path):
        first, second = make_evidence(tmp_path, quality=0.6), make_evidence(tmp_path, quality=0.6, pictures=39)
        with pytest.raises(ValueError, match="different pictures"):
            paired_bootstrap([first], [second])

    def test_paired_bootstrap__other_labels(self, tmp_path):
        first = make_evidence(tmp_path, quality=0.6)
        with pytest.raises(ValueError, match="different labels"):
            paired_bootstrap([first], [replace(first, truth_class=first.truth_class[::-1].copy())])

    def test_paired_bootstrap__nothing(self, tmp_path):
        with pytest.raises(ValueError, match="no evidence"):
            paired_bootstrap([make_evidence(tmp_path, quality=0.6)], [])


def _share(found, seed, groups=None):
    """Return the share of found objects in resamples of the pictures."""
    groups = np.arange(len(found)) if groups is None else groups
    return draw_weights(groups, 400, seed) @ found / len(found)


def _three_times(evidence):
    """Return evidence of three copies of each picture, in one group."""
    count = len(evidence.pictures)
    parts = {name: np.tile(getattr(evidence, name), 3) for name in ("truth_class", "found_class", "confidence")}
    for name in ("truth_picture", "found_picture"):
        parts[name] = np.concatenate([getattr(evidence, name) + count * copy for copy in range(3)]).astype(np.int32)
    return replace(
        evidence,
        **parts,
        pictures=np.concatenate([np.char.add(f"{copy}_", evidence.pictures) for copy in range(3)]),
        correct=np.tile(evidence.correct, 3),
        groups=np.tile(np.arange(count, dtype=np.int32), 3),
    )


class TestDrawWeights:
    def test_draw_weights__as_many_pictures_as_there_are(self):
        weights = draw_weights(np.arange(7), 20, seed=0)
        assert weights.shape == (21, 7)
        assert weights[0].tolist() == [1] * 7
        assert (weights.sum(axis=1) == 7).all()
        assert len({tuple(row) for row in weights}) > 15

    def test_draw_weights__groups_are_drawn_whole(self):
        """Three groups of 3, 1 and 2 pictures: every resample draws three times, and a group's pictures alike."""
        weights = draw_weights(np.array([0, 1, 0, 2, 2, 0]), 500, seed=0)
        assert weights[0].tolist() == [1] * 6
        assert (weights[:, 0] == weights[:, 2]).all()
        assert (weights[:, 0] == weights[:, 5]).all()
        assert (weights[:, 3] == weights[:, 4]).all()
        assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all()
        assert len({tuple(row) for row in weights}) == 10  # ways to put three draws into three groups


class TestGroupsOf:
    def test_groups_of__numbered_in_the_order_of_the_pictures(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.5, pictures=5)
        stated = replace(made, groups=np.array([7, 2, 7, 0, 2], dtype=np.int32))
        assert groups_of([made, stated]).tolist() == [0, 1, 0, 2, 1]

    def test_groups_of__not_known(self, tmp_path):
        assert groups_of([make_evidence(tmp_path, quality=0.5)]) is None


class TestFiguresOf:
    def test_figures_of__mean_over_seeds(self, tmp_path):
        made = [make_evidence(tmp_path, quality=0.6, seed=seed) for seed in range(3)]
        weights = draw_weights(np.arange(40), 3, seed=0)
        single = [resampled_figures(e, weights) for e in made]
        figures = figures_of({"a": made}, weights)["a"]
        mean = (single[0] + single[1] + single[2]) / 3
        assert (figures["map50"], figures["map"]) == (pytest.approx(mean[:, 0]), pytest.approx(mean[:, 1]))


class TestPairedDifference:
    def test_paired_difference__quantiles_by_hand(self):
        # resampled differences 0, 0.01 ... 1.00: the quantiles 0.025 and 0.975 lie at 0.025 and 0.975
        first = np.concatenate([[0.4], np.linspace(0, 1, 101)])
        assert paired_difference(first, np.zeros(102)) == Difference(0.4, pytest.approx(0.025), pytest.approx(0.975))

    def test_paired_difference__no_object(self):
        with pytest.raises(ValueError, match="no object"):
            paired_difference(np.full(3, np.nan), np.zeros(3))


class TestAligned:
    def test_aligned__different_pictures(self, tmp_path):
        made = [make_evidence(tmp_path, quality=0.5, pictures=count) for count in (5, 6)]
        with pytest.raises(ValueError, match="different pictures"):
            aligned(made)


class TestSamePictures:
    def test_same_pictures__numbers_of_the_groups_are_free(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.5, pictures=4)
        groups = ([0, 0, 1, 2], [5, 5, 3, 4], [0, 1, 1, 2])
        one, same, other = (replace(made, groups=np.array(numbers, dtype=np.int32)) for numbers in groups)
        same_pictures([made, one, same])
        with pytest.raises(ValueError, match="grouped differently"):
            same_pictures([one, made, other])

    def test_same_pictures__order_of_the_labels_is_free(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.5)
        same_pictures([made, replace(made, truth_picture=made.truth_picture[::-1], truth_class=made.truth_class[::-1])])


ENDS_AT_LAST_POINT = compute_ap(np.array([0.5]), np.array([1.0]))[0] < 0.6


def evidence(found, labels, pictures=2):
    """Return evidence of one class; ``found`` holds (picture, confidence, correct at all thresholds)."""
    return Evidence(
        pictures=np.array([f"{i}.jpg" for i in range(pictures)]),
        truth_picture=np.array(labels, dtype=np.int32),
        truth_class=np.zeros(len(labels), dtype=np.int16),
        found_picture=np.array([f[0] for f in found], dtype=np.int32),
        found_class=np.zeros(len(found), dtype=np.int16),
        confidence=np.array([f[1] for f in found], dtype=np.float32),
        correct=np.array([1023 if f[2] else 0 for f in found], dtype=np.uint16),
        mask_correct=None,
    )


def ones(made):
    return np.ones((1, len(made.pictures)), dtype=np.int32)


def naive(made, drawn):
    """Return mAP50 and mAP50-95 of a list of drawn pictures: loops over copies, thresholds and recalls."""
    figures = []
    for number in sorted({int(c) for p in drawn for c in made.truth_class[made.truth_picture == p]}):
        labels = sum(int(((made.truth_picture == p) & (made.truth_class == number)).sum()) for p in drawn)
        copies = [
            (made.confidence[d], d)
            for p in drawn
            for d in np.flatnonzero((made.found_picture == p) & (made.found_class == number))
        ]
        copies.sort(key=lambda c: (-c[0], c[1]))
        for k in range(10):
            points, hits = [], 0
            for place, (_, d) in enumerate(copies, 1):
                hits += int(made.correct[d]) >> k & 1
                points.append((hits / labels, hits / place))
            read = [max((p for r, p in points if r > x), default=0.0) for x in np.linspace(0, 1, 101)]
            figures.append((number, k, sum((a + b) / 2 for a, b in pairwise(read)) / 100))
    at50 = [f for _, k, f in figures if k == 0]
    return np.mean(at50), np.mean([f for *_, f in figures])


def from_ultralytics(made):
    correct = (made.correct[:, None] >> np.arange(10)) & 1
    found = ap_per_class(correct.astype(bool), made.confidence, made.found_class, made.truth_class)[5]
    return found[:, 0].mean(), found.mean()


class TestResampledFigures:
    def test_resampled_figures__by_hand(self):
        # two objects; right, wrong, right. Recall below 0.5: precision 1; below 1: 2/3; at 1: 0.
        # grid points 0 ... 0.49 read 1 (recall 0 counts half: 49.5), 0.50 ... 0.99 read 2/3 (50)
        made = evidence([(0, 0.9, True), (0, 0.8, False), (1, 0.7, True)], labels=[0, 1])
        assert resampled_figures(made, ones(made)) == pytest.approx(np.full((1, 2), (49.5 + 50 * 2 / 3) / 100))

    def test_resampled_figures__picture_drawn_twice(self):
        made = evidence([(0, 0.9, True), (0, 0.8, False), (1, 0.7, True)], labels=[0, 1])
        # the first picture twice: 2 objects, right right wrong wrong; the second twice: right right
        figures = resampled_figures(made, np.array([[2, 0], [0, 2]], dtype=np.int32))
        assert figures[:, 0] == pytest.approx([0.995, 0.995])

    def test_resampled_figures__nothing_found(self):
        made = evidence([], labels=[0, 1])
        assert resampled_figures(made, ones(made)).tolist() == [[0, 0]]

    def test_resampled_figures__no_object_drawn(self):
        made = evidence([(0, 0.9, False)], labels=[1])
        figures = resampled_figures(made, np.array([[2, 0], [1, 1]], dtype=np.int32))
        assert np.isnan(figures[0]).all()
        assert figures[1].tolist() == [0, 0]

    def test_resampled_figures__class_without_labels_does_not_count(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.7)
        before = resampled_figures(made, ones(made))
        made.found_class[made.correct == 0] = 17
        assert (resampled_figures(made, ones(made)) > before).all()

    @pytest.mark.parametrize("quality", [0.15, 0.5, 0.9])
    def test_resampled_figures__equal_to_naive_loops(self, tmp_path, quality):
        made = make_evidence(tmp_path, quality=quality, pictures=12)
        weights = np.random.default_rng(1).multinomial(12, [1 / 12] * 12, size=5).astype(np.int32)
        loops = [naive(made, [p for p, times in enumerate(row) for _ in range(times)]) for row in weights]
        assert resampled_figures(made, weights) == pytest.approx(np.array(loops), abs=1e-12)

    @pytest.mark.skipif(not ENDS_AT_LAST_POINT, reason="this Ultralytics adds a line from the last point to recall 1")
    @pytest.mark.parametrize("quality", [0, 0.15, 0.5, 0.9, 1])
    @pytest.mark.parametrize("noise", [0, 1, 30])
    def test_resampled_figures__equal_to_ultralytics(self, tmp_path, quality, noise):
        made = make_evidence(tmp_path, quality=quality, noise=noise, pictures=100, seed=3)
        if len(made.confidence) == 0:
            assert resampled_figures(made, ones(made)).tolist() == [[0, 0]]
        else:
            assert resampled_figures(made, ones(made))[0] == pytest.approx(from_ultralytics(made), abs=1e-12)

    @pytest.mark.skipif(not ENDS_AT_LAST_POINT, reason="this Ultralytics adds a line from the last point to recall 1")
    @pytest.mark.parametrize("labels", [7, 10, 25, 29, 50, 100])
    def test_resampled_figures__recalls_on_the_grid(self, labels):
        """Where a recall falls on a hundredth, rounding must go the way it goes in Ultralytics."""
        found = [(0, 1 - i / 1000, i % 3 != 2) for i in range(labels)]
        made = evidence(found, labels=[0] * labels)
        assert resampled_figures(made, ones(made))[0] == pytest.approx(from_ultralytics(made), abs=1e-12)

    def test_resampled_figures__in_parts(self, tmp_path, monkeypatch):
        made = make_evidence(tmp_path, quality=0.6)
        weights = np.random.default_rng(1).multinomial(40, [1 / 40] * 40, size=30).astype(np.int32)
        whole = resampled_figures(made, weights)
        monkeypatch.setattr(bootstrap, "_CELLS", 2 * len(made.confidence))
        assert np.array_equal(resampled_figures(made, weights), whole)

    def test_resampled_figures__masks(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.8, masks=True)
        boxes, masks = resampled_figures(made, ones(made)), resampled_figures(made, ones(made), masks=True)
        assert masks[0, 1] < boxes[0, 1]

    def test_resampled_figures__masks_missing(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.8)
        with pytest.raises(ValueError, match="no masks"):
            resampled_figures(made, ones(made), masks=True)
