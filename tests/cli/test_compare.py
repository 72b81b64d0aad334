"""Commands ``lidd compare``, ``ablate`` and ``reproduce``: words, runs they list, tables trained on demo data."""

import argparse

import pytest

from lidd_yolo.cli import main as cli
from lidd_yolo.cli.compare import ABLATIONS, comma_list, plan_of, seconds, whole_number, whole_numbers
from lidd_yolo.paths import packaged_plans
from lidd_yolo.results.ledger import read_ledger, verify
from lidd_yolo.results.plan_file import PlanModel, read_plan
from tests.helpers.generated import generated_data
from tests.helpers.plans import parsed, tiny_table
from tests.helpers.tiny import write_tiny_data

PLAN = "name: mine\ndata: d.yaml\nimgsz: 64\nepochs: 3\nseeds: [4]\nmodels:\n  - model: {}\n"


class TestPlan:
    def test_words(self):
        plan = plan_of(parsed("compare", "--models", "lidd.yaml,yolov8n.yaml", "--data", "neu-det.yaml"))
        assert [row.model for row in plan.models] == ["lidd.yaml", "yolov8n.yaml"]
        assert plan.data[0]["grouped"] == "neu-det.yaml"

    def test_plan__a_file(self, tmp_path):
        (tmp_path / "mine.yaml").write_text(PLAN.format("yolov8n.yaml"))
        assert plan_of(parsed("compare", "--plan", str(tmp_path / "mine.yaml"))).seeds == (4,)

    def test_plan__a_packaged_one(self):
        assert plan_of(parsed("compare", "--plan", "lidd-table3")).name == "lidd-table3"


class TestCompare:
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


class TestChanges:
    @pytest.fixture
    def file(self, tmp_path):
        rest = "seeds: [5, 6, 7]\nbatch: 8\narguments: {amp: false}\nmodels: [{model: lidd.yaml, label: L}]\n"
        (tmp_path / "p.yaml").write_text(f"name: p\ndata: d.yaml\nimgsz: 64\nepochs: 2\n{rest}")
        return str(tmp_path / "p.yaml")

    def test_nothing_asked(self, file):
        assert plan_of(parsed("compare", "--plan", file)) == read_plan(file)

    @pytest.mark.parametrize(
        ("options", "key", "value"),
        [
            (["--data", "neu-seg-paper.yaml"], "data", ({"": "neu-seg-paper.yaml"},)),
            (["--data", "a.yaml,b.yaml"], "data", ({"": "a.yaml"}, {"": "b.yaml"})),
            (["--seeds", "2"], "seeds", (0, 1)),
            (["--imgsz", "96"], "imgsz", (96,)),
            (["--imgsz", "96,128,96"], "imgsz", (96, 128)),
            (["--epochs", "7"], "epochs", (7,)),
            (["--batch", "3"], "batch", 3),
            (["--name", "q"], "name", "q"),
            (["--recipe", "own,lidd"], "models", (PlanModel("lidd.yaml", "L", ("own", "lidd")),)),
            (["--device", "0"], "arguments", {"amp": False, "device": "0"}),
            (["amp=True", "lr0=0.1"], "arguments", {"amp": True, "lr0": 0.1}),
        ],
    )
    def test_one(self, options, key, value, file):
        assert getattr(plan_of(parsed("compare", "--plan", file, *options)), key) == value

    def test_data__with_its_protocols(self, file):
        (data,) = plan_of(parsed("compare", "--plan", file, "--data", "neu-det.yaml")).data
        assert set(data) == {"grouped", "paper", "random"}


class TestValues:
    @pytest.mark.parametrize(
        ("text", "value"), [("90", 90), ("90s", 90), ("9m", 540), ("1.5h", 5400), ("1h30m", 5400), ("2m5s", 125)]
    )
    def test_seconds(self, text, value):
        assert seconds(text) == value

    @pytest.mark.parametrize("text", ["", "m", "9 m", "9d", "-9m", "9m!"])
    def test_seconds__wrong(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match="has to be a time"):
            seconds(text)

    @pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "x"])
    def test_count__wrong(self, text):
        for kind in (whole_number, whole_numbers):
            with pytest.raises(argparse.ArgumentTypeError, match=r"whole number|empty"):
                kind(text)

    def test_words(self):
        assert comma_list(" a.yaml, b.yaml,") == ["a.yaml", "b.yaml"]
        with pytest.raises(argparse.ArgumentTypeError, match="empty"):
            comma_list(" ,")


class TestAblate:
    @pytest.mark.parametrize(
        ("paper", "models"),
        [
            ("lidd", ["lidd-baseline", "lidd-latm", "lidd-cisb", "lidd"]),
            ("wlnet", ["wlnet-base", "wlnet-base-nwd", "wlnet-vov", "wlnet"]),
        ],
    )
    def test_dry_run__row_by_row(self, paper, models, tmp_path, capsys):
        data = write_tiny_data(tmp_path / "data")
        places = "--ledger", str(tmp_path), "--project", str(tmp_path / "runs")
        words = "--data", str(data), "--imgsz", "64", "--epochs", "2", "--seeds", "1", "--dry-run", *places
        assert cli.main(["ablate", paper, *words]) == 0
        names = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
        assert names == [f"{ABLATIONS[paper]}-{model}-tiny-64px-2e-s0" for model in models]

    def test_plans__are_packaged(self):
        assert set(ABLATIONS.values()) <= set(packaged_plans())

    def test_wrong_words(self, capsys):
        assert cli.main(["ablate", "lidd", "--protocol", "official"]) == 2
        assert capsys.readouterr().err.startswith("lidd ablate: plan lidd-table2 has no protocol 'official'")


class TestAblateTrained:
    @pytest.mark.trains
    @pytest.mark.parametrize(
        ("paper", "printed"), [("lidd", ["0.954", "0.967", "0.981", "0.983"]), ("wlnet", ["0.933", "0.936", "0.939"])]
    )
    def test_run__every_row_beside_the_printed_one(self, paper, printed, tmp_path, capsys):
        data = generated_data(tmp_path)
        assert tiny_table(tmp_path, data, "ablate", paper) == 0
        out = capsys.readouterr().out
        assert "4 runs: 0 in " in out
        assert [figure for figure in printed if f"printed {figure}" not in out] == []
        assert verify(tmp_path / "ledger") == []
        assert len(read_ledger(tmp_path / "ledger")) == 4


class TestReproduce:
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
        message = "lidd reproduce: plan lidd-table4 has no protocol 'random', only grouped, paper"
        assert message in capsys.readouterr().err


class TestReproduceTrained:
    @pytest.mark.trains
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
