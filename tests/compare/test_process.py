"""The process of a run: its command, its log, its place, its end."""

import sys
import time

from lidd_yolo.compare.process import command_words, end_processes, start_process


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
        monkeypatch.setattr("lidd_yolo.compare.process._GRACE", 0.5)
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
