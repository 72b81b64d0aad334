"""Mean and interval over seeds against tables of Student's t."""

import pytest

from lidd_yolo.report import figures as statistics
from lidd_yolo.report.figures import spread_of


class TestSpreadOf:
    def test_spread_of__three_by_hand(self):
        # mean 2, standard deviation 1; t(0.975, 2) = 4.3027 in printed tables; 4.3027 / sqrt(3) = 2.4841
        spread = spread_of([1.0, 2.0, 3.0])
        assert (spread.mean, spread.count) == (2.0, 3)
        assert spread.half == pytest.approx(2.4841, abs=1e-4)

    def test_spread_of__two_by_hand(self):
        # standard deviation 0.1 * sqrt(2) / 2 * ... = 0.0707; t(0.975, 1) = 12.7062; over sqrt(2): 0.6353
        assert spread_of([0.5, 0.6]).half == pytest.approx(12.7062 * 0.05, abs=1e-4)

    def test_spread_of__equal_values(self):
        assert spread_of([0.7, 0.7, 0.7]).half == 0

    def test_spread_of__one_value_has_no_interval(self, monkeypatch):
        monkeypatch.setattr(statistics, "load_extra", None)  # SciPy is not needed for it
        spread = spread_of([0.7])
        assert (spread.mean, spread.half, spread.count) == (0.7, None, 1)

    def test_spread_of__nothing(self):
        with pytest.raises(ValueError, match="no value"):
            spread_of([])
