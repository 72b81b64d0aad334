"""Times taken in turn, and measurements in processes of their own."""

import sys
from itertools import count

import numpy as np
import pytest

from lidd_yolo.bench import in_turn as side_by_side
from lidd_yolo.bench.in_turn import measured_alone, peak_memory_mib, time_in_turn


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


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps peak memory in another form")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that holds as many MiB as it is told and writes its peak; ``-1``: it fails."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "holds_memory.py").write_text(
        "import json, sys\n"
        "from lidd_yolo.bench.in_turn import peak_memory_mib\n"
        "held = int(sys.argv[1])\n"
        "if held < 0: sys.exit('nothing to hold')\n"
        "block = b'x' * (held << 20)\n"
        "del block\n"
        "print('beside')\n"
        "print(json.dumps({'peak_mib': peak_memory_mib()}))\n"
    )
    return "holds_memory"


class TestMeasuredAlone:
    def test_peak__of_the_child_alone(self, module):
        """What the test process holds must not count: Linux hands its peak on to ``getrusage`` of the child."""
        block = np.ones((300, 2**17))  # 300 MiB
        little, much = (measured_alone(module, [held])["peak_mib"] for held in (1, 200))
        assert little < 150
        assert peak_memory_mib() > 300
        assert much - little == pytest.approx(199, abs=15)
        del block

    def test_failure__told(self, module):
        with pytest.raises(ValueError, match="holds_memory -1 failed: nothing to hold"):
            measured_alone(module, [-1])
