"""One network on two splits, measured on the pictures that neither training had."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.leak_worth import compare_splits
from lidd_yolo.results.evidence import on_pictures
from tests.helpers.paired import paired_bootstrap
from tests.helpers.two_splits import COMMON, GROUPS, LEAK, made, write_part_entry, write_two_splits


def compared(folder, entries):
    return compare_splits(group_entries(entries), folder)


class TestCompareSplits:
    def test_compare_splits__equal_to_a_comparison_on_these_pictures(self, tmp_path):
        (one,), problems = compared(tmp_path, write_two_splits(tmp_path))
        assert problems == []
        held = [on_pictures(made(tmp_path, quality), COMMON) for quality in (0.9, 0.4)]
        assert tuple(one.differences.values()) == paired_bootstrap([held[0]], [held[1]])
        assert [one.figures[key] for key in one.differences] == [
            tuple(pytest.approx(evidence.figures()[key]) for evidence in held) for key in ("map50", "map")
        ]
        assert (one.pictures, one.groups) == (20, GROUPS)

    def test_compare_splits__words(self, tmp_path):
        """The split that leaks more comes first, whatever the order of the entries."""
        (one,), _ = compared(tmp_path, write_two_splits(tmp_path)[::-1])
        assert one.label == "lidd"
        assert one.first == "random (leak 80.0 %, 100 pictures, 5 epochs)"
        assert one.second == "grouped (leak 0.0 %, 100 pictures, 5 epochs)"
        assert one.verdict("map50") == "random is higher"
        first, second = one.figures["map50"]
        assert one.values("map50") == f"{first:.3f} − {second:.3f} = +{first - second:.3f}"
        assert one.differences["map50"].interval.startswith("(+0.")

    def test_compare_splits__other_arguments_are_told(self, tmp_path):
        random, grouped = write_two_splits(tmp_path)
        asked = {"batch": 8, "seed": 0}, {"batch": 8, "seed": 1, "lr0": 0.008}
        entries = [{**entry, "asked": {"arguments": a}} for entry, a in zip((random, grouped), asked, strict=True)]
        (one,), _ = compared(tmp_path, entries)
        assert one.first == "random (leak 80.0 %, 100 pictures, 5 epochs)"
        assert one.second == "grouped (leak 0.0 %, 100 pictures, 5 epochs, lr0=0.008)"

    def test_compare_splits__one_name_for_two_pictures(self, tmp_path):
        evidence = made(tmp_path, 0.5)
        twice = replace(evidence, pictures=np.array(["1.jpg"] * len(evidence.pictures)))
        random, grouped = write_two_splits(tmp_path)
        twice.save(tmp_path / "random-lidd-s0.val.npz")
        digest = hashlib.sha256((tmp_path / "random-lidd-s0.val.npz").read_bytes()).hexdigest()
        random["evidence"]["val"]["sha256"] = digest
        found, (problem,) = compared(tmp_path, [random, grouped])
        assert found == []
        assert problem.endswith("several pictures have one file name, which does not tell them apart.")

    def test_compare_splits__no_difference(self, tmp_path):
        (one,), _ = compared(tmp_path, write_two_splits(tmp_path, quality=(0.6, 0.6)))
        assert one.verdict("map") == "no difference shown"
        assert one.values("map").endswith(" = 0.000")

    def test_compare_splits__nothing_to_compare(self, tmp_path):
        random, grouped = write_two_splits(tmp_path)
        assert compared(tmp_path, [random]) == ([], [])
        for unlike in (
            {"model": "yolov8n.yaml"},
            {"recipe": "wlnet"},
            {"arguments": {**random["arguments"], "imgsz": 64}},
        ):
            assert compared(tmp_path, [{**random, **unlike}, grouped]) == ([], [])
        as_clean = {**random, "data": {**random["data"], "leak": LEAK["grouped"]}}
        assert compared(tmp_path, [as_clean, grouped]) == ([], [])
        unknown = {**random, "data": {key: value for key, value in random["data"].items() if key != "split_sha256"}}
        assert compared(tmp_path, [unknown, grouped]) == ([], [])

    @pytest.mark.parametrize(
        ("part", "told"),
        [((30, 40), "no picture was held out by both"), ((12, 20), "Not compared: the 8 pictures are 8 groups")],
    )
    def test_compare_splits__too_few_in_common(self, tmp_path, part, told):
        evidence = made(tmp_path, 0.5)
        random = write_part_entry(tmp_path, "random", {"val": (0, 20)}, evidence)
        grouped = write_part_entry(tmp_path, "grouped", {"val": part}, evidence)
        found, (problem,) = compared(tmp_path, [random, grouped])
        assert found == []
        assert problem.startswith("lidd on random and grouped is not compared: ")
        assert told in problem

    def test_compare_splits__evidence_missing_or_changed(self, tmp_path):
        random, grouped = write_two_splits(tmp_path)
        _, (problem,) = compared(tmp_path, [{**random, "evidence": {}}, grouped])
        assert problem.endswith("nothing is kept of what random-lidd-s0 found.")
        (tmp_path / "grouped-lidd-s0.test.npz").unlink()
        _, (problem,) = compared(tmp_path, [random, grouped])
        assert "grouped-lidd-s0.test.npz is missing" in problem
