"""Command ``lidd report`` from its words to its exit status."""

import json
import sys

import cv2
import numpy as np
import pytest

from lidd_yolo.cli.main import main
from tests.helpers.made_up_certificate import format_of, write_certificate
from tests.helpers.made_up_ledger import made_up_entry, write_entry, write_latency


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    write_entry(folder, made_up_entry("good-s0"), quality=0.9)
    write_entry(folder, made_up_entry("bad-s0", model="yolov8n.yaml"), quality=0.3)
    write_latency(folder, {"lidd.yaml": 0.002, "yolov8n.yaml": 0.004})
    return folder


def report(*words):
    return main(["report", *map(str, words)])


class TestRun:
    def test_run__page(self, ledger, tmp_path, capsys):
        page = tmp_path / "new" / "page.html"
        assert report("--ledger", ledger, "--out", page) == 0
        assert capsys.readouterr().out == f"wrote {page}: 2 training runs\n"
        text = page.read_text(encoding="utf-8")
        assert "over time of a prediction" in text
        assert "follows from it" in text

    def test_run__markdown(self, ledger, tmp_path, capsys, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert report("good-*", "bad-*", "good-*", "--ledger", ledger, "--markdown") == 0
        out = capsys.readouterr().out
        assert out.count("| lidd | 1 |") == 1
        assert "| lidd − yolov8n |" in out
        assert not (tmp_path / "report.html").exists()

    def test_run__pattern(self, ledger, capsys):
        assert report("bad-*", "--ledger", ledger, "--markdown") == 0
        assert "lidd |" not in capsys.readouterr().out

    def test_run__folder_of_runs(self, ledger, tmp_path, capsys):
        for name in ("good-s0", "good-s1"):
            (tmp_path / "runs" / name).mkdir(parents=True)
            (tmp_path / "runs" / name / "run.json").touch()
        assert report(tmp_path / "runs", "--ledger", ledger, "--markdown") == 0
        out, err = capsys.readouterr()
        assert "| lidd | 1 |" in out
        assert "yolov8n" not in out
        assert err == f"left out, not in {ledger} yet: good-s1\n"

    def test_run__plan(self, ledger, tmp_path, capsys):
        plan = tmp_path / "plan.yaml"
        plan.write_text("source: Paper\nmodels: [{model: lidd.yaml, printed: {map50: 0.983}}]")
        assert report("--ledger", ledger, "--markdown", "--plan", plan) == 0
        assert "printed 0.983" in capsys.readouterr().out

    def test_run__pictures(self, ledger, tmp_path, monkeypatch):
        asked = {}

        def draw(models, data, target, **words):
            asked.update(models=models, data=data, **words)
            cv2.imwrite(str(target), np.zeros((4, 4, 3), np.uint8))

        monkeypatch.setattr("lidd_yolo.report.side_by_side.draw_side_by_side", draw)
        weights, page = tmp_path / "best.pt", tmp_path / "page.html"
        weights.touch()
        shown = ("--pictures", f"Ours={weights}", weights, "--data", "steel.yaml", "--count", "2")
        assert report("--ledger", ledger, "--out", page, *shown) == 0
        assert asked == {
            "models": {"Ours": weights, "best": weights},
            "data": "steel.yaml",
            "split": "test",
            "count": 2,
        }
        assert "data:image/jpeg;base64," in page.read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("none-*",), "no training run none-* in"),
            (("latency-*",), "no training run latency-* in"),
            (("--plan", "nothing"), "no plan 'nothing'"),
            (("--pictures", "best.pt"), "--pictures needs --data"),
            (("--pictures", "none.pt", "--data", "steel.yaml"), "no model none.pt"),
        ],
    )
    def test_run__refused(self, ledger, tmp_path, capsys, monkeypatch, words, told):
        monkeypatch.chdir(tmp_path)
        assert report(*words, "--ledger", ledger) == 2
        assert told in capsys.readouterr().err
        assert not (tmp_path / "report.html").exists()

    def test_run__package_missing(self, ledger, tmp_path, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "jinja2", None)
        assert report("--ledger", ledger, "--out", tmp_path / "page.html") == 2
        assert 'pip install "lidd-yolo[compare]"' in capsys.readouterr().err


class TestCertificates:
    @pytest.fixture
    def certificate(self, tmp_path):
        return write_certificate(tmp_path / "export" / "best.parity.json", {"onnx": format_of("onnx", 1e-6)})

    def test_run__alone(self, certificate, tmp_path, capsys):
        """Without a ledger, and without looking for one."""
        page = tmp_path / "page.html"
        assert report("--certificates", certificate, "--out", page, "--ledger", tmp_path / "none") == 0
        assert capsys.readouterr().out == f"wrote {page}: 1 certificate\n"
        assert "Export certificates" in page.read_text(encoding="utf-8")

    def test_run__with_runs(self, certificate, ledger, tmp_path, capsys):
        page = tmp_path / "page.html"
        assert report("good-*", "--certificates", certificate, certificate, "--out", page, "--ledger", ledger) == 0
        assert capsys.readouterr().out == f"wrote {page}: 1 training runs, 2 certificates\n"
        assert "Comparison of networks" in page.read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("content", "told"), [("{}", "no certificate of lidd export: 'weights' is missing"), (None, "No such file")]
    )
    def test_run__bad_one(self, certificate, tmp_path, capsys, content, told):
        bad, page = tmp_path / "bad.json", tmp_path / "page.html"
        if content is not None:
            bad.write_text(content)
        assert report("--certificates", certificate, bad, "--out", page) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"lidd report: {bad}: ")
        assert told in err
        assert not page.exists()

    def test_run__markdown_has_no_place_for_them(self, certificate, ledger, capsys):
        assert report("--markdown", "--certificates", certificate, "--ledger", ledger) == 2
        assert "--certificates are for the page" in capsys.readouterr().err


class TestVerify:
    def test_verify__untouched(self, ledger, capsys):
        assert report("--verify", "--ledger", ledger) == 0
        bare, told = capsys.readouterr().out.splitlines()
        assert bare == "without evidence, guarded by git alone (3): bad-s0 (val), good-s0 (val), latency-192-threads1"
        assert told == f"{ledger}: every figure that has evidence follows from it"

    def test_verify__edited_number(self, ledger, tmp_path, capsys):
        file = ledger / "bad-s0.json"
        entry = json.loads(file.read_text(encoding="utf-8"))
        entry["results"]["test"]["recall"] = 0.9
        file.write_text(json.dumps(entry), encoding="utf-8")
        assert report("--verify", "--ledger", ledger) == 1
        assert "bad-s0: test recall is 0.9 in the entry, 0." in capsys.readouterr().out
        assert report("--ledger", ledger, "--out", tmp_path / "page.html") == 0
        assert "not what was written (1)" in capsys.readouterr().err
        assert "The ledger is not what was written." in (tmp_path / "page.html").read_text(encoding="utf-8")

    def test_verify__changed_evidence(self, ledger, capsys):
        with (ledger / "good-s0.test.npz").open("ab") as file:
            file.write(b"more")
        assert report("--verify", "--ledger", ledger) == 1
        assert "good-s0.test.npz" in capsys.readouterr().out

    def test_verify__no_ledger(self, tmp_path, capsys):
        assert report("--verify", "--ledger", tmp_path / "none") == 2
        assert "no ledger" in capsys.readouterr().err
