"""Objects of each class, and what a split balances."""

import numpy as np
import pytest

from lidd_yolo.data.splits.label_counts import LabelCounts, balance_columns, count_labels

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

    def test_outline__seen(self, pictures, tmp_path):
        (tmp_path / "labels" / "3.txt").write_text(f"1 {OUTLINE}\n")
        found = count_labels(pictures, 3)
        assert found.counts[3].tolist() == [0, 1, 0]
        assert (found.segments, found.unlabelled) == (True, 0)


class TestBalanceColumns:
    counts = np.array([[2, 0], [0, 1], [1, 3], [5, 0], [0, 0]])

    def test_boxes__classes_alone(self):
        assert balance_columns(LabelCounts(self.counts, False, 0)) is self.counts

    def test_outlines__one_column_for_each_combination(self):
        """Combinations in order: none, b, a, a and b."""
        columns = balance_columns(LabelCounts(self.counts, True, 0))
        assert columns[:, :2].tolist() == self.counts.tolist()
        assert columns[:, 2:].tolist() == [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]
