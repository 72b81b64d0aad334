"""Figures of a network from its entries, old and new, and what is not made up where an entry lacks it."""

import pytest

from lidd_yolo.report.blocks import Contender, group_entries
from lidd_yolo.report.figures import accuracy, class_accuracies, latencies, macs, parameters, training_parameters
from tests.helpers.made_up_ledger import made_up_entry


def contender(*entries):
    return Contender("a", "A", entries[0]["model"], entries)


def old(**words):
    """Return an entry as it was written before schema 2."""
    made = made_up_entry("a", **words)
    for key in ("counts", "schema"):
        del made[key]
    return made


class TestAccuracy:
    def test_accuracy__over_seeds(self):
        spread = accuracy(contender(made_up_entry("a", map50=0.5), made_up_entry("b", map50=0.6)), "test", "map50")
        assert (spread.mean, spread.count) == (pytest.approx(0.55), 2)
        assert spread.half > 0

    def test_accuracy__a_seed_lacks_it(self):
        lacking = made_up_entry("b")
        del lacking["results"]["test"]
        assert accuracy(contender(made_up_entry("a"), lacking), "test", "map50") is None

    def test_accuracy__no_masks(self):
        assert accuracy(contender(made_up_entry("a")), "test", "mask_map") is None


class TestClassAccuracies:
    def test_class_accuracies__of_classes_that_every_seed_has(self):
        one, other = made_up_entry("a", map50=0.5), made_up_entry("b", map50=0.7)
        del other["results"]["test"]["map50_of_class"]["inclusion"]
        found = class_accuracies(contender(one, other), "test", "map50_of_class")
        assert {name: spread.mean for name, spread in found.items()} == pytest.approx(
            {"crazing": 0.6, "rolled-in_scale": 0.4}
        )

    def test_class_accuracies__old_entry(self):
        made = made_up_entry("a")
        del made["results"]["test"]["map_of_class"]
        assert class_accuracies(contender(made), "test", "map_of_class") == {}


class TestParameters:
    def test_parameters(self):
        assert parameters(contender(made_up_entry("a"))) == 626_256
        assert parameters(contender(old())) is None


class TestTrainingParameters:
    def test_training_parameters(self):
        assert training_parameters(contender(made_up_entry("a"))) == 1_200_000
        assert training_parameters(contender(old())) is None


class TestMacs:
    def test_macs(self):
        assert macs(contender(made_up_entry("a"))) == 107e6
        assert macs(contender(old())) is None


class TestLatencies:
    entries = (made_up_entry("a"), made_up_entry("b", model="yolov8n.yaml"))

    def latency(self, *models, threads=1, imgsz=192):
        results = {model: {"median_s": 0.002 * (i + 1)} for i, model in enumerate(models)}
        return {"name": "latency-x", "imgsz": imgsz, "results": results, "machine": {"threads": threads}}

    def test_latencies__in_milliseconds_on_the_fewest_threads(self):
        (block,) = group_entries(self.entries)
        several = self.latency("yolov8n.yaml", "lidd.yaml", threads=4)
        found = latencies(block, [several, self.latency("lidd.yaml", "yolov8n.yaml", threads=2)])
        assert found == {"PyTorch, 2 threads": {"lidd": 2.0, "yolov8n": 4.0}}
        assert latencies(block, [several]) == {"PyTorch, 4 threads": {"lidd": 4.0, "yolov8n": 2.0}}

    def test_latencies__not_of_another_size_or_of_one_network(self):
        (block,) = group_entries(self.entries)
        assert latencies(block, [self.latency("lidd.yaml", "yolov8n.yaml", imgsz=640), self.latency("lidd.yaml")]) == {}

    def test_latencies__runtime_named_and_one_picture_alone(self):
        (block,) = group_entries(self.entries)
        entry = {**self.latency("lidd.yaml", "yolov8n.yaml"), "runtime": "onnx"}
        found = latencies(block, [{**entry, "batch": 1}, {**entry, "batch": 8}, {**entry, "runtime": "pytorch"}])
        assert list(found) == ["PyTorch, 1 thread", "ONNX Runtime, 1 thread"]
