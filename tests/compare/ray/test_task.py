"""A task looks before it starts a process, and the process ends with it."""

import json
import os
import platform
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lidd_yolo.compare.ray import pool
from lidd_yolo.compare.ray.pool import Errand, carry_out_errand
from lidd_yolo.compare.run_folder import begun_on, claim_folder
from tests.helpers.plans import make_run


@pytest.fixture
def errand(tmp_path):
    file = claim_folder(tmp_path / "runs" / "r", make_run(name="r"), {})
    (tmp_path / "ledger").mkdir()
    (tmp_path / "here").mkdir()
    places = {"file": str(file), "ledger": str(tmp_path / "ledger"), "place": str(tmp_path / "here")}
    return Errand(**places, content=file.read_text(), attempt="a1", cpus=2, gpu=False, until=None)


@pytest.fixture
def acting(monkeypatch):
    """Let the process run this Python text; ``sys.argv[1:]`` are the words behind the time limit."""

    def act(text):
        code = f"import json, os, sys, time; from pathlib import Path; {text}"
        monkeypatch.setattr(
            pool, "command_words", lambda _file, _ledger, _until, *more: [sys.executable, "-c", code, *more]
        )

    return act


class TestCarryOutErrand:
    @pytest.mark.parametrize("status", [0, 1, 75])
    def test_status__of_the_process(self, errand, acting, status):
        acting(f"sys.exit({status})")
        assert carry_out_errand(errand) == (status, "")

    def test_begun__by_this_attempt(self, errand, acting, tmp_path):
        acting("sys.exit(0)")
        carry_out_errand(errand)
        assert begun_on(tmp_path / "runs" / "r", "a1") == platform.node()
        assert begun_on(tmp_path / "runs" / "r", "a2") == ""

    @pytest.mark.parametrize("gpu", [False, True])
    def test_process__place_and_gpu(self, errand, acting, tmp_path, monkeypatch, gpu):
        """A GPU that Ray has given stays visible; others are hidden."""
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
        acting("print(json.dumps([os.getcwd(), os.environ['CUDA_VISIBLE_DEVICES'], sys.argv[1:]]))")
        carry_out_errand(replace(errand, gpu=gpu))
        place, visible, more = json.loads((tmp_path / "runs" / "r" / "run.log").read_text())
        assert place == str(tmp_path / "here")
        assert (visible, more) == (("5", ["--elsewhere", "--gpu"]) if gpu else ("", ["--elsewhere"]))

    def test_process__where_the_place_is_not_seen(self, errand, acting, tmp_path):
        acting("print(os.getcwd())")
        carry_out_errand(replace(errand, place=str(tmp_path / "nowhere")))
        assert (tmp_path / "runs" / "r" / "run.log").read_text().strip() == str(tmp_path / "runs" / "r")

    def test_limit__nothing_is_begun_after_it(self, errand, acting, tmp_path):
        acting("sys.exit(0)")
        assert carry_out_errand(replace(errand, until=time.time() - 1)) == (75, "")
        assert begun_on(tmp_path / "runs" / "r", "a1") == ""

    @pytest.mark.parametrize("seen", ["nothing", "another run"])
    def test_project__not_shared(self, errand, tmp_path, seen):
        """A folder of this name may be there and be another one."""
        if seen == "nothing":
            (tmp_path / "runs" / "r" / "run.json").unlink()
        else:
            (tmp_path / "runs" / "r" / "run.json").write_text("{}")
        status, reason = carry_out_errand(errand)
        assert status == 2
        assert reason == (
            f"{platform.node()} does not see {tmp_path / 'runs' / 'r'}: --project has to be on a folder that all "
            "machines share"
        )

    def test_ledger__not_shared(self, errand, tmp_path):
        (tmp_path / "ledger").rmdir()
        status, reason = carry_out_errand(errand)
        assert status == 2
        assert f"cannot write to {tmp_path / 'ledger'}: --ledger has to be on a folder" in reason

    def test_interrupt__ends_the_process(self, errand, acting, tmp_path, monkeypatch):
        """Ray cancels a task by KeyboardInterrupt."""
        acting("Path('pid').write_text(str(os.getpid())); time.sleep(60)")

        def interrupt(_):
            if (tmp_path / "here" / "pid").is_file() and (tmp_path / "here" / "pid").read_text():
                raise KeyboardInterrupt

        monkeypatch.setattr(pool, "time", SimpleNamespace(sleep=interrupt, time=time.time))
        with pytest.raises(KeyboardInterrupt):
            carry_out_errand(errand)
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "here" / "pid").read_text()), 0)
