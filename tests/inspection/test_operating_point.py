"""Thresholds by each criterion: the best of all on small sets, monotone, and honest about too little data."""

from itertools import pairwise, product

import numpy as np
import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.counts import count_at
from lidd_yolo.inspection.operating_point import LeastCost, MaxFalseAlarms, MinRecall, choose_thresholds, frontier
from tests.helpers.inspected import CLASSES, bare_inspection, made_up_inspection


def outcome(inspected, thresholds):
    """Return missed defects and rejected good parts."""
    together = count_at(inspected, thresholds).together
    return together.missed_defects.event_count, together.rejected_good.event_count


def every_outcome(inspected):
    """Return missed and rejected of every combination of thresholds that differ on these pictures."""
    levels = [
        np.unique(np.append(inspected.confidence[inspected.found_class == c], 0)) for c in range(len(inspected.classes))
    ]
    return [
        outcome(inspected, dict(zip(inspected.classes, map(float, limits), strict=True))) for limits in product(*levels)
    ]


class TestFrontier:
    @pytest.mark.parametrize("seed", range(5))
    def test_one_class__is_every_undominated_outcome(self, seed):
        inspected = made_up_inspection(seed, classes=1)
        points = frontier(inspected)
        everything = set(every_outcome(inspected))
        best = {
            (m, r) for m, r in everything if not any((a <= m and b < r) or (a < m and b <= r) for a, b in everything)
        }
        assert set(zip(points.missed.tolist(), points.rejected.tolist(), strict=True)) == best

    @pytest.mark.parametrize("seed", range(4))
    def test_points__are_what_counting_gives(self, seed):
        inspected = made_up_inspection(seed)
        points = frontier(inspected)
        for limits, missed, rejected in zip(points.thresholds, points.missed, points.rejected, strict=True):
            assert outcome(inspected, dict(zip(CLASSES, limits, strict=True))) == (missed, rejected)
        assert (np.diff(points.missed) < 0).all()
        assert (np.diff(points.rejected) > 0).all()
        assert (points.defects, points.good) == (len(inspected.truth_class), inspected.good.sum())

    @pytest.mark.parametrize("seed", range(4))
    def test_budget__gives_the_same_points_up_to_it(self, seed):
        inspected = made_up_inspection(seed)
        whole, part = frontier(inspected), frontier(inspected, 5)
        kept = whole.rejected <= 5
        assert part.missed.tolist() == whole.missed[kept].tolist()
        assert part.rejected.tolist() == whole.rejected[kept].tolist()


class TestMaxFalseAlarms:
    @pytest.mark.parametrize("seed", range(4))
    def test_two_classes__no_thresholds_are_better(self, seed):
        """Exact where no part is rejected by two classes; here within one defect of the best of all combinations."""
        inspected = made_up_inspection(seed, classes=2, pictures=24)
        everything = every_outcome(inspected)
        good = int(inspected.good.sum())
        for allowed in (0, 1, 3):
            point = choose_thresholds(inspected, MaxFalseAlarms(allowed / good))
            missed, rejected = outcome(inspected, point.thresholds)
            assert rejected <= allowed
            assert missed <= min(m for m, r in everything if r <= allowed) + 1

    def test_looser__never_misses_more(self):
        inspected = made_up_inspection(3, pictures=120)
        missed = [
            outcome(inspected, choose_thresholds(inspected, MaxFalseAlarms(share)).thresholds)[0]
            for share in np.linspace(0, 0.6, 25)
        ]
        assert missed == sorted(missed, reverse=True)
        assert missed[0] > missed[-1]

    def test_threshold__amid_the_gap(self):
        """Good parts up to 0.4, defects from 0.6 on; then one good part of four may be rejected."""
        inspected = bare_inspection([(0, 0.6), (0, 0.9), (0, 0.3)], [[(0, 0.4)], [(0, 0.2)], [], []])
        assert choose_thresholds(inspected, MaxFalseAlarms(0.0)).thresholds == {"crack": 0.5}
        assert choose_thresholds(inspected, MaxFalseAlarms(0.25)).thresholds == {"crack": 0.25}

    def test_useless_budget__is_not_spent(self):
        """Rejecting another good part would find no further defect."""
        inspected = bare_inspection([(0, 0.6)], [[(0, 0.4)], [(0, 0.3)]])
        assert outcome(inspected, choose_thresholds(inspected, MaxFalseAlarms(0.5)).thresholds) == (0, 0)

    def test_class_without_defect__rejects_nothing_and_is_told(self):
        inspected = bare_inspection([(0, 0.6)], [[(1, 0.4)], [(0, 0.1)]], classes=2)
        point = choose_thresholds(inspected, MaxFalseAlarms(0.5))
        assert point.thresholds["pit"] == pytest.approx(0.4, abs=2e-4)
        assert point.thresholds["pit"] >= 0.4
        assert any(note.startswith("pit: none of 0 defects is found") for note in point.notes)

    def test_class_that_is_never_seen__no_threshold_below_what_was_looked_at(self):
        """At 0, its faintest detections, which no figure is of, would count in use."""
        point = choose_thresholds(bare_inspection([(0, 0.6)], [[]], classes=2), MaxFalseAlarms(0.5))
        assert point.thresholds["pit"] == 0.001

    def test_certain_false_alarm(self):
        """A good part with a confidence of 1 can still be let pass: nothing is above a threshold of 1."""
        inspected = bare_inspection([(0, 1.0)], [[(0, 1.0)]])
        point = choose_thresholds(inspected, MaxFalseAlarms(0.0))
        assert point.thresholds == {"crack": 1.0}
        assert outcome(inspected, point.thresholds) == (1, 0)

    def test_refused(self):
        with pytest.raises(InputError, match="no good part"):
            choose_thresholds(bare_inspection([(0, 0.6)], []), MaxFalseAlarms(0.1))
        with pytest.raises(InputError, match="no defect is labelled"):
            choose_thresholds(bare_inspection([], [[]]), MaxFalseAlarms(0.1))
        with pytest.raises(InputError, match="max_false_alarms"):
            MaxFalseAlarms(1.0)

    def test_too_little_data(self):
        few = choose_thresholds(bare_inspection([(0, 0.6)], [[]] * 30), MaxFalseAlarms(0.01))
        assert (few.needs[0].have, few.needs[0].needed, few.needs[0].enough) == (30, 299, False)
        assert few.notes == (
            "30 groups of good parts are too few to show, at 95%, a share of at most 1 %: 299 are needed, none of them "
            "with an event.",
        )
        enough = choose_thresholds(bare_inspection([(0, 0.6)], [[]] * 30), MaxFalseAlarms(0.1))
        assert (enough.needs[0].enough, enough.notes) == (True, ())
        none = choose_thresholds(bare_inspection([(0, 0.6)], [[]]), MaxFalseAlarms(0.0))
        assert none.notes == ("No number of groups of good parts shows a share of 0 %.",)


class TestLeastCost:
    @pytest.mark.parametrize("seed", range(4))
    def test_one_class__is_the_least_of_all(self, seed):
        inspected = made_up_inspection(seed, classes=1)
        for miss in (0.2, 1, 5, 50):
            missed, rejected = outcome(inspected, choose_thresholds(inspected, LeastCost(miss, 1)).thresholds)
            assert miss * missed + rejected == pytest.approx(min(miss * m + r for m, r in every_outcome(inspected)))

    def test_dearer_miss__never_misses_more(self):
        inspected = made_up_inspection(5, pictures=120)
        missed = [
            outcome(inspected, choose_thresholds(inspected, LeastCost(miss, 1)).thresholds)[0]
            for miss in np.geomspace(0.01, 100, 25)
        ]
        assert all(a >= b for a, b in pairwise(missed))
        assert missed[0] > missed[-1]

    def test_tie__has_fewer_misses(self):
        """One more defect for one more rejected part, at equal costs."""
        inspected = bare_inspection([(0, 0.8), (0, 0.3)], [[(0, 0.5)]])
        assert outcome(inspected, choose_thresholds(inspected, LeastCost(1, 1)).thresholds) == (0, 1)
        assert outcome(inspected, choose_thresholds(inspected, LeastCost(1, 1.01)).thresholds) == (1, 0)

    @pytest.mark.parametrize(("miss", "alarm"), [(0, 1), (1, -1), (float("nan"), 1), (1, float("inf"))])
    def test_refused(self, miss, alarm):
        with pytest.raises(InputError, match="cost"):
            LeastCost(miss, alarm)


class TestMinRecall:
    @pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
    def test_every_class__keeps_it_and_no_higher_threshold_does(self, share):
        inspected = made_up_inspection(2)
        point = choose_thresholds(inspected, MinRecall(share))
        assert point.met
        for number, name in enumerate(CLASSES):
            tally = count_at(inspected, point.thresholds).of_class[name].missed_defects
            assert tally.event_count <= (1 - share) * tally.total + 1e-9
            scores = inspected.confidence[inspected.found_class == number]
            higher = point.thresholds | {name: float(scores[scores > point.thresholds[name]].min())}
            assert count_at(inspected, higher).of_class[name].missed_defects.event_count > (1 - share) * tally.total

    def test_without_good_parts(self):
        point = choose_thresholds(bare_inspection([(0, 0.6), (0, 0.8)], []), MinRecall(0.5))
        assert point.thresholds == {"crack": 0.7}

    def test_more__never_misses_more(self):
        inspected = made_up_inspection(7)
        points = [choose_thresholds(inspected, MinRecall(share)).thresholds for share in np.linspace(0.05, 1, 20)]
        assert all(b[name] <= a[name] for a, b in pairwise(points) for name in CLASSES)

    def test_out_of_reach__is_told(self):
        point = choose_thresholds(bare_inspection([(0, 0.6), (0, 0.0)], [[(0, 0.2)]]), MinRecall(0.99))
        assert not point.met
        assert point.thresholds == {"crack": 0.4}
        assert point.notes[0] == "crack: 1 of 2 defects are found at any threshold, 2 are asked for."
        assert "2 groups with crack are too few" in point.notes[1]
        assert point.needs[0].needed == 299
        alone = choose_thresholds(bare_inspection([(0, 0.6)], [[(0, 0.2)]]), MinRecall(0.99))
        assert any("1 group with crack is too few to show" in note for note in alone.notes)

    def test_refused(self):
        with pytest.raises(InputError, match="min_recall"):
            MinRecall(0)


def test_same_twice():
    first, second = (choose_thresholds(made_up_inspection(1), LeastCost(5, 1)).thresholds for _ in range(2))
    assert first == second
