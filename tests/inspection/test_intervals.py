"""Intervals over groups: hand-computed cases, and how often simulated ones hold the true share."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import beta, binom, t

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.intervals import Tally, difference_interval, units_needed

ONE_EACH = np.ones(40, dtype=int)


def tally(events, totals):
    return Tally(np.array(events), np.array(totals))


def unequal_sizes(rng, groups):
    """Return sizes from 1 to 30, most of them small, the mean about 6."""
    return np.minimum(1 + rng.geometric(1 / 6, groups), 30)


def covered(share, groups, correlation, sets, seed=0):
    """Return how many of the simulated sets' intervals hold the share; groups have beta-binomial numbers of events."""
    rng = np.random.default_rng(seed)
    a = share * (1 - correlation) / correlation
    b = (1 - share) * (1 - correlation) / correlation
    held = 0
    for _ in range(sets):
        totals = unequal_sizes(rng, groups)
        interval = Tally(rng.binomial(totals, rng.beta(a, b, groups)), totals).interval()
        held += interval.low <= share <= interval.high
    return held / sets


def differences_covered(first, second, groups, sets, seed=0):
    """Return the same for the difference of two networks, which find the same defects hard."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(sets):
        totals = unequal_sizes(rng, groups)
        group = np.repeat(np.arange(groups), totals)
        hard = 0.5 * rng.normal(size=groups)[group] + math.sqrt(0.45) * rng.normal(size=len(group))
        missed = [hard + math.sqrt(0.3) * rng.normal(size=len(group)) < ndtri(share) for share in (first, second)]
        tallies = [Tally.over(group, one, np.ones(len(group))) for one in missed]
        interval = difference_interval(*tallies)
        held += interval.low <= first - second <= interval.high
    return held / sets


# Share, groups, correlation in a group. Left out: sets that expect fewer than about 8 events, see `test_few_events`.
TYPICAL = [
    case
    for case in product((0.01, 0.03, 0.1, 0.3), (20, 50, 100, 200), (0.02, 0.1, 0.3))
    if case[0] * case[1] * 6.5 > 8
]


class TestCoverage:
    @pytest.mark.parametrize(("share", "groups"), [(0.1, 20), (0.03, 100), (0.3, 50)])
    def test_share(self, share, groups):
        assert 0.92 <= covered(share, groups, 0.1, 500) <= 0.985  # 3 standard deviations of 500 sets at 93 to 97 %

    @pytest.mark.slow
    @pytest.mark.parametrize(("share", "groups", "correlation"), TYPICAL)
    def test_share__typical(self, share, groups, correlation):
        """Within 93 to 97 %, give or take 1 %: twice the standard deviation that 2 000 sets have."""
        assert 0.93 - 0.01 <= covered(share, groups, correlation, 2000) <= 0.97 + 0.01

    @pytest.mark.parametrize("groups", [20, 50])
    def test_few_events(self, groups):
        """About one to three events in all: the interval is wide rather than wrong."""
        assert covered(0.01, groups, 0.3, 300) >= 0.95

    @pytest.mark.parametrize(("first", "second"), [(0.1, 0.1), (0.3, 0.2)])
    def test_difference(self, first, second):
        assert 0.92 <= differences_covered(first, second, 50, 500) <= 0.985

    @pytest.mark.slow
    @pytest.mark.parametrize("groups", [20, 50, 100, 200])
    @pytest.mark.parametrize(("first", "second"), [(0.1, 0.1), (0.1, 0.06), (0.3, 0.2)])
    def test_difference__typical(self, first, second, groups):
        assert 0.93 - 0.01 <= differences_covered(first, second, groups, 2000) <= 0.97 + 0.01


class TestInterval:
    def test_independent_units__as_jeffreys(self):
        """In groups of one unit, however few have an event."""
        for count in (1, 12):
            interval = tally((np.arange(40) < count).astype(int), ONE_EACH).interval()
            assert interval.value == count / 40
            plain = beta.ppf([0.025, 0.975], count + 0.5, 40.5 - count)
            assert (interval.low, interval.high) == pytest.approx(plain)

    def test_copies__make_it_no_surer(self):
        """Every group ten times as large with the same share: the groups are as many as before."""
        once, ten = tally([1, 0, 2, 0, 1, 3] * 5, [4] * 30), tally([10, 0, 20, 0, 10, 30] * 5, [40] * 30)
        first, second = once.interval(), ten.interval()
        assert (second.low, second.high) == pytest.approx((first.low, first.high), abs=0.005)

    def test_no_event__is_exact_over_groups(self):
        interval = tally([0] * 20, [7] * 20).interval()
        assert (interval.value, interval.low) == (0, 0)
        assert binom.cdf(0, 20, interval.high) == pytest.approx(0.025)
        everything = tally([7] * 20, [7] * 20).interval()
        assert (everything.value, everything.high, everything.low) == (1, 1, pytest.approx(1 - interval.high))

    def test_one_event__is_less_sure_than_among_independent_units(self):
        """Its interval would be exact up to 3.9 % if all 140 units were independent, which one event cannot show."""
        interval = tally([1] + [0] * 19, [7] * 20).interval()
        assert interval.high > 1.5 * beta.ppf(0.975, 2, 139)

    def test_nothing_known(self):
        interval = tally([0, 0], [0, 0]).interval()
        assert math.isnan(interval.value)
        assert (interval.low, interval.high) == (0, 1)
        assert (tally([1, 0], [2, 0]).interval().low, tally([1, 0], [2, 0]).interval().high) == (0, 1)

    def test_groups_all_alike(self):
        interval = tally([1] * 10, [2] * 10).interval()
        assert 0.25 < interval.low < 0.5 < interval.high < 0.75

    def test_counts(self):
        made = Tally.over(np.array([0, 1, 1, 3]), np.array([True, False, True, True]), np.array([1, 2, 2, 1]))
        assert (made.events.tolist(), made.totals.tolist()) == ([1, 1, 0, 1], [1, 4, 0, 1])
        assert (made.event_count, made.total, made.groups) == (3, 6, 3)
        assert made.mean_of_groups == pytest.approx((1 + 0.25 + 1) / 3)
        assert math.isnan(tally([0], [0]).mean_of_groups)


class TestDifferenceInterval:
    def test_groups_of_one__as_students_paired(self):
        """Ten pairs for the first, four for the second: nearly the t interval of the mean of 40 differences."""
        first, second = (np.arange(40) < 10).astype(int), ((np.arange(40) >= 10) & (np.arange(40) < 14)).astype(int)
        interval = difference_interval(tally(first, ONE_EACH), tally(second, ONE_EACH))
        off = first - second
        half = t.ppf(0.975, 39) * off.std(ddof=1) / math.sqrt(40)
        assert interval.value == pytest.approx(0.15)
        assert interval.high - interval.value == pytest.approx(half, rel=0.05)

    def test_swapped(self):
        rng = np.random.default_rng(0)
        totals = unequal_sizes(rng, 30)
        first, second = (Tally(rng.binomial(totals, p), totals) for p in (0.3, 0.1))
        there, back = difference_interval(first, second), difference_interval(second, first)
        assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
        assert there.low > 0

    @pytest.mark.parametrize(("first", "second", "value"), [(1, 1, 0.0), (2, 0, 1.0)])
    def test_all_groups_alike__does_not_collapse(self, first, second, value):
        interval = difference_interval(tally([first] * 20, [2] * 20), tally([second] * 20, [2] * 20))
        assert interval.value == value
        assert interval.low <= value - 0.16

    def test_refused(self):
        with pytest.raises(InputError, match="not inspected on the same"):
            difference_interval(tally([1], [2]), tally([1], [3]))

    def test_nothing_known(self):
        assert math.isnan(difference_interval(tally([0], [0]), tally([0], [0])).value)
        assert difference_interval(tally([1], [2]), tally([0], [2])).low == -1


class TestUnitsNeeded:
    @pytest.mark.parametrize(("share", "needed"), [(0.01, 299), (0.1, 29), (0.5, 5), (0.05, 59)])
    def test_known(self, share, needed):
        """299 and 59 are the familiar sample sizes for 99 and 95 % reliability at 95 % confidence without a failure."""
        assert units_needed(share) == needed
        assert (1 - share) ** needed <= 0.05 < (1 - share) ** (needed - 1)

    def test_ends(self):
        assert (units_needed(0), units_needed(1), units_needed(0.99)) == (None, 1, 1)
