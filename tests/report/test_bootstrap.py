"""Paired bootstrap: what it must find, what it must not, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from lidd_yolo.report.average_precision import resampled_figures
from lidd_yolo.report.bootstrap import (
    Difference,
    aligned,
    draw_weights,
    mean_figures,
    paired_difference,
    same_pictures,
)
from tests.helpers.evidence import make_evidence
from tests.helpers.paired import paired_bootstrap


class TestDifference:
    @pytest.mark.parametrize(
        ("low", "high", "told"),
        [(0.01, 0.05, "A is higher"), (-0.05, -0.01, "B is higher"), (-0.01, 0.05, "no difference shown")],
    )
    def test_verdict(self, low, high, told):
        assert Difference((low + high) / 2, low, high).verdict("A", "B") == told

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


def _share(found, seed):
    """Return the share of found objects in resamples of the pictures."""
    return draw_weights(len(found), 400, seed) @ found / len(found)


class TestDrawWeights:
    def test_draw_weights__as_many_pictures_as_there_are(self):
        weights = draw_weights(7, 20, seed=0)
        assert weights.shape == (21, 7)
        assert weights[0].tolist() == [1] * 7
        assert (weights.sum(axis=1) == 7).all()
        assert len({tuple(row) for row in weights}) > 15


class TestMeanFigures:
    def test_mean_figures__of_seeds(self, tmp_path):
        made = [make_evidence(tmp_path, quality=0.6, seed=seed) for seed in range(3)]
        weights = draw_weights(40, 3, seed=0)
        single = [resampled_figures(e, weights) for e in made]
        assert mean_figures(made, weights) == pytest.approx((single[0] + single[1] + single[2]) / 3)


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
    def test_same_pictures__order_of_the_labels_is_free(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.5)
        same_pictures([made, replace(made, truth_picture=made.truth_picture[::-1], truth_class=made.truth_class[::-1])])
