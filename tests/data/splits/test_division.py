"""Objects of each class, what a split balances, sides and folds by whole groups, and what is said of shortfalls."""

import itertools

import numpy as np
import pytest

from lidd_yolo.data.splits import division
from lidd_yolo.data.splits.division import balance_columns, count_labels, divide, parse_ratio, shortfalls

RATIOS = {"train": 0.8, "val": 0.1, "test": 0.1}


def random_data(rng):
    """Return groups of random sizes, labels and the number of parts that they are enough for."""
    count = int(rng.integers(3, 40))
    groups = rng.integers(0, rng.integers(1, count + 1), count).tolist()
    counts = rng.integers(0, 4, (count, int(rng.integers(1, 5)))) * rng.integers(0, 2, (count, 1))
    return groups, counts.astype(np.int64)


def even_data(rng):
    """Return groups of 40 on average and labels of six classes, both cut within the sides of an exact split."""
    groups, counts = [], np.zeros((1000, 6), dtype=np.int64)
    for start, size in ((0, 800), (800, 100), (900, 100)):
        counts[start + rng.permutation(size), np.arange(size) % 6] = 1
        while len(groups) < start + size:
            number = groups[-1] + 1 if groups else 0
            groups += [number] * min(int(rng.geometric(1 / 40)), start + size - len(groups))
    return groups, counts


class TestParseRatio:
    @pytest.mark.parametrize(
        ("text", "want"),
        [("8:1:1", RATIOS), ("8:2", {"train": 0.8, "val": 0.2}), ("0.5:0.25:0.25", {"train": 0.5, "val": 0.25})],
    )
    def test_shares(self, text, want):
        found = parse_ratio(text)
        assert {side: found[side] for side in want} == pytest.approx(want)
        assert sum(found.values()) == pytest.approx(1)

    @pytest.mark.parametrize("text", ["", "8", "8:0:2", "a:b", "1:2:3:4", "8:-1:1", "nan:1", "inf:1"])
    def test_wrong(self, text):
        with pytest.raises(ValueError, match="must be two or three positive numbers"):
            parse_ratio(text)


class TestDivide:
    def test_1000_random_data_sets__no_group_on_two_sides(self, monkeypatch):
        """Every picture is on exactly one side, no side is empty, and no two sides share a group."""
        monkeypatch.setattr("lidd_yolo.data.splits.search._ATTEMPTS", 2)  # wholeness does not hang on them; seconds do
        rng = np.random.default_rng(0)
        refused = 0
        for number in range(1000):
            groups, counts = random_data(rng)
            folds = int(rng.choice([0, 0, 2, 3]))
            ratios = parse_ratio(("8:1:1", "7:3", "1:1:1")[number % 3])
            enough = (folds + ("test" in ratios)) if folds else len(ratios)
            if len(set(groups)) < enough:
                refused += 1
                with pytest.raises(ValueError, match="cannot be divided"):
                    divide(groups, counts, ratios, number, folds)
                continue
            try:
                parts, wanted = divide(groups, counts, ratios, number, folds)
            except ValueError:
                # The test part may need more than one of few groups.
                assert folds
                assert len(set(groups)) < 2 * enough
                continue
            assert sorted(itertools.chain(*parts.values())) == list(range(len(groups)))
            assert all(parts.values())
            assert parts.keys() == wanted.keys()
            sides = [{groups[index] for index in part} for part in parts.values()]
            assert sum(map(len, sides)) == len(set().union(*sides))
        assert 0 < refused < 300

    def test_seed__same_split_and_another(self):
        groups, counts = list(range(60)), np.eye(3, dtype=np.int64)[np.arange(60) % 3]
        splits = [divide(groups, counts, RATIOS, seed)[0] for seed in (0, 0, 1)]
        assert splits[0] == splits[1] != splits[2]

    def test_folds__equal_and_test_kept(self):
        groups, counts = [k // 2 for k in range(120)], np.ones((120, 1), dtype=np.int64)
        parts, wanted = divide(groups, counts, RATIOS, 0, folds=3)
        assert list(parts) == ["fold0", "fold1", "fold2", "test"]
        assert wanted == pytest.approx({"fold0": 0.3, "fold1": 0.3, "fold2": 0.3, "test": 0.1})
        assert {part: len(members) for part, members in parts.items()} == {
            "fold0": 36,
            "fold1": 36,
            "fold2": 36,
            "test": 12,
        }

    @pytest.mark.parametrize("seed", range(5))
    def test_balance__ratios_within_2_points_where_groups_are_small(self, seed):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(150), rng.integers(1, 6, 150)).tolist()
        counts = rng.poisson(1.5, (len(groups), 4))
        parts, wanted = divide(groups, counts, RATIOS, seed)
        assert shortfalls(parts, wanted, groups, counts, [""] * len(groups), "abcd") == []

    def test_balance__large_groups_exchanged_where_an_even_split_exists(self):
        """Groups of 40 among 1000 pictures, made so that an exact split exists; without exchange 12 of 30 miss it."""
        missed = 0
        for seed in range(30):
            groups, counts = even_data(np.random.default_rng(seed))
            parts, wanted = divide(groups, counts, RATIOS, seed)
            missed += bool(shortfalls(parts, wanted, groups, counts, [""] * 1000, "abcdef"))
        assert missed <= 3

    @pytest.mark.parametrize("folds", [1, -2])
    def test_folds__too_few(self, folds):
        with pytest.raises(ValueError, match=f"--folds {folds}: there must be two or more"):
            divide([0, 1, 2], np.ones((3, 1), dtype=np.int64), RATIOS, 0, folds)

    def test_one_group__said(self):
        with pytest.raises(ValueError, match="1 group cannot be divided into 3 parts: too many pictures show"):
            divide([0, 0, 0], np.ones((3, 1), dtype=np.int64), RATIOS, 0)


class TestShortfalls:
    def test_cause__the_large_group_by_name(self):
        """Eight of ten pictures are of one group: it cannot be 50 %; class b is even."""
        groups, names = [0] * 8 + [1, 2], [f"{k}.jpg" for k in range(10)]
        counts = np.array([[1, 0]] * 8 + [[1, 1]] * 2)
        parts, wanted = {"train": list(range(9)), "val": [9]}, {"train": 0.5, "val": 0.5}
        cause = "3 groups have them, that of 0.jpg (8 pictures) 80.0 % alone"
        assert shortfalls(parts, wanted, groups, counts, names, "ab") == [
            f"train has 90.0 % of the pictures, wanted 50.0 %: {cause}",
            f"train has 90.0 % of the objects of a, wanted 50.0 %: {cause}",
            f"val has 10.0 % of the pictures, wanted 50.0 %: {cause}",
            f"val has 10.0 % of the objects of a, wanted 50.0 %: {cause}",
        ]

    def test_two_points__are_not_worth_a_word(self):
        groups, counts = list(range(100)), np.zeros((100, 1), dtype=np.int64)
        parts = {"train": list(range(82)), "val": list(range(82, 100))}
        assert division.TOLERANCE == 0.02
        assert shortfalls(parts, {"train": 0.8, "val": 0.2}, groups, counts, [""] * 100, "a") == []
        assert len(shortfalls(parts, {"train": 0.79, "val": 0.21}, groups, counts, ["x"] * 100, "a")) == 2


BOX, OUTLINE = "0.5 0.5 0.1 0.1", "0.1 0.1 0.2 0.1 0.2 0.2"


@pytest.fixture
def pictures(tmp_path):
    texts = [f"0 {BOX}\n2 {BOX}\n2 {BOX}\n", "", f"1 {BOX}\nnonsense\n3 {BOX}\n-1 {BOX}\n1 0.5\n"]
    (tmp_path / "labels").mkdir()
    for number, text in enumerate(texts):
        (tmp_path / "labels" / f"{number}.txt").write_text(text)
    return [tmp_path / "images" / f"{number}.jpg" for number in range(4)]


class TestCountLabels:
    def test_counts__by_hand(self, pictures):
        found = count_labels(pictures, 3)
        assert found.counts.tolist() == [[1, 0, 2], [0, 0, 0], [0, 1, 0], [0, 0, 0]]
        assert (found.segments, found.unlabelled) == (False, 1)

    def test_class_as_fraction__as_training_reads_it(self, pictures, tmp_path):
        (tmp_path / "labels" / "3.txt").write_text("1.0 0.5 0.5 0.1 0.1\n1.5 0.5 0.5 0.1 0.1\n-1 0.5 0.5 0.1 0.1\n")
        assert count_labels(pictures, 3).counts[3].tolist() == [0, 1, 0]

    def test_outline__seen(self, pictures, tmp_path):
        (tmp_path / "labels" / "3.txt").write_text(f"1 {OUTLINE}\n")
        found = count_labels(pictures, 3)
        assert found.counts[3].tolist() == [0, 1, 0]
        assert (found.segments, found.unlabelled) == (True, 0)


class TestBalanceColumns:
    counts = np.array([[2, 0], [0, 1], [1, 3], [5, 0], [0, 0]])

    def test_boxes__classes_alone(self):
        assert balance_columns(self.counts, segments=False) is self.counts

    def test_outlines__one_column_for_each_combination(self):
        """Combinations in order: none, b, a, a and b."""
        columns = balance_columns(self.counts, segments=True)
        assert columns[:, :2].tolist() == self.counts.tolist()
        assert columns[:, 2:].tolist() == [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]
