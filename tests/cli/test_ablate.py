"""Command ``lidd ablate``: which runs it lists, and both tables trained on generated data."""

import pytest

from lidd_yolo.cli import main as cli
from lidd_yolo.cli.ablate import _PLANS
from lidd_yolo.compare.plan_file import packaged_plans
from lidd_yolo.results.ledger import read_ledger, verify
from tests.helpers.generated import generated_data
from tests.helpers.plans import tiny_table
from tests.helpers.tiny import write_tiny_data


class TestRun:
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
        assert names == [f"{_PLANS[paper]}-{model}-tiny-64px-2e-s0" for model in models]

    def test_plans__are_packaged(self):
        assert set(_PLANS.values()) <= set(packaged_plans())

    def test_wrong_words(self, capsys):
        assert cli.main(["ablate", "lidd", "--protocol", "official"]) == 2
        assert capsys.readouterr().err.startswith("lidd ablate: plan lidd-table2 has no protocol 'official'")


class TestTrained:
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
