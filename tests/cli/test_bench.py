"""``lidd bench`` as a user types it."""

import json
import sys

import pytest

from lidd_yolo.bench import data_tools as check_time
from lidd_yolo.bench import data_tools as group_time
from lidd_yolo.cli.main import main
from lidd_yolo.report import curves
from lidd_yolo.report.readme_tables import fill
from lidd_yolo.results.ledger import verify
from tests.bench.test_leaks import write
from tests.helpers.made_up_certificate import format_of, write_certificate
from tests.report.test_ledger_tables import ENTRY


@pytest.fixture
def ledger(tmp_path):
    entry = {**ENTRY, "curve": {"epoch": [1, 2], "time": [60, 120], "map50": [0.1, 0.4], "map": [0.05, 0.2]}}
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "neu-det-a.json").write_text(json.dumps(entry))
    steps = {"name": "train-step-192", "results": {"lidd.yaml aux=light": {"ratio": 2.0}}}
    (tmp_path / "ledger" / "train-step-192.json").write_text(json.dumps(steps))
    return tmp_path / "ledger"


class TestBench:
    def test_certificate__whole_into_the_ledger(self, ledger, tmp_path):
        file = write_certificate(tmp_path / "best.parity.json", {"onnx": format_of("onnx", 2e-6)})
        words = ["bench", "--ledger", str(ledger), "certificate", str(file), "--name", "steel"]
        assert main(words) == 0
        kept = json.loads((ledger / "certificate-steel.json").read_text())
        assert kept["results"] == json.loads(file.read_text())
        page = fill("<!-- certificates: certificate-* -->\n<!-- end of certificates -->\n", ledger)
        assert "| certificate-steel | onnx | passed |" in page

    @pytest.mark.parametrize("content", ["[]", '{"weights": {}}', "no JSON"])
    def test_certificate__of_something_else(self, ledger, tmp_path, capsys, content):
        file = tmp_path / "best.parity.json"
        file.write_text(content)
        assert main(["bench", "--ledger", str(ledger), "certificate", str(file), "--name", "steel"]) == 2
        assert str(file) in capsys.readouterr().err
        assert not (ledger / "certificate-steel.json").exists()

    def test_curves__draws(self, ledger, tmp_path):
        assert main(["bench", "--ledger", str(ledger), "curves", "neu-*", str(tmp_path / "c.png")]) == 0
        assert (tmp_path / "c.png").stat().st_size > 5000

    def test_curves__present_step_times_first(self, ledger, tmp_path, monkeypatch):
        steps = {"name": "train-step-lidd-192-cpu", "results": {"lidd.yaml aux=light": {"ratio": 3.0}}}
        (ledger / "train-step-lidd-192-cpu.json").write_text(json.dumps(steps))
        drawn = []
        monkeypatch.setattr(curves, "draw_curves", lambda *given: drawn.append(given[1]["lidd.yaml"]) or [])
        assert main(["bench", "--ledger", str(ledger), "curves", "neu-*", str(tmp_path / "c.png")]) == 0
        assert drawn == [3.0]

    def test_curves__without_step_times(self, ledger, tmp_path, capsys):
        (ledger / "train-step-192.json").unlink()
        assert main(["bench", "--ledger", str(ledger), "curves", "neu-*", str(tmp_path / "c.png")]) == 2
        assert "lidd bench steps" in capsys.readouterr().err

    def test_curves__no_such_entry(self, ledger, tmp_path, capsys):
        assert main(["bench", "--ledger", str(ledger), "curves", "zzz*", str(tmp_path / "c.png")]) == 2
        assert "no entry zzz*" in capsys.readouterr().err

    def test_record__not_a_run(self, ledger, tmp_path, capsys):
        assert main(["bench", "--ledger", str(ledger), "record", str(tmp_path)]) == 2
        assert "not a finished training run" in capsys.readouterr().err

    def test_record__without_the_extra(self, ledger, finished_run, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "faster_coco_eval", None)
        assert main(["bench", "--ledger", str(ledger), "record", str(finished_run)]) == 2
        assert 'pip install "lidd-yolo[compare]"' in capsys.readouterr().err

    def test_record__writes_entry_and_evidence(self, tmp_path, finished_run, capsys):
        words = ["record", str(finished_run), "--name", "one", "--commit", "abc", "--note", "A note."]
        assert main(["bench", "--ledger", str(tmp_path), *words]) == 0
        assert f"wrote {tmp_path / 'one.json'}" in capsys.readouterr().out
        entry = json.loads((tmp_path / "one.json").read_text())
        assert (entry["name"], entry["commit"], entry["note"]) == ("one", "abc", "A note.")
        assert (tmp_path / "one.val.npz").is_file()
        assert verify(tmp_path) == []

    def test_groups__writes_an_entry(self, ledger, capsys, monkeypatch):
        figures = {"seconds": 2.5, "cpu_seconds": 4.0, "pairs": 9, "recall": 0.99, "precision": 1.0}
        monkeypatch.setattr(group_time, "measure_groups", lambda counts: {f"{counts[0]} pictures": figures})
        assert main(["bench", "--ledger", str(ledger), "groups", "--counts", "30"]) == 0
        assert "recall 0.9900, precision 1.0000" in capsys.readouterr().out
        entry = json.loads((ledger / "data-groups.json").read_text(encoding="utf-8"))
        assert entry["results"] == {"30 pictures": figures}

    def test_checks__writes_an_entry(self, ledger, capsys, monkeypatch):
        monkeypatch.setattr(check_time, "measure_checks", lambda: {"40 boxes": {"seconds": 1.5}})
        assert main(["bench", "--ledger", str(ledger), "checks"]) == 0
        entry = json.loads((ledger / "data-check.json").read_text())
        assert entry["results"] == {"40 boxes": {"seconds": 1.5}}
        assert "   1.5 s  40 boxes" in capsys.readouterr().out

    def test_leaks__writes_an_entry_for_the_table(self, tmp_path, capsys):
        folder = write(tmp_path / "set", [0, 0, 1, 2, 3])
        assert main(["bench", "--ledger", str(tmp_path / "ledger"), "leaks", str(folder)]) == 0
        assert "set              grouped        val 0.0 %" in capsys.readouterr().out
        filled = fill("<!-- leaks: leak-* -->\n<!-- end of leaks -->\n", tmp_path / "ledger")
        assert "| set | 5 | 4 | random 8:2 |" in filled

    def test_leaks__no_data_set(self, ledger, tmp_path, capsys):
        assert main(["bench", "--ledger", str(ledger), "leaks", str(tmp_path)]) == 2
        assert "is no data set made by lidd data" in capsys.readouterr().err

    def test_overlaps__draws(self, tmp_path, capsys):
        assert main(["bench", "overlaps", str(tmp_path / "pairs.jpg")]) == 0
        assert "9 pairs" in capsys.readouterr().out
