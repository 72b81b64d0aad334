"""Command ``lidd reproduce``: which runs it lists and by which protocol, and tables trained on generated data."""

import pytest

from lidd_yolo.cli import main as cli
from lidd_yolo.results.ledger import read_ledger
from tests.helpers.generated import generated_data
from tests.helpers.plans import tiny_table


class TestRun:
    @pytest.mark.parametrize(
        ("words", "data"),
        [
            ([], ["neu-det"]),
            (["--protocol", "paper"], ["neu-det-paper"]),
            (["--protocol", "grouped,random"], ["neu-det", "neu-det-random"]),
        ],
    )
    def test_dry_run__by_protocol(self, words, data, tmp_path, capsys):
        places = "--ledger", str(tmp_path), "--project", str(tmp_path / "runs")
        assert cli.main(["reproduce", "lidd-table3", "--seeds", "1", "--dry-run", *places, *words]) == 0
        names = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.strip()]
        models = ["lidd", "lidd-latm", "yolov5n", "yolov8n"]
        assert names == [f"lidd-table3-{model}-{part}-192px-300e-s0" for part in data for model in models]

    def test_dry_run__table_of_the_aluminium_sheets(self, tmp_path, capsys):
        words = "reproduce", "lidd-table4", "--seeds", "1", "--dry-run", "--protocol", "paper"
        assert cli.main([*words, "--ledger", str(tmp_path), "--project", str(tmp_path / "runs")]) == 0
        names = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.strip()]
        models = ["lidd", "lidd-latm", "yolov5n", "yolov8n"]
        assert names == [f"lidd-table4-{model}-aluminium-sheet-paper-320px-300e-s0" for model in models]

    def test_wrong_table(self, capsys):
        with pytest.raises(SystemExit) as stop:
            cli.main(["reproduce", "lidd-table9"])
        assert stop.value.code == 2
        assert "lidd-table3" in capsys.readouterr().err

    def test_wrong_words(self, capsys):
        assert cli.main(["reproduce", "lidd-table4", "--protocol", "random"]) == 2
        told = "lidd reproduce: plan lidd-table4 has no protocol 'random', only grouped, paper"
        assert told in capsys.readouterr().err


class TestTrained:
    def test_run__then_the_page_of_its_runs(self, tmp_path, capsys):
        data, page = generated_data(tmp_path), tmp_path / "page.html"
        assert tiny_table(tmp_path, data, "reproduce", "lidd-table3") == 0
        out = capsys.readouterr().out
        assert "(printed 0.983, " in out
        assert "| *YOLOX-Nano* |" in out
        trained = {entry["model"] for entry in read_ledger(tmp_path / "ledger")}
        assert trained == {"lidd.yaml", "lidd-latm.yaml", "yolov5n.yaml", "yolov8n.yaml"}

        words = str(tmp_path / "runs"), "--ledger", str(tmp_path / "ledger"), "--plan", "lidd-table3"
        assert cli.main(["report", *words, "--out", str(page)]) == 0
        assert capsys.readouterr().out == f"wrote {page}: 4 training runs\n"
        text = page.read_text(encoding="utf-8")
        assert "0.983" in text
        assert "YOLOX-Nano" in text
