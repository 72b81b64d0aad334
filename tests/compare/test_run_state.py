"""How far a run is, what it asked for, and how two of them differ."""

import json
import platform
from dataclasses import replace

import pytest
import yaml

from lidd_yolo.compare import run_state
from lidd_yolo.compare.run_folder import claim_folder, note_trained
from lidd_yolo.compare.run_state import (
    check_here,
    data_of,
    differences,
    identity_of,
    make_data,
    model_hash,
    state_of,
    train_arguments,
)
from lidd_yolo.training import recipes
from tests.helpers.generated import generated_data
from tests.helpers.plans import make_run
from tests.helpers.tiny import write_tiny_data


@pytest.fixture
def run(tmp_path):
    return make_run(data=str(write_tiny_data(tmp_path / "data")), extra={})


@pytest.fixture
def places(tmp_path):
    (tmp_path / "ledger").mkdir()
    return {"ledger": tmp_path / "ledger", "project": tmp_path / "runs"}


def identity(run):
    return {**identity_of(run), "data": dict(data_of(run.data))}


def write_entry(run, ledger, **changes):
    asked = identity(run)
    entry = {"name": run.name, "data": asked.pop("data"), "asked": asked, "results": {}, **changes}
    (ledger / f"{run.name}.json").write_text(json.dumps(entry))


class TestLedger:
    def test_entry__there(self, run, places):
        write_entry(run, places["ledger"])
        state = state_of(run, **places)
        assert (state.kind, state.identity) == ("there", identity(run))

    def test_entry__of_other_arguments(self, run, places):
        write_entry(replace(run, batch=8), places["ledger"])
        state = state_of(run, **places)
        assert state.kind == "blocked"
        assert state.detail.endswith("batch was 8, the plan says 4; --again trains it anew")
        assert state_of(run, again=True, **places).kind == "missing"

    def test_entry__of_another_device(self, run, places):
        write_entry(replace(run, extra={"device": "0", "workers": 3}), places["ledger"])
        assert state_of(run, **places).kind == "there"

    def test_entry__of_other_data(self, run, places):
        write_entry(run, places["ledger"], data={"yaml": "other.yaml"})
        assert "data was other.yaml, the plan says tiny.yaml" in state_of(run, **places).detail

    def test_entry__made_by_hand(self, run, places):
        (places["ledger"] / f"{run.name}.json").write_text('{"name": "x", "results": {}}')
        state = state_of(run, **places)
        assert state.kind == "blocked"
        assert "not an entry of a plan's run" in state.detail


class TestFolder:
    def test_folder__nothing_there(self, run, places):
        state = state_of(run, **places)
        assert (state.kind, state.detail, state.outdated) == ("missing", "0 of 2 epochs", False)

    def test_folder__begun(self, run, places):
        folder = places["project"] / run.name
        claim_folder(folder, run, identity(run))
        (folder / "results.csv").write_text("epoch,metrics/mAP50(B)\n1,0.5\n")
        state = state_of(run, **places)
        assert (state.kind, state.detail) == ("begun", "1 of 2 epochs")

    def test_folder__of_other_arguments_untrained(self, run, places):
        """Nothing is lost if it is begun anew."""
        claim_folder(places["project"] / run.name, run, identity(replace(run, batch=8)))
        state = state_of(run, **places)
        assert (state.kind, state.outdated) == ("missing", True)

    def test_folder__of_other_arguments_trained(self, run, places):
        folder = places["project"] / run.name
        claim_folder(folder, run, identity(replace(run, batch=8)))
        note_trained(folder)
        state = state_of(run, **places)
        assert (state.kind, state.outdated) == ("blocked", False)
        assert "batch was 8, the plan says 4; --again" in state.detail
        assert state_of(run, again=True, **places).outdated

    def test_folder__of_something_else(self, run, places):
        folder = places["project"] / run.name
        folder.mkdir(parents=True)
        (folder / "thesis.txt").write_text("mine")
        for again in (False, True):
            state = state_of(run, again=again, **places)
            assert state.kind == "blocked"
            assert "does not describe a run" in state.detail


class TestWrongRun:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"model": "nowhere.yaml"}, "nowhere.yaml"),
            ({"recipe": "none"}, "no recipe"),
            ({"extra": {"x": 1}}, "x: no"),
        ],
    )
    def test_run__cannot_be_done(self, run, places, change, message):
        state = state_of(replace(run, **change), **places)
        assert state.kind == "blocked"
        assert message in state.detail


NET = "nc: 2\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\nhead:\n  - [[0], 1, Detect, [nc]]\n"


@pytest.fixture(autouse=True)
def _nothing_cached():
    run_state.model_hash.cache_clear()
    run_state.data_of.cache_clear()


class TestTrainArguments:
    def test_arguments__plan_over_recipe_and_extra_over_all(self):
        run = make_run(model="yolov8n.yaml", recipe="lidd", batch=8, extra={"lr0": 0.5})
        recipe = {key: value for key, value in recipes.LIDD.items() if key not in {"box", "cls", "dfl"}}
        expected = {**recipe, "plots": False, "epochs": 2, "imgsz": 64, "seed": 0, "batch": 8, "lr0": 0.5}
        assert train_arguments(run) == expected

    def test_arguments__batch_of_the_recipe(self):
        assert train_arguments(make_run(batch=None, recipe="lidd"))["batch"] == 32
        assert "batch" not in train_arguments(make_run(batch=None))

    @pytest.mark.parametrize(
        ("extra", "message"),
        [
            ({"lr9": 1}, "lr9: no argument of yolo train"),
            ({"project": "x", "resume": True}, "project, resume: no argument of yolo train that a plan may give"),
            ({"epochs": 3}, "epochs: given by the plan"),
            ({"batch": 3}, "batch: given by the plan"),
        ],
    )
    def test_arguments__refused(self, extra, message):
        with pytest.raises(ValueError, match=message):
            train_arguments(make_run(extra=extra))


class TestAskedOf:
    def test_asked__without_what_a_machine_decides(self):
        asked = identity_of(make_run(model="some/lidd.yaml", extra={"device": "cpu", "workers": 0, "amp": False}))
        assert asked["model"] == "lidd.yaml"
        assert asked["arguments"] == {"amp": False, "batch": 4, "epochs": 2, "imgsz": 64, "seed": 0}
        assert json.loads(json.dumps(asked)) == asked


class TestCheckHere:
    @pytest.fixture
    def data(self, tmp_path):
        file = write_tiny_data(tmp_path / "set", train=1, val=1)
        (tmp_path / "set" / "about.json").write_text(json.dumps({"data_sha256": "1" * 64}))
        return str(file)

    def asked(self, run):
        return {**identity_of(run), "data": dict(data_of(run.data))}

    def test_check__the_same(self, data):
        run = make_run(data=data)
        check_here(run, self.asked(run))

    def test_check__data_that_are_not_here(self, data, tmp_path):
        run = make_run(data=data)
        asked = self.asked(run)
        (tmp_path / "set").rename(tmp_path / "away")
        with pytest.raises(ValueError, match=f"{platform.node()} does not see the data set {data}: "):
            check_here(run, asked)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ({"data_sha256": "2" * 64}, "data_sha256 of tiny.yaml was 222222222222, now it is 111111111111"),
            ({}, "tiny.yaml is another data set than on the machine that asks: it has no data_sha256"),
        ],
    )
    def test_check__other_data_under_this_name(self, data, tmp_path, content, message):
        run = make_run(data=data)
        asked = self.asked(run)
        (tmp_path / "set" / "about.json").write_text(json.dumps(content))
        run_state.data_of.cache_clear()
        with pytest.raises(ValueError, match=message):
            check_here(run, asked)

    def test_check__another_model_under_this_name(self, data, tmp_path):
        run = make_run(data=data, model=str(tmp_path / "net.yaml"))
        (tmp_path / "net.yaml").write_text(NET)
        asked = self.asked(run)
        (tmp_path / "net.yaml").write_text(NET.replace("8", "16"))
        run_state.model_hash.cache_clear()
        with pytest.raises(ValueError, match=r"differs from the machine that asks: net\.yaml has changed since"):
            check_here(run, asked)


class TestModelHash:
    def test_yaml__by_content(self, tmp_path):
        file, other = tmp_path / "one.yaml", tmp_path / "two.yaml"
        file.write_text(NET)
        other.write_text(f"# a comment\n{NET}")
        assert model_hash(str(file)) == model_hash(str(other))
        other.write_text(NET.replace("8", "16"))
        model_hash.cache_clear()
        assert model_hash(str(file)) != model_hash(str(other))

    def test_yaml__scale_of_the_name(self):
        assert model_hash("yolov8n.yaml") != model_hash("yolov8s.yaml")
        assert model_hash("lidd.yaml") != model_hash("lidds.yaml")

    def test_checkpoint__by_its_bytes(self, tmp_path):
        file = tmp_path / "best.pt"
        file.write_bytes(b"abc")
        assert model_hash(str(file)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert model_hash(str(tmp_path / "none.pt")) == ""

    def test_yaml__missing(self):
        with pytest.raises(FileNotFoundError):
            model_hash("nowhere.yaml")


class TestData:
    def test_data__identity(self, tmp_path):
        data = generated_data(tmp_path)
        assert data_of(str(data))["images"] == {"train": 8, "val": 4, "test": 4}

    def test_data__not_here(self):
        assert data_of("nowhere.yaml") == {"yaml": "nowhere.yaml"}

    def test_make__there_already(self, tmp_path):
        assert make_data(str(write_tiny_data(tmp_path))) == ""

    def test_make__says_what_is_wrong(self):
        assert "nowhere.yaml" in make_data("nowhere.yaml")

    def test_data__list_of_training_pictures(self, tmp_path):
        """Two lists under one name: another hash, the same hash for the same pictures."""
        data = generated_data(tmp_path)
        content = yaml.safe_load(data.read_text())
        data.write_text(yaml.safe_dump({**content, "train": "part.txt"}))
        pictures = sorted((tmp_path / "data/images/train").iterdir())
        hashes = []
        for chosen in (pictures[:3], pictures[2::-1], pictures[:4]):
            (tmp_path / "data/part.txt").write_text("".join(f"./images/train/{file.name}\n" for file in chosen))
            data_of.cache_clear()
            found = data_of(str(data))
            assert found["images"] == {"train": len(chosen), "val": 4, "test": 4}
            hashes.append(found["train_sha256"])
        assert hashes[0] == hashes[1] != hashes[2]

    def test_make__list_that_is_not_there(self, tmp_path):
        """The pictures of val are there, which is enough for Ultralytics."""
        data = generated_data(tmp_path)
        data.write_text(yaml.safe_dump({**yaml.safe_load(data.read_text()), "train": "train-10.txt"}))
        assert data_of(str(data)) == {"yaml": "data.yaml"}
        assert "train-10.txt does not exist: make the data set again" in make_data(str(data))

    def test_make__runs_the_download(self, tmp_path):
        """A data YAML of its own folder, written by its own download script."""
        file = tmp_path / "made.yaml"
        script = "from tests.helpers.tiny import write_tiny_data as w; from pathlib import Path; w(Path(yaml['path']))"
        file.write_text(
            f"path: {tmp_path / 'made'}\ntrain: images/train\nval: images/val\nnames: [a, b]\ndownload: {script!r}\n"
        )
        assert data_of(str(file)) == {"yaml": "made.yaml"}
        assert make_data(str(file)) == ""
        assert len(list((tmp_path / "made" / "images" / "train").iterdir())) == 8


class TestDifferences:
    ASKED = {  # noqa: RUF012
        "model": "lidd.yaml",
        "model_sha256": "aa",
        "arguments": {"epochs": 2, "lr0": 0.1},
        "data": {"yaml": "neu-det.yaml", "split_sha256": "1" * 64},
    }

    def test_same(self):
        assert differences(dict(self.ASKED), self.ASKED) == []

    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ({"model": "x.yaml", "model_sha256": "bb"}, "model was x.yaml, the plan says lidd.yaml"),
            ({"model_sha256": "bb"}, "lidd.yaml has changed since"),
            ({"arguments": {"epochs": 3, "lr0": 0.1}}, "epochs was 3, the plan says 2"),
            ({"arguments": {"epochs": 2}}, "lr0 was not set, the plan says 0.1"),
            ({"arguments": {"epochs": 2, "lr0": 0.1, "box": 2}}, "box was 2, the plan says nothing"),
            ({"data": {"yaml": "x.yaml"}}, "data was x.yaml, the plan says neu-det.yaml"),
            (
                {"data": {"yaml": "neu-det.yaml", "split_sha256": "2" * 64}},
                "split_sha256 of neu-det.yaml was 222222222222, now it is 111111111111",
            ),
        ],
    )
    def test_one(self, change, line):
        assert differences({**self.ASKED, **change}, self.ASKED) == [line]

    @pytest.mark.parametrize(
        ("before", "line"),
        [
            ({"train_sha256": "2" * 64}, "train_sha256 of a.yaml was 222222222222, now it is 111111111111"),
            ({"images": {"train": 90}}, "a.yaml had 90 training pictures, now it has 9"),
        ],
    )
    def test_data__other_training_pictures(self, before, line):
        data = {"yaml": "a.yaml", "split_sha256": "1" * 64, "images": {"train": 9}, "train_sha256": "1" * 64}
        asked = {**self.ASKED, "data": data}
        whole = {key: value for key, value in data.items() if key != "train_sha256"}
        assert differences({**asked, "data": {**whole, **before}}, asked) == [line]
        assert differences({**asked, "data": whole}, asked) == []

    def test_data__unknown_hash_is_no_difference(self):
        assert differences({**self.ASKED, "data": {"yaml": "neu-det.yaml"}}, self.ASKED) == []

    def test_several(self):
        found = {"model": "x.yaml", "arguments": {}, "data": {}}
        assert len(differences(found, self.ASKED)) == 4
