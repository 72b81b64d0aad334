"""A plan from the command line to the table: trained once, then only what is missing."""

import json

import pytest

from lidd_yolo import optional
from lidd_yolo.compare import execution
from lidd_yolo.results.ledger import verify
from tests.helpers.generated import generated_data
from tests.helpers.plans import compare

NAMES = ["tiny-lidd-data-64px-2e-s0", "tiny-yolov8n-data-64px-2e-s0"]
TWO = ("--models", "lidd.yaml,yolov8n.yaml", "--epochs", "2", "--jobs", "2")
BROKEN = "nc: 6\nbackbone:\n  - [-1, 1, Nonsense, [8]]\nhead:\n  - [[0], 1, Detect, [nc]]\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return generated_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A folder in which two networks were compared."""
    folder = tmp_path_factory.mktemp("trained")
    assert compare(folder, data, *TWO) == 0
    return folder


def entries(folder):
    return {file.stem: file.read_text() for file in sorted((folder / "ledger").rglob("*.json"))}


@pytest.mark.trains
class TestTrained:
    def test_entries__of_every_run(self, trained):
        found = {name: json.loads(text) for name, text in entries(trained).items()}
        assert list(found) == NAMES
        assert [entry["model"] for entry in found.values()] == ["lidd.yaml", "yolov8n.yaml"]
        assert all(entry["curve"]["epoch"] == [1, 2] for entry in found.values())
        assert verify(trained / "ledger") == []

    def test_again__does_nothing(self, trained, data, capsys, monkeypatch):
        monkeypatch.setattr("lidd_yolo.compare.pool.start_process", None)
        before = entries(trained)
        assert compare(trained, data, *TWO) == 0
        out = capsys.readouterr().out
        assert "2 runs: 2 in " in out
        assert ", 0 to do, 0 that cannot be done" in out
        assert entries(trained) == before

    def test_table__and_where_the_page_is_made(self, trained, data, capsys):
        compare(trained, data, *TWO)
        out = capsys.readouterr().out
        assert "| lidd | 1 |" in out
        assert f"As a page: lidd report 'tiny-*' --ledger {trained / 'ledger'} --out tiny.html" in out

    def test_dry_run__lists(self, trained, data, capsys):
        assert compare(trained, data, *TWO, "--seeds", "2", "--dry-run") == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[:2] for line in lines] == [
            ["there", "tiny-lidd-data-64px-2e-s0"],
            ["there", "tiny-yolov8n-data-64px-2e-s0"],
            ["missing", "tiny-lidd-data-64px-2e-s1"],
            ["missing", "tiny-yolov8n-data-64px-2e-s1"],
        ]

    def test_failing__leaves_the_others(self, trained, data, tmp_path, capsys):
        (tmp_path / "broken.yaml").write_text(BROKEN)
        models = f"lidd.yaml,{tmp_path / 'broken.yaml'},yolov8n.yaml,nowhere.yaml"
        assert compare(trained, data, "--models", models, "--epochs", "2") == 1
        out = capsys.readouterr().out
        assert "tiny-broken-data-64px-2e-s0: failed: KeyError: 'Nonsense'" in out
        assert "tiny-nowhere-data-64px-2e-s0: 'nowhere.yaml' does not exist" in out
        assert "4 runs: 2 in " in out
        assert list(entries(trained)) == NAMES

    def test_other_arguments__are_not_trained_over(self, trained, data, capsys):
        before = entries(trained)
        assert compare(trained, data, *TWO, "nbs=8") == 1
        assert "nbs was not set, the plan says 8; --again trains it anew" in capsys.readouterr().out
        assert entries(trained) == before


class TestFromPython:
    def test_result__of_what_is_there(self, trained, data):
        lines = []
        places = {"ledger": trained / "ledger", "project": str(trained / "runs")}
        grid = {"name": "tiny", "imgsz": 64, "batch": 4, "epochs": 2}
        result = execution.compare(["lidd.yaml", "yolov8n.yaml"], str(data), **grid, **places, say=lines.append)
        assert (result.done, result.failed, result.left, result.status) == (tuple(NAMES), (), (), 0)
        assert "| lidd | 1 |" in result.table
        assert repr(result).startswith(f"<plan tiny: 2 done, 0 failed, 0 left; entries in {trained / 'ledger'}>\n#")
        assert any(result.table in line for line in lines)

    def test_result__of_what_cannot_be_done(self, tmp_path):
        places = {"ledger": tmp_path / "ledger", "project": tmp_path / "runs"}
        result = execution.compare("lidd.yaml", str(tmp_path / "nowhere.yaml"), **places)
        assert (result.done, result.failed, result.status) == ((), ("compare-lidd-nowhere-640px-100e-s0",), 1)
        assert repr(result) == f"<plan compare: 0 done, 1 failed, 0 left; entries in {tmp_path / 'ledger'}>"

    @pytest.mark.parametrize(
        ("done", "failed", "left", "status"),
        [
            ((), (), (), 0),
            (("a",), (), (), 0),
            (("a",), ("b",), (), 1),
            (("a",), ("b",), ("c",), 75),
            ((), (), ("c",), 75),
        ],
    )
    def test_status(self, done, failed, left, status, tmp_path):
        assert execution.PlanResult("p", done, failed, left, tmp_path, "").status == status


class TestEnds:
    @pytest.fixture
    def pool(self, monkeypatch):
        """Take the place of the processes; returns what was asked of them."""
        asked = []

        def carry_out(folders, **options):
            asked.append((folders, options))
            raise KeyboardInterrupt

        monkeypatch.setattr("lidd_yolo.compare.pool.carry_out_runs", carry_out)
        return asked

    def test_ctrl_c__says_how_to_go_on(self, pool, data, tmp_path, capsys):
        assert compare(tmp_path, data, *TWO) == 130
        assert "stopped; the same command goes on" in capsys.readouterr().out
        ((folders, options),) = pool
        assert [run.name for run, _ in folders] == NAMES
        assert all(file.is_file() for _, file in folders)
        assert (options["jobs"], options["until"]) == (2, None)

    def test_time_limit__over_all(self, data, tmp_path, capsys):
        assert compare(tmp_path, data, *TWO, "--time-limit", "0s") == 75
        assert "time limit: 2 of 2 runs are left" in capsys.readouterr().out
        assert not entries(tmp_path)

    def test_data__missing(self, tmp_path, capsys):
        assert compare(tmp_path, tmp_path / "nowhere.yaml", *TWO) == 1
        out = capsys.readouterr().out
        assert all(f"{name.replace('-data-', '-nowhere-')}: " in out for name in NAMES)
        assert not (tmp_path / "runs").exists()

    def test_extra__missing(self, data, tmp_path, capsys, monkeypatch):
        found = optional.find_spec
        monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "scipy" else found(name))
        assert compare(tmp_path, data, *TWO) == 2
        assert "lidd compare: scipy not installed: pip install 'lidd-yolo[compare]'" in capsys.readouterr().err

    def test_again__removes_the_old_training(self, pool, data, tmp_path):
        compare(tmp_path, data, *TWO)
        old = tmp_path / "runs" / NAMES[0]
        (old / "trained.json").write_text("{}")
        compare(tmp_path, data, *TWO, "nbs=8")
        assert (old / "trained.json").exists()
        compare(tmp_path, data, *TWO, "nbs=8", "--again")
        assert [file.name for file in old.iterdir()] == ["run.json"]
        assert [len(folders) for folders, _ in pool] == [2, 1, 2]

    def test_table__that_cannot_be_made_is_told(self, trained, data, capsys, monkeypatch):
        def fail(*_, **__):
            raise ValueError("no figures")

        monkeypatch.setattr(execution, "report_markdown", fail)
        assert compare(trained, data, *TWO) == 0
        assert "no table: no figures" in capsys.readouterr().out
