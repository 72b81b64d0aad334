"""What figures rest on and what a reader is warned of: each said where it holds, and only there."""

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.footnotes import block_facts, run_notes, warnings
from lidd_yolo.results.plan_file import NOTHING_PRINTED, PrintedRow, PrintedTable
from tests.helpers.made_up_ledger import made_up_entry


def seeds(count=2, **words):
    return [made_up_entry(f"a-s{seed}", seed=seed, **words) for seed in range(count)]


def only(entries):
    (block,) = group_entries(entries)
    return block


def leak_free(entries):
    for entry in entries:
        entry["data"]["leak"] = {"val": 0.0, "test": 0.0}
    return entries


class TestBlockFacts:
    def test_block_facts__everything(self):
        assert dict(block_facts(only(seeds()))) == {
            "Data": "steel, data dadadadadada",
            "Split": "grouped, split 515151515151, split seed 0",
            "Pictures": "100 train, 20 val, 40 test",
            "Leak": "0.0 % of val and 12.5 % of test pictures show a spot that training shows too",
            "Training": "5 epochs, 192 px, 2 seeds",
            "Machine": "Some CPU, CPU, 1 thread(s)",
            "Versions": "lidd-yolo 0.1.0, ultralytics 8.4.190",
            "Commit": "0123456789",
        }

    def test_block_facts__every_machine_and_unclean_commit(self):
        one, other = seeds()
        other["machine"] = {"processor": "P", "gpu": "G", "versions": {"torch": "2"}}
        other["commit"] = "f" * 40 + "+"
        facts = dict(block_facts(only([one, other])))
        assert facts["Machine"] == "Some CPU, CPU, 1 thread(s); P, G"
        assert facts["Commit"] == "0123456789, ffffffffff+"

    def test_block_facts__nothing_recorded(self):
        facts = dict(block_facts(only([made_up_entry("a", data={"yaml": "own.yaml"}, machine={}, commit="")])))
        assert facts["Data"] == "own.yaml, data without hash"
        assert facts["Split"] == "not recorded, split without hash"
        assert facts["Leak"].startswith("not known")
        assert not facts.keys() & {"Pictures", "Versions", "Commit"}

    def test_block_facts__different_numbers_of_seeds(self):
        entries = [*seeds(3), made_up_entry("b-s0", model="other.yaml")]
        assert dict(block_facts(only(entries)))["Training"] == "5 epochs, 192 px, 1 to 3 seeds"


class TestWarnings:
    def told(self, entries, printed=NOTHING_PRINTED):
        blocks = group_entries(entries)
        return warnings(blocks[0], blocks, printed)

    def test_warnings__nothing_to_warn_of(self):
        assert self.told(leak_free(seeds())) == []

    def test_warnings__leak(self):
        assert self.told(seeds()) == [
            "Pictures of this split leak: accuracy here is in part memory of the training pictures."
        ]

    def test_warnings__one_seed(self):
        other = made_up_entry("b-s0", model="other.yaml")
        assert self.told(leak_free([*seeds(), other])) == [
            "One seed of other: no interval, another training may give other figures."
        ]
        assert "One seed of all networks" in self.told(leak_free(seeds(1)))[0]

    def test_warnings__validation_part(self):
        entries = leak_free(seeds())
        for entry in entries:
            del entry["results"]["test"]
        assert "the validation part that chose the weights" in self.told(entries)[0]

    def test_warnings__printed(self):
        printed = PrintedTable("Paper, table 3", "", (PrintedRow("LIDD-Net", {}, "lidd.yaml"),), ())
        (told,) = self.told(leak_free(seeds()), printed)
        assert told.startswith("Printed figures are from Paper, table 3, on the paper's own split and seed")

    def test_warnings__ended_early(self):
        entries = leak_free(seeds())
        entries[1]["epochs_run"] = 3
        assert self.told(entries) == ["lidd ended before its 5 epochs: 5, 3."]

    def test_warnings__another_split_in_the_report(self):
        other = made_up_entry("b-s0")
        other["data"] = {**other["data"], "split_sha256": "ee" * 32}
        (told,) = self.told([*leak_free(seeds()), other])
        assert told == (
            "steel is in this report with other pictures or another split too (steel, grouped split eeeeeeee, 192 px, "
            "5 epochs): figures of two splits cannot be compared."
        )

    def test_warnings__another_size_is_no_other_split(self):
        other = made_up_entry("b-s0")
        other["arguments"] = {**other["arguments"], "imgsz": 640}
        assert self.told([*leak_free(seeds()), other]) == []


class TestRunNotes:
    def test_run_notes__each_once(self):
        entries = seeds(3, note="odd machine")
        entries[0]["resumed_after"] = [2]
        entries[2]["resumed_after"] = [1, 4]
        entries[1]["incompletely_validated"] = [3, 4]
        assert run_notes(only(entries)) == [
            "lidd: training with seed 0, 2 was interrupted and resumed",
            "lidd: training with seed 1: on a busy machine NMS was given up in the validation after epoch 3, 4; these "
            "points of its curve are too low",
            "lidd: odd machine",
        ]
