"""Times taken in turn: what counts, and what the ratios are to."""

from itertools import count

import pytest

from lidd_yolo.bench import in_turn as side_by_side
from lidd_yolo.bench.in_turn import time_in_turn


class TestTimeInTurn:
    def test_figures__by_hand(self):
        """Rounds of 9 (warm-up), 1, 2, 4 against 9, 3, 2, 2: ratios 1/3, 1, 2; quartiles lie between neighbours."""
        one, other = iter((9.0, 1.0, 2.0, 4.0)), iter((9.0, 3.0, 2.0, 2.0))
        references = {"a": "b", "b": "b"}
        found = time_in_turn({"a": one.__next__, "b": other.__next__}, warm_up=1, rounds=3, references=references)
        assert found == {
            "a": {
                **{"median_s": 2.0, "min_s": 1.0, "quartiles_s": [1.5, 3.0]},
                **{"ratio": 1.0, "ratio_quartiles": [0.667, 1.5]},
            },
            "b": {
                **{"median_s": 2.0, "min_s": 2.0, "quartiles_s": [2.0, 2.5]},
                **{"ratio": 1.0, "ratio_quartiles": [1.0, 1.0]},
            },
        }

    def test_references__one_for_each(self):
        seconds = {("x", "a"): 1.0, ("x", "b"): 3.0, ("y", "a"): 10.0, ("y", "b"): 5.0}
        timed = {key: lambda value=value: value for key, value in seconds.items()}
        found = time_in_turn(timed, warm_up=0, rounds=1, references={key: (key[0], "a") for key in timed})
        assert {key: figures["ratio"] for key, figures in found.items()} == {
            **{("x", "a"): 1.0, ("x", "b"): 3.0},
            **{("y", "a"): 1.0, ("y", "b"): 0.5},
        }

    def test_order__in_turn_with_pauses(self, monkeypatch):
        clock = count(1.0)
        called = []
        monkeypatch.setattr(side_by_side.time, "sleep", called.append)

        def work(name):
            called.append(name)
            return next(clock)

        timed = {n: lambda n=n: work(n) for n in "ab"}
        time_in_turn(timed, warm_up=1, rounds=1, references=dict.fromkeys("ab", "a"), pause=0.25)
        assert called == [0.25, "a", 0.25, "b"] * 2

    def test_rounds__none(self):
        with pytest.raises(ValueError, match="rounds=0"):
            time_in_turn({"a": lambda: 1.0}, warm_up=1, rounds=0, references={"a": "a"})
