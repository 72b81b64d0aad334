"""Times taken in turn: what counts, and what the ratios are to."""

from itertools import count

from lidd_yolo.benchmark.side_by_side import time_in_turn


class TestTimeInTurn:
    def test_figures__by_hand(self):
        """Rounds of 9 (warm-up), 1, 2, 4 against 9, 3, 2, 2: ratios 1/3, 1, 2."""
        one, other = iter((9.0, 1.0, 2.0, 4.0)), iter((9.0, 3.0, 2.0, 2.0))
        found = time_in_turn({"a": one.__next__, "b": other.__next__}, warm_up=1, rounds=3, reference="b")
        assert found == {
            "a": {"median_s": 2.0, "min_s": 1.0, "ratio": 1.0},
            "b": {"median_s": 2.0, "min_s": 2.0, "ratio": 1.0},
        }

    def test_order__in_turn(self):
        clock = count(1.0)
        called = []

        def work(name):
            called.append(name)
            return next(clock)

        time_in_turn({n: lambda n=n: work(n) for n in "ab"}, warm_up=1, rounds=1, reference="a")
        assert called == ["a", "b", "a", "b"]
