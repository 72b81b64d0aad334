"""Matches of fingerprints, all among few and nearly all among many; and the votes of fingerprints placed by hand."""

import numpy as np
import pytest

from lidd_yolo.data.groups import matching
from lidd_yolo.data.groups.fingerprints import Fingerprints
from lidd_yolo.data.groups.matching import MIN_VOTES, best_of_each_picture, best_of_later_pictures, candidates, matches
from lidd_yolo.data.groups.placement import MATRICES, ORIENTATIONS, moved


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


SIZES = np.array([[200, 150], [200, 150], [120, 180]])


def _placed(entries):
    """Fingerprints from tuples of picture, position and orientation; nobody looks at the vectors."""
    pictures, positions, orientations = (np.array(column) for column in zip(*entries, strict=True))
    vectors = np.zeros((len(entries), 32), np.float32)
    return Fingerprints(pictures.astype(np.int32), positions.astype(np.int16), orientations.astype(np.uint8), vectors)


def _rows(entries, pairs):
    later, earlier = np.array(pairs).T
    return candidates(_placed(entries), later, earlier, SIZES).tolist()


class TestCandidates:
    def test_shift__by_hand(self):
        spots = [(60, 40), (90, 50), (70, 100)]
        entries = [(0, spot, 0) for spot in spots] + [(1, (x - 30, y + 12), 0) for x, y in spots]
        assert _rows(entries, [(3, 0), (4, 1), (5, 2)]) == [[0, 1, 0, -30, 12, 3]]

    @pytest.mark.parametrize("number", range(ORIENTATIONS))
    def test_turned__orientation_that_lays_the_second_like_the_first(self, number):
        spots = np.array([(60, 40), (90, 50), (70, 100)])
        # Upright patch of the first: orientation 3. The second picture is the first undone by ``number``.
        second = moved(spots, np.full(3, _inverse(number)), np.array([[200, 150]] * 3))
        own = next(o for o in range(ORIENTATIONS) if (MATRICES[o] == MATRICES[3] @ MATRICES[number]).all())
        entries = [(0, spot, 3) for spot in spots] + [(1, spot, own) for spot in second]
        size = (150, 200) if number & 4 else (200, 150)
        later, earlier = np.array([3, 4, 5]), np.array([0, 1, 2])
        rows = candidates(_placed(entries), later, earlier, np.array([(200, 150), size]))
        assert rows.tolist() == [[0, 1, number, 0, 0, 3]]

    def test_few_votes__no_candidate(self):
        assert MIN_VOTES == 2
        assert _rows([(0, (50, 50), 0), (1, (60, 50), 0)], [(1, 0)]) == []

    def test_votes_that_disagree__no_candidate(self):
        entries = [(0, (50, 50), 0)] * 3 + [(1, (60, 50), 0), (1, (80, 50), 0), (1, (60, 70), 0)]
        assert _rows(entries, [(3, 0), (4, 1), (5, 2)]) == []

    def test_border_of_a_bin__votes_counted_together(self):
        # Shifts of 5 and 6 fall into different bins of six pixels, but into one of the bins that begin at 3.
        entries = [(0, (50, 50), 0)] * 4 + [(1, (55, 50), 0)] * 2 + [(1, (56, 50), 0)] * 2
        [[_, _, _, dx, _, votes]] = _rows(entries, [(4, 0), (5, 1), (6, 2), (7, 3)])
        assert (dx, votes) == (6, 4)

    def test_pairs__kept_apart(self):
        spots = [(60, 40), (90, 50), (70, 100)]
        entries = [(0, s, 0) for s in spots] + [(1, s, 0) for s in spots] + [(2, (x, y + 9), 0) for x, y in spots]
        rows = _rows(entries, [(3, 0), (4, 1), (5, 2), (6, 0), (7, 1), (8, 2), (6, 3), (7, 4), (8, 5)])
        assert rows == [[0, 1, 0, 0, 0, 3], [0, 2, 0, 0, 9, 3], [1, 2, 0, 0, 9, 3]]

    def test_no_matches(self):
        nothing = np.empty(0, np.int64)
        assert candidates(_placed([(0, (5, 5), 0)]), nothing, nothing, SIZES).shape == (0, 6)


class TestBestOfEachPicture:
    def test_by_hand(self):
        # Columns are first, second, orientation, dx, dy, votes. With one of each: 0-1 is best of 0 and 1, 1-2 of 2;
        # 0-2 is nobody's best, and 3-4 is, few votes or not.
        rows = np.array([[0, 2, 0, 0, 0, 4], [1, 2, 0, 0, 0, 5], [3, 4, 0, 0, 0, 3], [0, 1, 0, 0, 0, 9]])
        assert best_of_each_picture(rows, 1).tolist() == [rows[3].tolist(), rows[1].tolist(), rows[2].tolist()]
        assert best_of_each_picture(rows, 2)[:, 5].tolist() == [9, 5, 4, 3]

    def test_none(self):
        assert best_of_each_picture(np.empty((0, 6), np.int64), 3).shape == (0, 6)


def _inverse(number):
    return next(o for o in range(ORIENTATIONS) if (MATRICES[o] == MATRICES[number].T).all())


class TestBestOfLaterPictures:
    def test_by_hand(self):
        # Picture 2 keeps its pair with 1; that 0-2 is the best of picture 0 does not count.
        rows = np.array([[0, 2, 0, 0, 0, 4], [1, 2, 0, 0, 0, 5], [1, 3, 0, 0, 0, 3]])
        assert best_of_later_pictures(rows, 1).tolist() == [rows[1].tolist(), rows[2].tolist()]
        assert best_of_later_pictures(rows, 2)[:, 5].tolist() == [5, 4, 3]

    def test_none(self):
        assert best_of_later_pictures(np.empty((0, 6), np.int64), 3).shape == (0, 6)
