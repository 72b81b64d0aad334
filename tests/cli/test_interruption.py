"""A command that is stopped from outside leaves nothing half done and ends in one line, or in none if nobody reads."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lidd_yolo.cli import interruption, main

ROOT = Path(__file__).resolve().parents[2]

BUSY = """
import sys, time
from pathlib import Path
from lidd_yolo.cli import main
from lidd_yolo.files import all_or_nothing

def run(args):
    with all_or_nothing(Path(sys.argv[1])) as folder:
        (folder / "half").touch()
        print("begun", flush=True)
        time.sleep(60)

class Args:
    command, action = "data", "split"
Args.run = staticmethod(run)
sys.exit(main._run(Args))
"""

SAY = """
import sys
from lidd_yolo.cli import main

class Args:
    command = "report"
    def run(args):
        for number in range({lines}):
            sys.stdout.write("a line of text\\n")
        return 1
    run = staticmethod(run)
sys.exit(main._run(Args))
"""


def python(code, *words, **more):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    return subprocess.Popen([sys.executable, "-c", code, *words], env=env, stderr=subprocess.PIPE, text=True, **more)


class TestSignals:
    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
    )
    def test_signal__one_line_and_nothing_left(self, tmp_path, number, status):
        with python(BUSY, str(tmp_path / "set"), stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == "begun\n"
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == status
        assert errors.strip() == "lidd data split: stopped; nothing was written"
        assert list(tmp_path.iterdir()) == []

    def test_ignored__stays_ignored(self, tmp_path):
        """As under nohup."""
        ignoring = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{BUSY}"
        with python(ignoring, str(tmp_path / "set"), stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == "begun\n"
            process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        assert process.returncode == 143

    @pytest.mark.parametrize("of_another", [False, True])
    def test_handlers__given_back(self, of_another):
        """Ours in place of the system's own; a handler of another library, as Ray's, is left alone."""
        before = (lambda *_: None) if of_another else signal.SIG_DFL
        of_the_tests = signal.signal(signal.SIGTERM, before)
        try:
            with interruption.stopped_as_by_ctrl_c():
                assert (signal.getsignal(signal.SIGTERM) == before) == of_another
            assert signal.getsignal(signal.SIGTERM) == before
        finally:
            signal.signal(signal.SIGTERM, of_the_tests)


class TestOutput:
    @pytest.mark.parametrize("lines", [1, 100_000])
    def test_reader_gone__quiet(self, lines):
        """Output that is still in the buffer at the end, and output that is not."""
        reading, writing = os.pipe()
        os.close(reading)
        with python(SAY.format(lines=lines), stdout=writing) as process:
            os.close(writing)
            errors = process.stderr.read()
        assert (process.returncode, errors) == (141, "")

    @pytest.mark.parametrize("lines", [1, 100_000])
    def test_disk_full__one_line(self, lines):
        with open("/dev/full", "w") as full, python(SAY.format(lines=lines), stdout=full) as process:  # noqa: PTH123
            errors = process.stderr.read()
        assert process.returncode == 2
        assert errors.startswith("lidd report: [Errno 28] No space left on device")
        assert errors.count("\n") == 1

    def test_closed_before_the_start__quiet(self):
        code = f"import os\nos.close(1)\nimport sys\nsys.stdout = None\n{SAY.format(lines=3)}"
        with python(code) as process:
            errors = process.stderr.read()
        assert (process.returncode, errors) == (1, "")


class TestTooMuch:
    @pytest.mark.parametrize(
        ("error", "message"), [(RecursionError("deep"), "nested too deeply"), (MemoryError(), "not enough memory")]
    )
    def test_error__one_line(self, capsys, error, message):
        class Args:
            command = "report"

            @staticmethod
            def run(_):
                raise error

        assert main._run(Args) == 2
        assert message in capsys.readouterr().err

    def test_message__one_line_and_no_escape_sequence(self, capsys):
        """Names of files and libraries' messages may hold anything."""

        class Args:
            command = "report"

            @staticmethod
            def run(_):
                raise ValueError("a\nb \x1b[31m Prüfling\u2028")

        assert main._run(Args) == 2
        assert capsys.readouterr().err == "lidd report: a\\nb \\x1b[31m Prüfling\\u2028\n"
