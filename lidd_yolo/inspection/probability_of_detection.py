"""Probability of detection (POD) over the size of a defect, from which defects were found: hit/miss analysis.

The model is that of MIL-HDBK-1823A (2009) for hit/miss data with the logit link: ``logit(POD) = intercept + slope *
x``, where ``x`` is the natural logarithm of the size, or the size itself if that makes the deviance smaller by more
than 3.84: in doubt the logarithm, whose ``a90`` is the larger one. Parameters are those of the highest likelihood,
their covariance is the inverse of the Fisher information. ``a50`` and ``a90`` are the sizes found with a probability
of 50 and 90 %; ``a90_95`` is the size that exceeds ``a90`` with 95 % confidence.

Bounds are by the likelihood ratio, as in the handbook: extremes over all parameters whose deviance exceeds the least
one by at most the quantile of chi-squared with one degree of freedom, 2.71 for a bound of 95 % and 3.84 for an
interval of 95 %. Where found and missed defects of one group are alike, this quantile is multiplied by the design
effect: the variance of ``logit(POD(a90))`` over groups (Liang and Zeger, *Biometrika* 73, 1986) over that of
independent defects, if that is above 1 (after Rao and Scott, *Annals of Statistics* 12, 1984).

The bounds are those of large samples: of simulated ``a90_95`` of 60, 150 and 400 independent defects, 90, 93 and 95 %
were above the true ``a90``.

No size is given, and a sentence says why, where it would mislead: too few defects, hits and misses that do not
overlap in size, a probability that falls with size or turns, and sizes beyond those that were there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.intervals import Interval
from lidd_yolo.inspection.pictures import Flags, Floats, Ints
from lidd_yolo.optional import load_extra

FEWEST = 40
"""Defects below which nothing is fitted."""
FEWEST_OF_A_KIND = 5
"""Hits, and misses, below which nothing is fitted."""
FEWEST_GROUPS = 10
"""Groups below which nothing is fitted."""

_BOUND, _INTERVAL = 2.705543454095404, 3.841458820694124  # chi-squared, one degree of freedom: 90 and 95 %
_TURNS = 6.634896601021213  # and 99 %: a second power of the size that is not there by chance
_LOGIT_90 = math.log(9)
_RAYS = 128
_POINTS = 60


@dataclass(frozen=True, eq=False)
class DetectionCurve:
    """A fit of the probability of detection; sizes in the unit of the defects' sizes.

    Args:
        hits: Defects found.
        misses: Defects missed.
        warnings: Sentences that say what is not given, and why.
        scale: ``log`` or ``linear``: what the logit is linear in; empty without a fit.
        intercept: Of the logit, None without a fit.
        slope: Of the logit, for each unit of the size or of its natural logarithm.
        covariance: ``(2, 2)`` of both, for independent defects.
        deviance: Twice the negative logarithm of the likelihood.
        design_effect: By how much groups of like defects make variances larger, at least 1.
        a50: Size found with 50 % and its 95 % interval, None where it cannot be told.
        a90: The same with 90 %.
        a90_95: Upper 95 % bound of ``a90``, None where it cannot be told.
        sizes: ``(K,)`` of the curve, from the smallest to the largest defect.
        pod: ``(K,)`` probability of detection.
        low: ``(K,)`` its lower 95 % bound; it reaches 90 % at ``a90_95``.
        high: ``(K,)`` its upper 95 % bound.
    """

    hits: int
    misses: int
    warnings: tuple[str, ...]
    scale: str = ""
    intercept: float | None = None
    slope: float | None = None
    covariance: Floats | None = None
    deviance: float | None = None
    design_effect: float = 1.0
    a50: Interval | None = None
    a90: Interval | None = None
    a90_95: float | None = None
    sizes: Floats | None = None
    pod: Floats | None = None
    low: Floats | None = None
    high: Floats | None = None


def fit_detection_curve(sizes: Floats, found: Flags, group: Ints | None = None) -> DetectionCurve:
    """Fit the probability of detection over size.

    Args:
        sizes: ``(T,)`` size of each defect, above 0, in any unit.
        found: ``(T,)`` whether it was found.
        group: ``(T,)`` its group; None for independent defects.

    Raises:
        ImportError: If SciPy is missing.
        InputError: If a size is not above 0, or there are not as many of each.
    """
    sizes, found = np.asarray(sizes, dtype=np.float64), np.asarray(found, dtype=bool)
    group = np.arange(len(sizes)) if group is None else np.unique(group, return_inverse=True)[1]
    if not len(sizes) == len(found) == len(group):
        raise InputError(f"{len(sizes)} sizes of {len(found)} defects in groups of {len(group)}")
    if not ((sizes > 0) & np.isfinite(sizes)).all():
        raise InputError("the size of a defect has to be a number above 0")
    hits, misses = int(found.sum()), int((~found).sum())
    if warning := _no_fit(sizes, found, group):
        return DetectionCurve(hits, misses, (warning,))
    fits = {scale: _fit(np.stack([np.ones(len(sizes)), x], 1), found) for scale, x in _scales(sizes).items()}
    if not (fits["log"].converged and fits["linear"].converged):
        return DetectionCurve(hits, misses, ("The fit does not converge.",))
    scale = "linear" if fits["log"].deviance - fits["linear"].deviance > _INTERVAL else "log"
    fit, x = fits[scale], _scales(sizes)[scale]
    effect = _design_effect(fit, x, found, group)
    curve = DetectionCurve(
        hits, misses, (), scale, float(fit.beta[0]), float(fit.beta[1]), fit.covariance, fit.deviance, effect
    )
    if warning := _not_rising(fit, x, found, effect):
        return replace(curve, warnings=(warning,))
    return _with_sizes(curve, fit, x, found)


@dataclass(frozen=True, eq=False)
class _Fit:
    beta: Floats
    covariance: Floats
    deviance: float
    converged: bool


def _scales(sizes: Floats) -> dict[str, Floats]:
    return {"log": np.log(sizes), "linear": sizes}


def _no_fit(sizes: Floats, found: Flags, group: Ints) -> str:
    hits, misses = int(found.sum()), int((~found).sum())
    if len(found) < FEWEST or min(hits, misses) < FEWEST_OF_A_KIND:
        return (
            f"{hits} hits and {misses} misses are too few: {FEWEST} defects are needed, at least {FEWEST_OF_A_KIND} of "
            "either kind."
        )
    if (groups := len(np.unique(group))) < FEWEST_GROUPS:
        return f"The defects are in {groups} groups, too few: {FEWEST_GROUPS} are needed."
    hit, miss = sizes[found], sizes[~found]
    if miss.max() <= hit.min() or hit.max() <= miss.min():
        return "Hits and misses do not overlap in size, so no curve is the most likely one."
    return ""


def _fit(design: Floats, found: Flags) -> _Fit:
    """Return the most likely coefficients of a logistic regression on the columns of ``(T, 2 or 3)``."""
    centre, spread = design.mean(0), design.std(0)
    centre[0], spread[0] = 0.0, 1.0
    scaled = (design - centre) / spread
    expit = load_extra("scipy.special", "inspect").expit

    def hessian(beta: Floats) -> Floats:
        p = expit(scaled @ beta)
        return np.asarray((scaled * (p * (1 - p))[:, None]).T @ scaled)

    result = load_extra("scipy.optimize", "inspect").minimize(
        lambda beta: _deviance(scaled @ beta, found) / 2,
        np.zeros(scaled.shape[1]),
        method="trust-exact",
        jac=lambda beta: scaled.T @ (expit(scaled @ beta) - found),
        hess=hessian,
        options={"gtol": 1e-8 * len(found)},
    )
    back = np.diag(1 / spread)
    back[0, 1:] = -centre[1:] / spread[1:]
    information = hessian(result.x)
    sure = bool(result.success) and np.linalg.cond(information) < 1e10
    covariance = back @ np.linalg.inv(information) @ back.T if sure else np.full_like(back, np.nan)
    return _Fit(back @ result.x, covariance, float(2 * result.fun), sure)


def _deviance(eta: Floats, found: Flags) -> Any:
    """Return twice the negative log-likelihood of logits ``(T, ...)``, summed over the defects."""
    hit = found.reshape(-1, *[1] * (eta.ndim - 1))
    return 2 * (np.logaddexp(0, eta) - hit * eta).sum(axis=0)


def _design_effect(fit: _Fit, x: Floats, found: Flags, group: Ints) -> float:
    groups = int(group.max()) + 1
    if groups == len(group) or fit.beta[1] == 0:
        return 1.0
    design = np.stack([np.ones(len(x)), x], 1)
    rest = design * (found - load_extra("scipy.special", "inspect").expit(design @ fit.beta))[:, None]
    sums = np.stack([np.bincount(group, weights=column) for column in rest.T], 1)
    robust = fit.covariance @ (sums.T @ sums) @ fit.covariance * groups / (groups - 1)
    at_90 = np.array([1.0, (_LOGIT_90 - fit.beta[0]) / fit.beta[1]])
    return float(max(1.0, (at_90 @ robust @ at_90) / (at_90 @ fit.covariance @ at_90)))


def _not_rising(fit: _Fit, x: Floats, found: Flags, effect: float) -> str:
    if fit.beta[1] <= 0:
        return "The probability of detection does not rise with size, so no size is found with 90 %."
    bent = _fit(np.stack([np.ones(len(x)), x, (x - x.mean()) ** 2], 1), found)
    turn = x.mean() - bent.beta[1] / (2 * bent.beta[2]) if bent.beta[2] else math.inf
    inside = np.quantile(x, 0.05) < turn < np.quantile(x, 0.95)
    if inside and fit.deviance - bent.deviance > _TURNS * effect:
        return "The probability of detection rises and falls with size, which no such curve describes."
    return ""


def _with_sizes(curve: DetectionCurve, fit: _Fit, x: Floats, found: Flags) -> DetectionCurve:
    unscaled = np.exp if curve.scale == "log" else np.asarray
    bound, interval = (_region(fit, x, found, limit * curve.design_effect) for limit in (_BOUND, _INTERVAL))
    grid = np.linspace(x.min(), x.max(), _POINTS)
    logits = bound[:, :1] + bound[:, 1:] * grid
    expit = load_extra("scipy.special", "inspect").expit
    least, most = float(np.exp(x.min()) if curve.scale == "log" else x.min()), float(unscaled(x.max()))
    curve = replace(
        curve,
        sizes=unscaled(grid),
        pod=expit(fit.beta[0] + fit.beta[1] * grid),
        low=expit(logits.min(0)),
        high=expit(logits.max(0)),
    )
    if (interval[:, 1] <= 0).any():
        why = "Whether the probability of detection rises with size is not sure, so no size is given."
        return replace(curve, warnings=(why,))
    found_at: dict[str, Any] = {}
    warnings = []
    for name, logit in (("a50", 0.0), ("a90", _LOGIT_90)):
        ends = unscaled((logit - interval[:, 0]) / interval[:, 1])
        value = float(unscaled((logit - fit.beta[0]) / fit.beta[1]))
        if least <= value <= most:
            found_at[name] = Interval(value, float(ends.min()), float(ends.max()))
        else:
            side = "below the smallest" if value < least else "above the largest"
            warnings.append(f"{name} is {side} defect that was there, and is not given.")
    upper = float(unscaled((_LOGIT_90 - bound[:, 0]) / bound[:, 1]).max())
    if least <= upper <= most:
        found_at["a90_95"] = upper
    else:
        side = "below the smallest" if upper < least else "above the largest"
        warnings.append(f"a90/95 is {side} defect that was there, and is not given.")
    return replace(curve, warnings=tuple(warnings), **found_at)


def _region(fit: _Fit, x: Floats, found: Flags, limit: float) -> Floats:
    """Return the rim of the parameters whose deviance is at most ``limit`` above the least one, shape ``(rays, 2)``.

    The deviance is convex, so from the most likely parameters every direction meets the rim once; Newton's steps reach
    it from outside.
    """
    angle = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False)
    ray = np.linalg.cholesky(fit.covariance) @ np.stack([np.cos(angle), np.sin(angle)])
    step = ray[0] + x[:, None] * ray[1]
    start = (fit.beta[0] + fit.beta[1] * x)[:, None]
    expit = load_extra("scipy.special", "inspect").expit
    length = np.full(_RAYS, math.sqrt(limit))
    for _ in range(50):
        eta = start + length * step
        over = _deviance(eta, found) - fit.deviance - limit
        change = over / (2 * ((expit(eta) - found[:, None]) * step).sum(0))
        length = length - change
        if (np.abs(change) <= 1e-9 * length).all():
            break
    return np.asarray(fit.beta + (length * ray).T)
