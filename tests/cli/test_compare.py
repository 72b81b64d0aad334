"""Command ``lidd compare``: its words."""

import pytest

from lidd_yolo.cli import main as cli
from lidd_yolo.cli.compare import _plan
from tests.helpers.plans import parsed
from tests.helpers.tiny import write_tiny_data

PLAN = "name: mine\ndata: d.yaml\nimgsz: 64\nepochs: 3\nseeds: [4]\nmodels:\n  - model: {}\n"


class TestPlan:
    def test_words(self):
        plan = _plan(parsed("compare", "--models", "lidd.yaml,yolov8n.yaml", "--data", "neu-det.yaml"))
        assert [row.model for row in plan.models] == ["lidd.yaml", "yolov8n.yaml"]
        assert plan.data[0]["grouped"] == "neu-det.yaml"

    def test_plan__a_file(self, tmp_path):
        (tmp_path / "mine.yaml").write_text(PLAN.format("yolov8n.yaml"))
        assert _plan(parsed("compare", "--plan", str(tmp_path / "mine.yaml"))).seeds == (4,)

    def test_plan__a_packaged_one(self):
        assert _plan(parsed("compare", "--plan", "lidd-table3")).name == "lidd-table3"


class TestRun:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ([], "what to compare: --models A,B --data YAML, or --plan FILE"),
            (["--models", "lidd.yaml"], "what to compare"),
            (["--plan", "lidd-table3", "--models", "lidd.yaml"], "--plan has its own models"),
            (["--plan", "lidd-table3", "amp"], "'amp' is not written key=value"),
            (["--plan", "nowhere.yaml"], "no plan 'nowhere.yaml'"),
            (["--plan", "lidd-table3", "--protocol", "mine"], "no protocol 'mine', only grouped, random, paper"),
            (["--plan", "lidd-table3", "--name", "a b"], "not 'a b'"),
        ],
    )
    def test_wrong_words(self, words, message, capsys):
        assert cli.main(["compare", *words]) == 2
        error = capsys.readouterr().err
        assert error.startswith("lidd compare: ")
        assert message in error

    def test_dry_run__two_sizes_and_budgets(self, tmp_path, capsys):
        data = write_tiny_data(tmp_path / "data")
        words = "--data", str(data), "--imgsz", "64,96", "--epochs", "2,1", "--dry-run", "--ledger", str(tmp_path)
        assert cli.main(["compare", "--models", "lidd.yaml", *words, "--project", str(tmp_path / "runs")]) == 0
        names = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
        grid = ["64px-2e", "64px-1e", "96px-2e", "96px-1e"]
        assert names == [f"compare-lidd-tiny-{what}-s0" for what in grid]

    def test_further_arguments__anywhere(self, tmp_path, capsys):
        (tmp_path / "mine.yaml").write_text(PLAN.format("yolov8n.yaml"))
        words = "lr0=0.1", "--plan", str(tmp_path / "mine.yaml"), "amp=False", "--dry-run", "epochs=3"
        assert cli.main(["compare", *words, "--ledger", str(tmp_path), "--project", str(tmp_path)]) == 0
        assert "epochs: given by the plan or its option" in capsys.readouterr().out

    def test_further_arguments__wrong(self, capsys):
        with pytest.raises(SystemExit):
            cli.main(["compare", "--plan", "lidd-table3", "amp=False", "--lr0=3"])
        assert "unrecognized arguments: --lr0=3" in capsys.readouterr().err
