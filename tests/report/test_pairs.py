"""Every two networks of a block, from evidence files that are there and unchanged."""

from itertools import count

import pytest

from lidd_yolo.benchmark.evidence import Evidence
from lidd_yolo.report.grouping import group_entries
from lidd_yolo.report.pairs import compare_pairs
from tests.helpers.evidence import write_evidence
from tests.helpers.made_up_ledger import made_up_entry, write_entry
from tests.helpers.paired import paired_bootstrap


@pytest.fixture
def block(tmp_path):
    """Two good networks with two seeds, and a bad one."""
    entries = [
        write_entry(tmp_path, made_up_entry(f"{name}-s{seed}", model=f"{name}.yaml", seed=seed), quality=quality)
        for name, quality in (("good", 0.8), ("same", 0.8), ("bad", 0.3))
        for seed in (0, 1)
    ]
    return group_entries(entries)[0]


class TestComparePairs:
    def test_compare_pairs__verdicts(self, block, tmp_path):
        found = compare_pairs(block, tmp_path, resamples=200)
        assert found.problems == ()
        told = {(p.first, p.second): p.verdict("map50") for p in found.pairs}
        assert told == {
            ("good", "same"): "no difference shown",
            ("good", "bad"): "good is higher",
            ("same", "bad"): "same is higher",
        }
        assert [pair.seeds for pair in found.pairs] == [(2, 2)] * 3

    def test_compare_pairs__equal_to_one_pair_alone(self, block, tmp_path):
        pair = compare_pairs(block, tmp_path, resamples=50).pairs[1]
        held = [[Evidence.load(tmp_path / f"{name}-s{seed}.test.npz") for seed in (0, 1)] for name in ("good", "bad")]
        assert tuple(pair.differences.values()) == paired_bootstrap(*held, resamples=50)
        assert list(pair.differences) == ["map50", "map"]

    def test_compare_pairs__masks(self, tmp_path):
        entries = [
            write_entry(tmp_path, made_up_entry(f"{name}-s0", model=f"{name}-seg.yaml"), quality=quality)
            for name, quality in (("good", 0.9), ("bad", 0.3))
        ]
        (pair,) = compare_pairs(group_entries(entries)[0], tmp_path, resamples=50).pairs
        assert list(pair.differences) == ["map50", "map", "mask_map50", "mask_map"]
        assert pair.differences["mask_map"].value != pair.differences["map"].value

    def test_compare_pairs__old_entries(self, block, tmp_path):
        for entry in block.contenders[0].entries:
            del entry["evidence"]
        found = compare_pairs(block, tmp_path, resamples=50)
        assert [(p.first, p.second) for p in found.pairs] == [("same", "bad")]
        assert found.problems == ("Not compared, as nothing is kept of what was found: good.",)

    def test_compare_pairs__changed_file(self, block, tmp_path):
        write_evidence(tmp_path / "good-s1.test.npz", quality=1)
        found = compare_pairs(block, tmp_path, resamples=50)
        assert len(found.pairs) == 1
        assert "good is not compared" in found.problems[0]
        assert "is not the file that good-s1 was measured with" in found.problems[0]

    def test_compare_pairs__missing_file(self, block, tmp_path):
        (tmp_path / "bad-s0.test.npz").unlink()
        assert "bad-s0.test.npz is missing" in compare_pairs(block, tmp_path, resamples=50).problems[0]

    def test_compare_pairs__other_pictures(self, block, tmp_path, monkeypatch):
        load, number = Evidence.load, count()

        def other_for_the_last(path):
            evidence = load(path)
            if next(number) >= 4:
                evidence.pictures[0] = "another.jpg"
            return evidence

        monkeypatch.setattr(Evidence, "load", other_for_the_last)
        found = compare_pairs(block, tmp_path, resamples=50)
        assert [(p.first, p.second) for p in found.pairs] == [("good", "same")]
        assert found.problems == ("bad is not compared: the networks were measured on different pictures.",)
