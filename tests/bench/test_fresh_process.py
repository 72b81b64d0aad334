"""Measurements in processes of their own."""

import sys

import numpy as np
import pytest

from lidd_yolo.bench.in_turn import measured_alone, peak_memory_mib

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
