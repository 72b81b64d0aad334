"""Average precision of resamples: hand-computed, against a naive loop, and Ultralytics' own figures."""

from itertools import pairwise

import numpy as np
import pytest
from ultralytics.utils.metrics import ap_per_class, compute_ap

from lidd_yolo.report import bootstrap as average_precision
from lidd_yolo.report.bootstrap import resampled_figures
from lidd_yolo.results.evidence import Evidence
from tests.helpers.evidence import make_evidence

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
    for number in sorted({int(made.truth_class[t]) for p in drawn for t in np.flatnonzero(made.truth_picture == p)}):
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
        monkeypatch.setattr(average_precision, "_CELLS", 2 * len(made.confidence))
        assert np.array_equal(resampled_figures(made, weights), whole)

    def test_resampled_figures__masks(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.8, masks=True)
        boxes, masks = resampled_figures(made, ones(made)), resampled_figures(made, ones(made), masks=True)
        assert masks[0, 1] < boxes[0, 1]

    def test_resampled_figures__masks_missing(self, tmp_path):
        made = make_evidence(tmp_path, quality=0.8)
        with pytest.raises(ValueError, match="no masks"):
            resampled_figures(made, ones(made), masks=True)
