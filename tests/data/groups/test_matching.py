"""Matches of fingerprints: all of them among few, nearly all among many, never a wrong one."""

import numpy as np

from lidd_yolo.data.groups import matching
from lidd_yolo.data.groups.fingerprints import Fingerprints
from lidd_yolo.data.groups.matching import matches


def _prints(vectors, pictures):
    count = len(vectors)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    empty = np.zeros((count, 2), np.int16)
    return Fingerprints(pictures.astype(np.int32), empty, np.zeros(count, np.uint8), vectors.astype(np.float32))


def _found(prints, cosine):
    parts = list(matches(prints, cosine))
    return {(int(a), int(b)) for later, earlier in parts for a, b in zip(later, earlier, strict=True)}


def _naive(prints, cosine):
    found = set()
    for a in range(len(prints.vector)):
        for b in range(a):
            if prints.picture[b] < prints.picture[a] and float(prints.vector[a] @ prints.vector[b]) >= cosine:
                found.add((a, b))
    return found


class TestMatches:
    def test_few__all(self):
        rng = np.random.default_rng(0)
        prints = _prints(rng.normal(size=(300, 4)), np.sort(rng.integers(0, 20, 300)))
        assert len(_naive(prints, 0.9)) > 100
        assert _found(prints, 0.9) == _naive(prints, 0.9)

    def test_blocks__no_difference(self, monkeypatch):
        rng = np.random.default_rng(1)
        prints = _prints(rng.normal(size=(200, 4)), np.sort(rng.integers(0, 20, 200)))
        monkeypatch.setattr(matching, "_PICTURES", 3)
        assert _found(prints, 0.9) == _naive(prints, 0.9)

    def test_very_many_equals__those_just_before(self, monkeypatch):
        monkeypatch.setattr(matching, "_MOST", 3)
        found = _found(_prints(np.ones((10, 4)), np.arange(10)), 0.9)
        assert found == {(a, b) for a in range(10) for b in range(max(0, a - 3), a)}

    def test_steps__no_difference(self, monkeypatch):
        rng = np.random.default_rng(3)
        prints = _prints(rng.normal(size=(200, 4)), np.sort(rng.integers(0, 20, 200)))
        monkeypatch.setattr(matching, "_PRODUCTS", 700)
        assert _found(prints, 0.9) == _naive(prints, 0.9)

    def test_picture_without_fingerprints__skipped(self, monkeypatch):
        monkeypatch.setattr(matching, "_PICTURES", 1)
        prints = _prints(np.ones((2, 4)), np.array([0, 5]))
        assert _found(prints, 0.9) == {(1, 0)}

    def test_many__nearly_all_and_none_wrong(self):
        rng = np.random.default_rng(2)
        strength = 1 / np.sqrt(np.arange(1, 33))  # as of principal components
        half = rng.normal(size=(4000, 32)) * strength
        near = half + 0.25 * rng.normal(size=half.shape) * strength  # a cosine of about 1 / sqrt(1.06) = 0.97
        prints = _prints(np.concatenate([half, near]), np.repeat(np.arange(80), 100))
        found = _found(prints, 0.93)
        planted = {(4000 + k, k) for k in range(4000)}
        assert len(found & planted) > 0.85 * 4000
        assert all(prints.vector[a] @ prints.vector[b] >= 0.93 for a, b in found)
        assert all(prints.picture[b] < prints.picture[a] for a, b in found)

    def test_none__nothing(self):
        assert _found(_prints(np.ones((0, 4)), np.zeros(0)), 0.9) == set()
