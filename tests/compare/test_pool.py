"""Several processes at once: how they are started, reported and ended, and that none is left behind."""

import os
import subprocess
import sys
import time

import pytest

from lidd_yolo.compare import pool
from lidd_yolo.compare.pool import Outcome, Teller, carry_out_runs, command_words, end_processes, start_process
from lidd_yolo.compare.run_folder import claim_folder
from tests.helpers.plans import make_run


@pytest.fixture
def runs(tmp_path):
    found = [make_run(name=f"r{index}", epochs=3) for index in range(4)]
    return [(run, claim_folder(tmp_path / run.name, run, {})) for run in found]


@pytest.fixture
def acting(monkeypatch):
    """Let every process run this Python text instead of a training; ``file`` is its ``run.json``."""

    def act(text):
        code = f"import os, sys, time; from pathlib import Path; file = Path(sys.argv[1]); {text}"
        monkeypatch.setattr(pool, "command_words", lambda file, *_: [sys.executable, "-c", code, str(file)])
        monkeypatch.setattr(pool, "_LOOK_EVERY", 0.02)

    return act


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestCarryOut:
    def test_endings__told_apart(self, runs, acting, tmp_path):
        acting(
            "status = {'r0': 0, 'r1': 75, 'r2': 1, 'r3': 0}[file.parent.name]; print('Error: why'); sys.exit(status)"
        )
        said = []
        found = carry_out_runs(runs, ledger=tmp_path, say=said.append)
        assert (found.done, found.failed, found.left) == (["r0", "r3"], ["r2"], ["r1"])
        assert any(line.startswith("r2: failed: Error: why (") for line in said)
        assert "r1: stopped at the time limit" in said

    @pytest.mark.trains
    @pytest.mark.parametrize(("jobs", "most"), [(1, 1), (3, 3)])
    def test_jobs__at_once(self, runs, acting, tmp_path, jobs, most):
        """Each process counts those that live beside it."""
        acting(
            "mark = file.parent.parent / (file.parent.name + '.alive'); mark.touch(); time.sleep(0.6); "
            "(file.parent / 'beside').write_text(str(len(list(mark.parent.glob('*.alive'))))); mark.unlink()"
        )
        assert len(carry_out_runs(runs, ledger=tmp_path, say=lambda _: None, jobs=jobs).done) == 4
        assert max(int((file.parent / "beside").read_text()) for _, file in runs) == most

    def test_limit__nothing_is_begun_after_it(self, runs, acting, tmp_path):
        acting("sys.exit(1)")
        found = carry_out_runs(runs, ledger=tmp_path, say=lambda _: None, until=time.time() - 1)
        assert (found.left, found.failed) == (["r0", "r1", "r2", "r3"], [])

    def test_progress__epoch_and_map(self, runs, acting, tmp_path, monkeypatch):
        monkeypatch.setattr(pool, "_TELL_EVERY", 0)
        acting("(file.parent / 'results.csv').write_text('epoch,metrics/mAP50(B)\\n2,0.25\\n')")
        said = []
        carry_out_runs(runs[:1], ledger=tmp_path, say=said.append)
        assert said[1:] == ["r0: epoch 2/3, mAP50 0.250", "r0: done"]

    def test_threads__are_shared(self, runs, acting, tmp_path, monkeypatch):
        monkeypatch.setattr(pool.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        acting("print(os.environ['OMP_NUM_THREADS'])")
        carry_out_runs(runs[:1], ledger=tmp_path, say=lambda _: None, jobs=3)
        assert (tmp_path / "r0" / "run.log").read_text() == "2\n"
        monkeypatch.setenv("OMP_NUM_THREADS", "5")
        carry_out_runs(runs[:1], ledger=tmp_path, say=lambda _: None, jobs=3)
        assert (tmp_path / "r0" / "run.log").read_text() == "2\n5\n"


class TestStopped:
    @pytest.mark.trains
    def test_stop__ends_every_process_and_its_own(self, runs, acting, tmp_path, monkeypatch):
        """Ctrl-C while two run; each has started a process of its own, as data loaders do."""
        acting(
            "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
            "(file.parent / 'tmp').write_text(f'{os.getpid()} {child.pid}'); "
            "(file.parent / 'tmp').rename(file.parent / 'pids'); time.sleep(60)"
        )
        pids = []

        def stop_when_both_run():
            files = [file.parent / "pids" for _, file in runs[:2]]
            if all(file.is_file() for file in files):
                pids.extend(int(pid) for file in files for pid in file.read_text().split())
                raise KeyboardInterrupt

        monkeypatch.setattr(pool, "progress_of", lambda _: stop_when_both_run() or (0, 0.0))
        with pytest.raises(KeyboardInterrupt):
            carry_out_runs(runs, ledger=tmp_path, say=lambda _: None, jobs=2)
        assert len(pids) == 4
        end = time.time() + 10
        while any(map(alive, pids)) and time.time() < end:
            time.sleep(0.05)
        assert not any(map(alive, pids))


class TestTeller:
    @pytest.fixture
    def said(self):
        return []

    @pytest.fixture
    def teller(self, tmp_path, said):
        return Teller(make_run(name="r", epochs=9), tmp_path, said.append)

    def write(self, folder, epoch):
        (folder / "results.csv").write_text(f"epoch,metrics/mAP50(B)\n{epoch},0.25\n")

    def test_progress__each_epoch_once_and_not_too_often(self, teller, tmp_path, said, monkeypatch):
        self.write(tmp_path, 1)
        teller.progress()
        self.write(tmp_path, 2)
        teller.progress()
        monkeypatch.setattr(pool, "_TELL_EVERY", 0)
        teller.progress()
        teller.progress()
        assert said == ["r: epoch 1/9, mAP50 0.250", "r: epoch 2/9, mAP50 0.250"]

    @pytest.mark.parametrize(
        ("status", "line", "counted"),
        [
            (0, "r: done", (["r"], [], [])),
            (75, "r: stopped at the time limit", ([], [], ["r"])),
            (2, "r: failed: no disk", ([], ["r"], [])),
        ],
    )
    def test_ended__counted_and_said(self, teller, tmp_path, said, status, line, counted):
        self.write(tmp_path, 3)
        found = Outcome()
        teller.ended(status, found, "no disk" if status == 2 else "")
        assert said == ["r: epoch 3/9, mAP50 0.250", line]
        assert (found.done, found.failed, found.left) == counted

    def test_ended__reason_from_the_log(self, teller, tmp_path, said):
        teller.ended(1, Outcome())
        (tmp_path / "run.log").write_text("begun\nValueError: why\n\n")
        teller.ended(1, Outcome())
        assert said == [
            f"r: failed: {reason} ({tmp_path / 'run.log'})" for reason in ("without a word", "ValueError: why")
        ]


def words(text):
    return [sys.executable, "-c", f"import os, sys, time; {text}"]


class TestCommandWords:
    def test_command__is_the_worker(self, tmp_path):
        found = command_words(tmp_path / "run.json", tmp_path / "ledger", 12.5, "--elsewhere")
        assert found[:3] == [sys.executable, "-m", "lidd_yolo.compare.worker"]
        assert found[3:] == [
            *(str(tmp_path / "run.json"), "--ledger", str(tmp_path / "ledger")),
            *("--tied", "--until", "12.5", "--elsewhere"),
        ]
        assert "--until" not in command_words(tmp_path / "run.json", tmp_path, None)


class TestStartProcess:
    def test_start__place_threads_and_variables(self, tmp_path, monkeypatch):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        (tmp_path / "here").mkdir()
        text = "print(os.getcwd(), os.environ['OMP_NUM_THREADS'], repr(os.environ['SEEN']))"
        file, place = tmp_path / "run.json", tmp_path / "here"
        assert start_process(file, words(text), threads=3, place=place, variables={"SEEN": ""}).wait() == 0
        assert (tmp_path / "run.log").read_text() == f"{place} 3 ''\n"


class TestEndProcesses:
    def test_end__even_one_that_does_not_want_to(self, tmp_path, monkeypatch):
        monkeypatch.setattr("lidd_yolo.compare.pool._GRACE", 0.5)
        text = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
        process = start_process(tmp_path / "run.json", words(text), threads=1)
        while not (tmp_path / "run.log").read_text():
            time.sleep(0.02)
        end_processes([process])
        assert process.returncode == -9

    def test_end__one_that_has_ended(self, tmp_path):
        process = start_process(tmp_path / "run.json", words("sys.exit(3)"), threads=1)
        process.wait()
        end_processes([process])
        assert process.returncode == 3


TETHERED = "from lidd_yolo.compare.pool import end_with_parent; import time; end_with_parent(); time.sleep({})"


def started(seconds):
    return subprocess.Popen([sys.executable, "-c", TETHERED.format(seconds)], stdin=subprocess.PIPE)


class TestEndWithParent:
    def test_end__when_input_closes(self):
        process = started(60)
        time.sleep(0.5)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(10) == 1

    def test_end__of_itself_is_not_disturbed(self):
        assert started(0).wait(10) == 0
