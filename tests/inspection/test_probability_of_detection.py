"""Probability of detection: against a published example and an independent likelihood, and where it gives no number."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import expit
from scipy.stats import chi2

from lidd_yolo.errors import InputError
from lidd_yolo.inspection import probability_of_detection as pod
from lidd_yolo.inspection.probability_of_detection import fit_detection_curve

# Bliss 1935, beetles after five hours of carbon disulphide, as in Dobson, An Introduction to Generalized Linear Models:
# decimal logarithm of the dose, number of beetles, number killed. The dose is the size, a kill is a hit.
DOSE = (1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.8610, 1.8839)
BEETLES = (59, 60, 62, 56, 63, 59, 62, 60)
KILLED = (6, 13, 18, 28, 52, 53, 61, 60)


def beetles():
    sizes = 10.0 ** np.repeat(DOSE, BEETLES)
    return sizes, np.concatenate([np.arange(n) < k for n, k in zip(BEETLES, KILLED, strict=True)])


def made_up(seed, count, *, middle=15.0, slope=3.0):
    """Return sizes of 5 to 80 px, even in their logarithms, and which defects were found."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(math.log(5), math.log(80), count))
    return sizes, rng.random(count) < expit(slope * (np.log(sizes) - math.log(middle)))


def loss(parameters, x, found):
    """Return the negative log-likelihood, written out."""
    p = np.clip(expit(parameters[0] + parameters[1] * x), 1e-300, 1 - 1e-16)
    return -np.log(np.where(found, p, 1 - p)).sum()


def profiled(at, logit, x, found):
    """Return the least negative log-likelihood of the curves through one point."""
    return minimize_scalar(lambda slope: loss((logit - slope * at, slope), x, found), (0.5, 3), tol=1e-10).fun


class TestPublishedExample:
    def test_coefficients_and_standard_errors(self):
        """-60.72 (5.18) and 34.27 (2.91), deviance 11.23 over that of a share for each dose."""
        sizes, found = beetles()
        fit = pod._fit(np.stack([np.ones(len(sizes)), np.log10(sizes)], 1), found)
        assert fit.beta == pytest.approx([-60.72, 34.27], abs=0.005)
        assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([5.18, 2.91], abs=0.005)
        n, k = np.array(BEETLES), np.array(KILLED)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.nan_to_num(k * np.log(k / n)) + np.nan_to_num((n - k) * np.log(1 - k / n))
        assert fit.deviance + 2 * parts.sum() == pytest.approx(11.23, abs=0.005)

    def test_median_dose(self):
        curve = fit_detection_curve(*beetles())
        assert (curve.hits, curve.misses) == (sum(KILLED), sum(BEETLES) - sum(KILLED))
        assert curve.a50.value == pytest.approx(10 ** (60.72 / 34.27), rel=1e-3)


class TestIndependentLikelihood:
    @pytest.mark.parametrize(("seed", "count"), [(4, 80), (1, 200), (2, 500)])
    def test_as_scipy(self, seed, count):
        sizes, found = made_up(seed, count)
        curve = fit_detection_curve(sizes, found)
        x = np.log(sizes) if curve.scale == "log" else sizes
        size = np.exp if curve.scale == "log" else np.asarray
        words = {"method": "Nelder-Mead", "options": {"xatol": 1e-9, "fatol": 1e-11, "maxiter": 10000}}
        best = minimize(loss, (0, 0.1), (x, found), **words)
        assert (curve.intercept, curve.slope) == pytest.approx(tuple(best.x), rel=1e-4)
        assert curve.deviance == pytest.approx(2 * best.fun)
        ninety = (math.log(9) - best.x[0]) / best.x[1]
        assert curve.a50.value == pytest.approx(float(size(-best.x[0] / best.x[1])), rel=1e-4)
        assert curve.a90.value == pytest.approx(float(size(ninety)), rel=1e-4)
        for level, end, way in (
            (0.90, curve.a90_95, 1),
            (0.95, curve.a90.high, 1),
            (0.95, curve.a90.low, -1),
        ):
            limit = best.fun + chi2.ppf(level, 1) / 2
            far = ninety + way * (1.5 if curve.scale == "log" else 60)
            root = brentq(lambda at, top=limit: profiled(at, math.log(9), x, found) - top, ninety, far)
            assert end == pytest.approx(float(size(root)), rel=2e-3)

    def test_curve__its_lower_bound_reaches_90_at_a90_95(self):
        curve = fit_detection_curve(*made_up(1, 200))
        assert np.interp(curve.a90_95, curve.sizes, curve.low) == pytest.approx(0.9, abs=2e-3)
        assert np.interp(curve.a90.value, curve.sizes, curve.pod) == pytest.approx(0.9, abs=2e-3)
        assert (curve.low < curve.pod).all()
        assert (curve.pod < curve.high).all()

    def test_unit__only_scales(self):
        sizes, found = made_up(1, 200)
        pixels, mm = fit_detection_curve(sizes, found), fit_detection_curve(sizes * 0.05, found)
        assert mm.a90_95 == pytest.approx(pixels.a90_95 * 0.05, rel=1e-4)


class TestScale:
    def test_log__in_doubt(self):
        """The size itself fits these defects slightly better."""
        sizes, found = made_up(0, 60)
        fits = [pod._fit(np.stack([np.ones(60), x], 1), found).deviance for x in (np.log(sizes), sizes)]
        assert 0 < fits[0] - fits[1] < 3.84
        assert fit_detection_curve(sizes, found).scale == "log"

    def test_linear__where_it_is_clear(self):
        rng = np.random.default_rng(0)
        sizes = rng.uniform(1, 100, 800)
        curve = fit_detection_curve(sizes, rng.random(800) < expit(0.08 * (sizes - 40)))
        assert curve.scale == "linear"
        assert curve.a90.low < 40 + math.log(9) / 0.08 < curve.a90.high


class TestGroups:
    def test_copies__make_it_no_surer(self):
        """Five shots of each defect, all alike: as sure as one shot, where the naive fit is far too sure."""
        sizes, found = made_up(1, 150)
        once = fit_detection_curve(sizes, found)
        five = fit_detection_curve(np.repeat(sizes, 5), np.repeat(found, 5), np.repeat(np.arange(150), 5))
        naive = fit_detection_curve(np.repeat(sizes, 5), np.repeat(found, 5))
        assert five.a90.value == pytest.approx(once.a90.value)
        assert 3 < five.design_effect < 8
        assert five.a90_95 - five.a90.value == pytest.approx(once.a90_95 - once.a90.value, rel=0.25)
        assert naive.a90_95 - naive.a90.value < 0.6 * (once.a90_95 - once.a90.value)

    def test_few_groups(self):
        sizes, found = made_up(1, 150)
        curve = fit_detection_curve(sizes, found, np.arange(150) % 9)
        assert curve.warnings == ("The defects are in 9 groups, too few: 10 are needed.",)
        assert curve.slope is None


class TestNoNumber:
    """A sentence and no size: each of these gave one if the check were not there."""

    def test_too_few(self):
        sizes, found = made_up(0, 39)
        assert "are too few: 40 defects are needed" in fit_detection_curve(sizes, found).warnings[0]
        few_misses = fit_detection_curve(np.arange(1, 101), np.arange(100) != 30)
        assert few_misses.warnings[0].startswith("99 hits and 1 misses are too few")

    def test_separated(self):
        sizes = np.arange(1.0, 61)
        curve = fit_detection_curve(sizes, sizes > 30)
        assert curve.warnings == ("Hits and misses do not overlap in size, so no curve is the most likely one.",)
        assert curve.a90_95 is None
        assert fit_detection_curve(sizes, sizes < 30).warnings == curve.warnings
        assert fit_detection_curve(np.full(60, 7.0), sizes > 30).warnings == curve.warnings

    def test_falling(self):
        sizes, found = made_up(1, 200)
        curve = fit_detection_curve(sizes, ~found)
        assert curve.warnings[0].startswith("The probability of detection does not rise with size")
        assert (curve.a50, curve.a90, curve.a90_95) == (None, None, None)

    def test_turning(self):
        """Large defects, larger than a tile, are missed again."""
        rng = np.random.default_rng(0)
        sizes = np.exp(rng.uniform(1, 5, 400))
        found = rng.random(400) < expit(4 - 2 * (np.log(sizes) - 3.5) ** 2)
        curve = fit_detection_curve(sizes, found)
        assert curve.warnings[0].startswith("The probability of detection rises and falls with size")
        assert curve.a90 is None

    def test_unsure(self):
        """A slope that chance may have made."""
        rng = np.random.default_rng(3)
        curve = fit_detection_curve(np.exp(rng.uniform(1, 4, 80)), rng.random(80) < 0.7)
        assert curve.a90_95 is None
        assert len(curve.warnings) == 1

    def test_beyond_the_sizes(self):
        sizes, found = made_up(1, 400, middle=40.0)
        curve = fit_detection_curve(sizes, found)
        assert curve.a50 is not None
        assert (curve.a90, curve.a90_95) == (None, None)
        assert curve.warnings[0] == "a90 is above the largest defect that was there, and is not given."
        small = fit_detection_curve(*made_up(1, 2000, middle=1.5))
        assert small.a50 is None
        assert small.warnings[0] == "a50 is below the smallest defect that was there, and is not given."

    def test_refused(self):
        with pytest.raises(InputError, match="above 0"):
            fit_detection_curve(np.array([0.0, 1.0]), np.array([True, False]))
        with pytest.raises(InputError, match="2 sizes of 1 defects"):
            fit_detection_curve(np.array([2.0, 1.0]), np.array([True]))


class TestCoverage:
    @pytest.mark.slow
    @pytest.mark.parametrize(("count", "least"), [(60, 0.86), (150, 0.90), (400, 0.92)])
    def test_a90_95(self, count, least):
        """How often it exceeds the true a90: 95 % with many defects, about 90 % with 60."""
        curves = [fit_detection_curve(*made_up(seed, count)) for seed in range(400)]
        bounds = np.array([curve.a90_95 for curve in curves if curve.a90_95 is not None])
        assert least <= (bounds >= 15 * math.exp(math.log(9) / 3)).mean() <= 0.985
