"""Several processes at once: how many, how they end, and that none is left behind."""

import os
import sys
import time

import pytest

from lidd_yolo.compare import pool
from lidd_yolo.compare import pool as outcome
from lidd_yolo.compare.pool import carry_out_runs
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

    @pytest.mark.parametrize(("jobs", "most"), [(1, 1), (3, 3)])
    def test_jobs__at_once(self, runs, acting, tmp_path, jobs, most):
        """Each process counts those that live beside it."""
        acting(
            "mark = file.parent.parent / (file.parent.name + '.alive'); mark.touch(); time.sleep(0.6); "
            "(file.parent / 'beside').write_text(str(len(list(mark.parent.glob('*.alive'))))); mark.unlink()"
        )
        assert carry_out_runs(runs, ledger=tmp_path, say=lambda _: None, jobs=jobs).status == 0
        assert max(int((file.parent / "beside").read_text()) for _, file in runs) == most

    def test_limit__nothing_is_begun_after_it(self, runs, acting, tmp_path):
        acting("sys.exit(1)")
        found = carry_out_runs(runs, ledger=tmp_path, say=lambda _: None, until=time.time() - 1)
        assert (found.left, found.failed) == (["r0", "r1", "r2", "r3"], [])

    def test_progress__epoch_and_map(self, runs, acting, tmp_path, monkeypatch):
        monkeypatch.setattr(outcome, "_TELL_EVERY", 0)
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

        monkeypatch.setattr(outcome, "progress_of", lambda _: stop_when_both_run() or (0, 0.0))
        with pytest.raises(KeyboardInterrupt):
            carry_out_runs(runs, ledger=tmp_path, say=lambda _: None, jobs=2)
        assert len(pids) == 4
        end = time.time() + 10
        while any(map(alive, pids)) and time.time() < end:
            time.sleep(0.05)
        assert not any(map(alive, pids))
