"""Counts at thresholds, against a loop that matches anew the detections above them."""

import numpy as np
import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.inspection.counts import count_at, rejected_pictures, repeat_tally
from lidd_yolo.inspection.pictures import gather
from tests.helpers.inspected import CLASSES, bare_inspection, made_up_inspection, made_up_pictures


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def finders(picture, kept, iou):
    """Return defect -> the detection that finds it, given those that count, the most confident first."""
    finder = {}
    for d in kept:
        options = [
            (overlap(picture.found_boxes[d], box), -t)
            for t, box in enumerate(picture.truth_boxes)
            if picture.truth_class[t] == picture.found_class[d] and t not in finder
        ]
        if options and max(options)[0] >= iou:
            finder[-max(options)[1]] = d
    return finder


def add_confusions(table, picture, kept, finder, iou):
    seen_as = {}
    for d in (d for d in kept if d not in finder.values()):
        near = [overlap(picture.found_boxes[d], box) for box in picture.truth_boxes]
        if not near or max(near) < iou:
            table[3, picture.found_class[d]] += 1
            continue
        t = int(np.argmax(near))
        if picture.truth_class[t] != picture.found_class[d] and t not in finder:
            seen_as.setdefault(t, picture.found_class[d])
    for t, kind in enumerate(picture.truth_class):
        table[kind, kind if t in finder else seen_as.get(t, 3)] += 1


def naive(pictures, thresholds, iou=0.5):
    """Count over pictures that are parts and groups; only detections above the thresholds are looked at at all."""
    defects = {name: [0, 0] for name in CLASSES}
    parts = {name: [0, 0] for name in (*CLASSES, "")}
    good = dict.fromkeys((*CLASSES, ""), 0)
    table = np.zeros((4, 4), dtype=int)
    for picture in pictures:
        kept = [d for d, k in enumerate(picture.found_class) if picture.confidence[d] > thresholds[CLASSES[k]]]
        kept.sort(key=lambda d: -picture.confidence[d])
        finder = finders(picture, kept, iou)
        caught = {CLASSES[picture.truth_class[t]] for t in finder}
        held = {CLASSES[k] for k in picture.truth_class}
        for name in held:
            parts[name][0] += name not in caught
            parts[name][1] += 1
        parts[""][0] += bool(held) and not caught
        parts[""][1] += bool(held)
        for name in set() if held else {CLASSES[picture.found_class[d]] for d in kept} | ({""} if kept else set()):
            good[name] += 1
        for t, kind in enumerate(picture.truth_class):
            defects[CLASSES[kind]][0] += t not in finder
            defects[CLASSES[kind]][1] += 1
        add_confusions(table, picture, kept, finder, iou)
    return defects, parts, good, table


def pair(tally):
    return [tally.event_count, tally.total]


class TestCountAt:
    @pytest.mark.parametrize("seed", range(6))
    def test_as_a_naive_loop(self, seed):
        pictures = made_up_pictures(seed, crowd=30.0)
        rng = np.random.default_rng(seed)
        inspected = gather(pictures, CLASSES)
        for limits in ([0, 0, 0], [0.5, 0.5, 0.5], *rng.uniform(0, 1, (6, 3)).round(2)):
            thresholds = dict(zip(CLASSES, map(float, limits), strict=True))
            counts = count_at(inspected, thresholds)
            defects, parts, good, table = naive(pictures, thresholds)
            assert {name: pair(counts.of_class[name].missed_defects) for name in CLASSES} == defects
            assert {name: pair(counts.of_class[name].missed_parts) for name in CLASSES} == {
                n: parts[n] for n in CLASSES
            }
            assert pair(counts.together.missed_parts) == parts[""]
            assert pair(counts.together.missed_defects) == np.sum(list(defects.values()), axis=0).tolist()
            assert {name: counts.of_class[name].rejected_good.event_count for name in CLASSES} | {
                "": counts.together.rejected_good.event_count
            } == good
            np.testing.assert_array_equal(counts.confusions, table)

    def test_made_up_pictures__have_all_cases(self):
        """So that the comparison above compares something."""
        counts = count_at(made_up_inspection(0, crowd=30.0), dict.fromkeys(CLASSES, 0.5))
        table = counts.confusions
        assert np.trace(table[:3, :3]) > 10
        assert table[:3, :3].sum() > np.trace(table[:3, :3])
        assert table[3].sum() > 0
        assert counts.together.missed_parts.event_count > 0
        assert counts.together.rejected_good.event_count > 0

    def test_threshold__a_detection_at_it_does_not_count(self):
        inspected = bare_inspection([(0, 0.5)], [[(0, 0.5)]])
        at, below = (count_at(inspected, {"crack": limit}).together for limit in (0.5, 0.49))
        assert (pair(at.missed_defects), pair(at.rejected_good)) == ([1, 1], [0, 1])
        assert (pair(below.missed_defects), pair(below.rejected_good)) == ([0, 1], [1, 1])

    def test_parts__several_pictures_of_one(self):
        """A part of two pictures is found by the defect on one; it is not good because its other picture is."""
        pictures = [p for seed in (1, 2) for p in made_up_pictures(seed, pictures=40)]
        for number, picture in enumerate(pictures):
            object.__setattr__(picture, "part", number % 40)
            object.__setattr__(picture, "group", number % 10)
        inspected = gather(pictures, CLASSES)
        counts = count_at(inspected, dict.fromkeys(CLASSES, 0.4)).together
        bad = [any(len(p.truth_class) for p in pictures[n::40]) for n in range(40)]
        assert (counts.missed_parts.total, counts.rejected_good.total) == (sum(bad), 40 - sum(bad))
        assert len(counts.missed_parts.events) == 10

    def test_rejected_pictures(self):
        inspected = bare_inspection([(0, 0.9), (0, 0.0)], [[(0, 0.3), (0, 0.6)], [(0, 0.3)]])
        assert rejected_pictures(inspected, {"crack": 0.5}).tolist() == [True, False, True, False]


class TestRepeatTally:
    def test_agreement(self):
        """Part 0 always rejected, 1 once of two shots, 2 never, 3 has one shot; parts 0 and 2 are one group."""
        tally = repeat_tally([True, True, True, False, False, False, True], [0, 0, 1, 1, 2, 2, 3], [0, 1, 0, 2])
        assert tally.events.tolist() == [2, 0, 0]
        assert tally.totals.tolist() == [2, 1, 0]

    def test_refused(self):
        with pytest.raises(InputError, match="no part has two shots"):
            repeat_tally([True, False], [0, 1], [0, 1])
