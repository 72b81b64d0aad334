"""The promise of recall, by hand and by simulation."""

import numpy as np
import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.counts import count_at
from lidd_yolo.inspection.recall_promise import promise_recall
from tests.helpers.inspected import bare_inspection, made_up_inspection


def simulated(rng, groups):
    """Return defects ``(class, confidence)`` of groups of 1 to 8, alike within a group, some of them unfound."""
    defects, group = [], []
    for number in range(groups):
        level = rng.normal()
        for _ in range(rng.integers(1, 9)):
            score = 1 / (1 + np.exp(-(1.5 + level + rng.normal())))
            defects.append((0, 0.0 if rng.random() < 0.02 else score))
            group.append(number)
    return defects, np.array(group)


class TestPromiseRecall:
    def test_by_hand(self):
        """Nine groups of one: (misses + 1) / 10 <= 0.2 allows one miss, so all but the least confident are kept."""
        inspected = bare_inspection([(0, score / 10) for score in range(1, 10)], [])
        promise = promise_recall(inspected, 0.2)
        assert promise.threshold == pytest.approx(0.15)
        assert (promise.groups, promise.needed, promise.reason) == (9, 4, "")
        assert count_at(inspected, {"crack": promise.threshold}).together.missed_defects.event_count == 1
        assert promise_recall(inspected, 0.1).threshold == pytest.approx(0.05)

    def test_by_hand__groups_of_unequal_size(self):
        """A miss among four costs a quarter: with (1/4 + 1) / 5 <= 0.25 just one of them may be missed."""
        scores, group = [0.1, 0.2, 0.8, 0.9, 0.5, 0.6, 0.7], np.array([0, 0, 0, 0, 1, 2, 3])
        inspected = bare_inspection([(0, score) for score in scores], [], group=group)
        assert promise_recall(inspected, 0.25).threshold == pytest.approx(0.15)

    def test_equal_confidences__are_missed_together_or_not_at_all(self):
        inspected = bare_inspection([(0, 0.3)] * 3 + [(0, 0.8)] * 6, [])
        assert promise_recall(inspected, 0.3).threshold == pytest.approx(0.15)  # two misses allowed, three alike
        assert promise_recall(inspected, 0.4).threshold == pytest.approx(0.55)

    def test_too_few_groups(self):
        promise = promise_recall(bare_inspection([(0, 0.9)] * 98, []), 0.01)
        assert (promise.threshold, promise.groups, promise.needed) == (None, 98, 99)
        assert promise.reason == "98 groups with defects are too few to promise 1 %: 99 are needed at least"
        assert promise_recall(bare_inspection([(0, 0.9)] * 99, []), 0.01).threshold == pytest.approx(0.45)

    def test_unfound(self):
        promise = promise_recall(bare_inspection([(0, 0.9)] * 15 + [(0, 0.0)] * 4, []), 0.1)
        assert promise.threshold is None
        assert promise.reason == "4 of 19 defects are found at no threshold, too many for 10 %"

    def test_none_at_all(self):
        assert promise_recall(bare_inspection([], [[]]), 0.5).threshold is None

    def test_one_class(self):
        inspected = bare_inspection([(0, 0.9)] * 9 + [(1, 0.3)] * 9, [], classes=2)
        assert promise_recall(inspected, 0.1, "crack").threshold == pytest.approx(0.45)
        assert promise_recall(inspected, 0.1, "pit").threshold == pytest.approx(0.15)

    def test_larger_share__never_lowers_the_threshold(self):
        inspected = made_up_inspection(4, pictures=200)
        limits = [promise_recall(inspected, share).threshold or 0 for share in np.linspace(0.02, 0.9, 30)]
        assert limits == sorted(limits)
        assert limits[0] < limits[-1]

    def test_refused(self):
        inspected = bare_inspection([(0, 0.9)], [])
        with pytest.raises(InputError, match="above 0 and below 1"):
            promise_recall(inspected, 1)
        with pytest.raises(InputError, match="no class dent, only crack"):
            promise_recall(inspected, 0.1, "dent")

    @pytest.mark.parametrize("share", [0.1, 0.2])
    def test_simulated__the_next_group(self, share):
        """Mean loss of the next group over many calibrations: at most the share, and above share - 2 / (n + 1)."""
        rng = np.random.default_rng(0)
        groups, losses = 40, []
        for _ in range(40):
            defects, group = simulated(rng, groups)
            limit = promise_recall(bare_inspection(defects, [], group=group), share).threshold
            new, group = simulated(rng, 200)
            missed = np.array([score for _, score in new]) <= (0 if limit is None else limit)
            losses.append((np.bincount(group, missed) / np.bincount(group)).mean())
        sure = 3 * np.std(losses) / np.sqrt(len(losses))
        assert share - 2 / (groups + 1) - sure <= np.mean(losses) <= share + sure
