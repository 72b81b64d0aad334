"""A lock that another process respects and that dies with its holder."""

import subprocess
import sys
import time

from lidd_yolo.benchmark.file_lock import locked

HOLD = """
import sys, time
from pathlib import Path
from lidd_yolo.benchmark.file_lock import locked
with Path(sys.argv[1]).open("a+b") as file, locked(file):
    Path(sys.argv[2]).touch()
    time.sleep(float(sys.argv[3]))
"""


def hold(file, sign, seconds):
    return subprocess.Popen([sys.executable, "-c", HOLD, str(file), str(sign), str(seconds)])


def wait_for(sign):
    end = time.monotonic() + 60
    while not sign.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


class TestLocked:
    def test_locked__another_process_waits(self, tmp_path):
        with (tmp_path / "file").open("a+b") as file:
            with locked(file):
                other = hold(tmp_path / "file", tmp_path / "sign", 0)
                time.sleep(2)
                assert other.poll() is None
                assert not (tmp_path / "sign").exists()
            assert other.wait(60) == 0
        assert (tmp_path / "sign").exists()

    def test_locked__ends_with_a_killed_process(self, tmp_path):
        other = hold(tmp_path / "file", tmp_path / "sign", 600)
        wait_for(tmp_path / "sign")
        other.kill()
        other.wait(60)
        with (tmp_path / "file").open("a+b") as file, locked(file):
            file.write(b"mine")
        assert (tmp_path / "file").read_bytes() == b"mine"
