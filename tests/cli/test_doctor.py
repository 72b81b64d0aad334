"""``lidd doctor``: what it finds in order here, and what it says about each thing that can be wrong."""

import platform
import subprocess

import pytest
import torch
from ultralytics import __version__

import lidd_yolo
from lidd_yolo import connect
from lidd_yolo.cli import doctor
from tests.helpers.hostile_yaml import IN_LISTS


@pytest.fixture
def hook(monkeypatch):
    """Let the fresh interpreter that the doctor asks give this answer."""

    def answer(text):
        done = subprocess.CompletedProcess([], 0, stdout=f"{text}\n", stderr="")
        monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: done)

    answer("/site/lidd_yolo_startup.py|True")
    return answer


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory and no data sets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor.paths, "datasets_dir", lambda: tmp_path / "datasets")
    return tmp_path


@pytest.mark.usefixtures("hook", "here")
class TestExamine:
    def test_facts__all_in_order(self, here):
        report = doctor.examine()
        text = str(report)
        assert report.problems == []
        assert text.endswith("\nNothing is wrong.")
        for fact in (
            f"lidd_yolo     {lidd_yolo.__version__}",
            f"Python        {platform.python_version()}",
            f"ultralytics   {__version__}  tested: 8.3.100 to 8.4.190",
            f"torch         {torch.__version__.split('+')[0]}",
            "start-up file active  /site/lidd_yolo_startup.py",
            "ultralytics.nn.tasks: connected",
            "ultralytics.engine.model: connected",
            "ultralytics.data.utils: connected",
            "parser self-test passed; lidd.yaml builds, 6",
            f"data sets     {here / 'datasets'}",
        ):
            assert fact in text

    def test_data_sets__there_or_not(self, here):
        (here / "datasets" / "neu-det").mkdir(parents=True)
        facts = doctor.examine().facts
        assert f"  neu-det.yaml: {here / 'datasets' / 'neu-det'}" in facts
        missing = "  defects-demo.yaml: not there; `yolo train data=defects-demo.yaml` makes it or says how"
        assert missing in facts


class TestStartUp:
    """Not stubbed: a fresh interpreter is asked."""

    def test_answer__is_one_of_the_two(self, monkeypatch):
        monkeypatch.delenv("LIDD_YOLO_AUTOLOAD", raising=False)
        report = doctor.Report()
        doctor._start_up(report)
        active = report.facts[0].startswith("start-up file active  /") and not report.problems
        absent = report.facts[0] == "start-up file not run" and len(report.problems) == 1
        assert active or absent


@pytest.mark.usefixtures("hook", "here")
class TestProblems:
    def test_start_up_file__absent(self, hook):
        hook("|False")
        (problem,) = doctor.examine().problems
        assert problem.startswith("No start-up file of lidd_yolo runs in this Python")
        assert "`lidd train ...`" in problem

    def test_start_up_file__turned_off_is_no_problem(self, hook, monkeypatch):
        hook("/site/lidd_yolo_startup.py|False")
        monkeypatch.setenv("LIDD_YOLO_AUTOLOAD", "0")
        report = doctor.examine()
        assert report.problems == []
        assert any("turned off by LIDD_YOLO_AUTOLOAD=0" in fact for fact in report.facts)

    def test_ultralytics__does_not_import(self, monkeypatch):
        def broken():
            raise ImportError("no module named numpy")

        monkeypatch.setattr(connect, "attach_all", broken)
        (problem,) = doctor.examine().problems
        assert "Ultralytics cannot be imported (no module named numpy): pip install" in problem

    def test_ultralytics__not_what_we_expect(self, monkeypatch):
        monkeypatch.setattr(connect, "_problems", {"ultralytics.nn.tasks": "parse_model('d') is not ('d', 'ch')"})
        report = doctor.examine()
        assert "parse_model('d') is not ('d', 'ch'). Tested with 8.3.100 to 8.4.190" in report.problems[0]
        assert report.problems[1].startswith("lidd.yaml cannot be built: lidd_yolo cannot build its models")
        assert "2 problems:\n  1. lidd_yolo cannot" in str(report)

    @pytest.mark.parametrize(("version", "problems"), [("8.3.0", 1), ("8.9.0", 0), ("8.4.0", 0)])
    def test_ultralytics__outside_the_tested_range(self, monkeypatch, version, problems):
        monkeypatch.setattr(doctor, "_version", lambda *_: version)
        report = doctor.examine()
        assert len(report.problems) == problems
        assert all(p.endswith("pip install 'ultralytics>=8.3.100'") for p in report.problems)
        assert any(f"note: ultralytics {version} is" in fact for fact in report.facts) == (version != "8.4.0")

    def test_own_lidd_yaml__that_is_wrong(self, here):
        (here / "lidd.yaml").write_text("nc: 1\nbackbone: [[-1, 1, CSEA, []]]\nhead: []\n", encoding="utf-8")
        (problem,) = doctor.examine().problems
        assert problem.startswith("lidd.yaml cannot be built: lidd.yaml: row 0 [-1, 1, 'CSEA', []]")

    @pytest.mark.timeout(120)
    @pytest.mark.parametrize("text", [IN_LISTS, "path: !!bool x", "- a"], ids=lambda text: text[:8])
    def test_data_yaml__that_cannot_be_read(self, here, monkeypatch, text):
        """It is named, and the others are looked at."""
        (here / "steel.yaml").write_text(text, encoding="utf-8")
        (here / "tin.yaml").write_text("path: tin", encoding="utf-8")
        files = {name: here / f"{name}.yaml" for name in ("steel", "tin")}
        monkeypatch.setattr(doctor.names, "data_yamls", lambda: files)
        report = doctor.examine()
        (problem,) = report.problems
        assert problem.startswith(f"{here / 'steel.yaml'}")
        assert problem.endswith("; repair the file, or install lidd-yolo again")
        assert "\n" not in problem
        assert "  tin.yaml: not there; `yolo train data=tin.yaml` makes it or says how" in report.facts

    def test_yolo__of_another_python(self, monkeypatch):
        monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/opt/other/bin/{name}")
        facts = doctor.examine().facts
        assert "yolo command  /opt/other/bin/yolo" in facts
        assert any("may belong to another Python" in fact for fact in facts)


class TestVersion:
    def test_value__of_the_first_that_is_installed(self):
        assert doctor._version("no-such-package-at-all", "ultralytics") == __version__

    def test_value__none_installed(self):
        assert doctor._version("no-such-package-at-all") == "not installed"


class TestRun:
    @pytest.mark.parametrize(("problems", "status"), [([], 0), (["torch is missing: pip install torch"], 1)])
    def test_status(self, monkeypatch, capsys, problems, status):
        monkeypatch.setattr(doctor, "examine", lambda: doctor.Report(["a fact"], problems))
        assert doctor.run(None) == status
        out = capsys.readouterr().out
        assert out.startswith("a fact\n")
        assert all(problem in out for problem in problems)
