"""Which entries a report is about, which may stand in one table, which are seeds of one network, and their names."""

import os

import pytest

from lidd_yolo.report.blocks import Block, chosen_entries, group_entries, seedless, training_entries
from tests.helpers.made_up_ledger import made_up_entry, write_entry, write_latency


def entry(name, **words):
    """Return an entry whose seed is that of its name."""
    return made_up_entry(name, seed=int(name.rpartition("-s")[2]), **words)


def with_data(made, **words):
    return {**made, "data": {**made["data"], **words}}


def with_arguments(made, **words):
    return {**made, "arguments": {**made["arguments"], **words}}


class TestGroupEntries:
    def test_group_entries__seeds_together(self):
        (block,) = group_entries([entry("a-s2"), entry("a-s0"), entry("b-s0", model="yolov8n.yaml")])
        assert [[e["name"] for e in c.entries] for c in block.contenders] == [["a-s0", "a-s2"], ["b-s0"]]
        assert [(c.label, c.model) for c in block.contenders] == [
            ("lidd", "lidd.yaml"),
            ("yolov8n", "yolov8n.yaml"),
        ]

    @pytest.mark.parametrize("key", ["split_sha256", "data_sha256", "protocol", "dataset", "train_sha256"])
    def test_group_entries__never_mixes_data(self, key):
        assert len(group_entries([entry("a-s0"), with_data(entry("a-s1"), **{key: "other"})])) == 2

    @pytest.mark.parametrize("key", ["imgsz", "epochs"])
    def test_group_entries__never_mixes_budgets(self, key):
        assert len(group_entries([entry("a-s0"), with_arguments(entry("a-s1"), **{key: 7})])) == 2

    def test_group_entries__other_recipe_is_another_contender(self):
        (block,) = group_entries([entry("a-s0"), with_arguments(entry("a-s1"), lr0=0.02)])
        assert [c.label for c in block.contenders] == ["lidd (a) (lr0=0.01)", "lidd (a) (lr0=0.02)"]

    def test_group_entries__other_machine_is_the_same_contender(self):
        (block,) = group_entries([entry("a-s0"), with_arguments(entry("a-s1"), device="0", workers=8)])
        assert len(block.contenders) == 1

    def test_group_entries__another_name_is_another_contender(self):
        """What changed may be in the code: two trials of one YAML with one seed are no seeds of one thing."""
        (block,) = group_entries([entry("trial-s0"), entry("trial-init-s0")])
        assert [c.label for c in block.contenders] == ["lidd (trial)", "lidd (trial-init)"]

    def test_group_entries__without_hashes_the_file_name_decides(self):
        one, other = ({**entry(f"a-s{i}"), "data": {"yaml": f"{i}.yaml"}} for i in (0, 1))
        assert len(group_entries([one, other])) == 2

    def test_group_entries__repeated_seed(self):
        one, other = entry("a-s0"), with_arguments(entry("a-s1"), seed=0)
        with pytest.raises(ValueError, match="a-s0 and a-s1 have one seed"):
            group_entries([one, other])

    def test_group_entries__label_and_recipe_of_a_plan(self):
        (block,) = group_entries(
            [
                entry("a-s0", label="YOLOv8n", recipe="own"),
                entry("a-lidd-s0", label="YOLOv8n", recipe="lidd"),
                entry("a-long-s0", label="YOLOv8n", recipe="long.yaml"),
            ]
        )
        assert [c.label for c in block.contenders] == ["YOLOv8n", "YOLOv8n, lidd recipe", "YOLOv8n, long recipe"]

    def test_group_entries__leaves_out_other_entries(self):
        assert group_entries([{"name": "latency-640", "results": {}}]) == []


class TestBlock:
    def test_title(self):
        (block,) = group_entries([entry("a-s0")])
        assert block.title == "steel, grouped split 51515151, 192 px, 5 epochs"

    def test_title__list_of_training_pictures(self):
        made = with_data(entry("a-s0"), train_sha256="7a" * 32, images={"train": 9, "val": 20})
        (block,) = group_entries([made])
        listed = "list 7a7a7a7a of 9 training pictures"
        assert block.title == f"steel, grouped split 51515151, {listed}, 192 px, 5 epochs"

    def test_split__test_where_all_have_it(self):
        one, other = entry("a-s0"), entry("b-s0")
        (block,) = group_entries([one, other])
        assert block.split == "test"
        del other["results"]["test"]
        assert block.split == "val"

    def test_dataset__name_of_the_file_without_record(self):
        assert Block({"yaml": "own.yaml"}, 64, 3, ()).dataset == "own.yaml"


class TestTrainingEntries:
    def test_training_entries(self):
        made = entry("a-s0")
        assert training_entries([{"name": "leak-steel", "results": {}}, made]) == [made]


class TestSeedless:
    @pytest.mark.parametrize(
        ("name", "without"),
        [("a-s12", "a"), ("a-s0-lr2", "a-s0-lr2"), ("trial8-lr2", "trial8-lr2"), ("yolo12-s", "yolo12-s")],
    )
    def test_seedless(self, name, without):
        assert seedless(name) == without


@pytest.fixture
def ledger(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    for name in ("steel-s0", "steel-s1", "sheet-s0"):
        write_entry(folder, made_up_entry(name))
    write_latency(folder, {"lidd.yaml": 0.002})
    return folder


@pytest.fixture
def runs(tmp_path):
    """Folders of three runs, the last of which is not over, and one of something else."""
    for name in ("steel-s1", "sheet-s0", "steel-s2"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").touch()
    (tmp_path / "runs" / "other").mkdir()
    return tmp_path / "runs"


def chosen(ledger, *words):
    entries, left_out = chosen_entries(ledger, [str(word) for word in words])
    return [entry["name"] for entry in entries], left_out


class TestChosenEntries:
    def test_chosen_entries__all(self, ledger):
        assert chosen(ledger) == (["sheet-s0", "steel-s0", "steel-s1"], [])

    def test_chosen_entries__each_once_in_the_order_of_the_words(self, ledger):
        assert chosen(ledger, "steel-*", "*-s0") == (["steel-s0", "steel-s1", "sheet-s0"], [])

    def test_chosen_entries__folder_of_all_runs(self, ledger, runs):
        assert chosen(ledger, runs) == (["sheet-s0", "steel-s1"], ["steel-s2"])

    def test_chosen_entries__folders_of_single_runs(self, ledger, runs, monkeypatch):
        assert chosen(ledger, runs / "steel-s1", runs / "steel-s2") == (["steel-s1"], ["steel-s2"])
        monkeypatch.chdir(runs / "steel-s1")
        assert chosen(ledger, ".") == (["steel-s1"], [])

    def test_chosen_entries__pattern_and_folder(self, ledger, runs):
        assert chosen(ledger, "steel-s0", f"{runs}{os.sep}") == (["steel-s0", "sheet-s0", "steel-s1"], ["steel-s2"])

    @pytest.mark.parametrize(
        ("word", "told"),
        [
            ("latency-*", "no training run latency-* in "),
            ("runs/other", "runs/other holds no run of lidd compare"),
            ("runs/steel-s2", "no training run of runs/steel-s2 is in "),
        ],
    )
    def test_chosen_entries__refused(self, ledger, runs, monkeypatch, word, told):
        monkeypatch.chdir(runs.parent)
        with pytest.raises(ValueError, match="no") as error:
            chosen(ledger, word)
        assert str(error.value).startswith(told)

    def test_chosen_entries__one_word_of_two_is_wrong(self, ledger):
        with pytest.raises(ValueError, match="no training run none in"):
            chosen(ledger, "steel-*", "none")
