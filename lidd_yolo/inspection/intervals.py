"""How sure a share is, such as that of missed defects: 95 % intervals over groups, which are what is independent.

The share of ``x`` events among ``n`` units gets the interval that fewer, independent units would give:

* its variance is the jackknife's, which leaves out one group at a time (Cochran, *Sampling Techniques*, 1977, chapter
  6, for a ratio), so groups may differ in size;
* the effective number of units is ``share (1 - share) / variance``, at most ``n``, and is corrected for the degrees
  of freedom of the variance (Korn and Graubard, *Survey Methodology* 24, 1998);
* these degrees are ``2 G / (kurtosis - 1) - 1`` of the groups' contributions, between 1 and ``G - 1``, from the
  variance of a variance: where few groups hold all events, it is hardly known;
* groups of one unit each are independent units, as many as there are;
* at this number the interval is Jeffreys' (Brown, Cai and DasGupta, *Statistical Science* 16, 2001).

Without any event, or with nothing else, every group counts as one unit, whatever its size, and the interval is exact
(Clopper and Pearson 1934): nothing then tells how alike the units of a group are. A single event in a large group does
tell that they are not all alike, so its interval may end lower. The tests simulate what this covers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.errors import InputError
from lidd_yolo.optional import load_extra

LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval; where there is nothing to count, the figure is NaN, the interval everything."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Tally:
    """Events among units, in each of ``G`` groups, such as missed defects among the defects.

    Args:
        events: ``(G,)`` whole numbers.
        totals: ``(G,)`` at least as many; 0 for a group without a unit.
    """

    events: NDArray[np.int64]
    totals: NDArray[np.int64]

    @classmethod
    def over(cls, group: NDArray[np.int64], events: NDArray[Any], totals: NDArray[Any]) -> Tally:
        """Return the sums over the groups, given the group ``(P,)`` of every row of ``events`` and ``totals``."""
        sums = [np.bincount(group, weights=values).round().astype(np.int64) for values in (events, totals)]
        return cls(*sums)

    @property
    def event_count(self) -> int:
        """Events in all groups."""
        return int(self.events.sum())

    @property
    def total(self) -> int:
        """Units in all groups."""
        return int(self.totals.sum())

    @property
    def groups(self) -> int:
        """Groups with a unit."""
        return int((self.totals > 0).sum())

    @property
    def mean_of_groups(self) -> float:
        """Mean of the groups' shares, each group counted once whatever its size; NaN without a unit."""
        held = self.totals > 0
        return float((self.events[held] / self.totals[held]).mean()) if held.any() else math.nan

    def interval(self) -> Interval:
        """Return the share of the events and its interval.

        Raises:
            ImportError: If SciPy is missing.
        """
        held = self.totals > 0
        events, totals = self.events[held].astype(np.float64), self.totals[held].astype(np.float64)
        if not len(totals):
            return Interval(math.nan, 0.0, 1.0)
        share = float(events.sum() / totals.sum())
        if share in {0.0, 1.0}:
            unseen = 1 - _TAIL ** (1 / len(totals))
            return Interval(share, 0.0, unseen) if share == 0 else Interval(share, 1 - unseen, 1.0)
        if len(totals) == 1:
            return Interval(share, 0.0, 1.0)
        units = _effective_units(events, totals, share)
        a, b = share * units + 0.5, (1 - share) * units + 0.5
        quantile = load_extra("scipy.special", "inspect").betaincinv
        return Interval(share, min(float(quantile(a, b, _TAIL)), share), max(float(quantile(a, b, 1 - _TAIL)), share))


def difference_interval(first: Tally, second: Tally) -> Interval:
    """Return the share of the first minus that of the second, both counted on the same units, and a paired interval.

    The groups' differences give the jackknife's variance and its degrees of freedom as above, and the interval is
    Student's. Where all groups differ alike, as where none does, it reaches as far as that of a share without events.

    Raises:
        ImportError: If SciPy is missing.
        InputError: If the units are not the same.
    """
    if not np.array_equal(first.totals, second.totals):
        raise InputError("the two networks were not inspected on the same parts and defects")
    held = first.totals > 0
    totals, more = first.totals[held].astype(np.float64), (first.events - second.events)[held].astype(np.float64)
    if not len(totals):
        return Interval(math.nan, -1.0, 1.0)
    value = float(more.sum() / totals.sum())
    if len(totals) == 1:
        return Interval(value, -1.0, 1.0)
    variance, freedom = _jackknife(more, totals, value)
    half = float(load_extra("scipy.special", "inspect").stdtrit(freedom, 1 - _TAIL)) * math.sqrt(variance)
    half = half or 1 - _TAIL ** (1 / len(totals))
    return Interval(value, max(value - half, -1.0), min(value + half, 1.0))


def units_needed(share: float) -> int | None:
    """Return how many independent units without an event show, at 95 %, that the share of events is at most so much.

    From ``(1 - share) ** n <= 0.05``, about 3 / share (Hanley and Lippman-Hand, *JAMA* 249, 1983, the rule of three).
    None for a share of 0, which no number shows.
    """
    if share <= 0:
        return None
    return 1 if share >= LEVEL else math.ceil(math.log(1 - LEVEL) / math.log1p(-share) - 1e-9)


def _effective_units(events: NDArray[np.float64], totals: NDArray[np.float64], share: float) -> float:
    """Return how many independent units would make the share as sure; some units have an event, and some none."""
    total = float(totals.sum())
    if totals.max() == 1:
        return total
    variance, freedom = _jackknife(events, totals, share)
    if variance <= 0:
        return total
    student = load_extra("scipy.special", "inspect").stdtrit
    wider = float(student(max(total - 1, 1), 1 - _TAIL) / student(freedom, 1 - _TAIL)) ** 2
    return min(share * (1 - share) / variance, total) * min(wider, 1.0)


def _jackknife(events: NDArray[np.float64], totals: NDArray[np.float64], share: float) -> tuple[float, float]:
    """Return the variance of ``sum(events) / sum(totals)`` over two groups or more, and its degrees of freedom."""
    groups = len(totals)
    off = (events - share * totals) / (totals.sum() - totals)  # how far the share moves if the group is left out
    square = float((off**2).sum())
    kurtosis = groups * float((off**4).sum()) / square**2 if square > 0 else 1.0
    freedom = 2 * groups / max(kurtosis - 1, 1e-9) - 1
    return (groups - 1) / groups * square, min(max(freedom, 1.0), groups - 1.0)
