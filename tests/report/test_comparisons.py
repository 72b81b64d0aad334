"""Every two networks of a block, from evidence files that are there and unchanged."""

from itertools import count

import pytest

from lidd_yolo.report.blocks import group_entries
from lidd_yolo.report.comparisons import compare_pairs
from lidd_yolo.results.evidence import Evidence
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


@pytest.fixture
def grouped(tmp_path):
    """Two networks, the first's evidence with so many groups."""

    def make(groups):
        folder = tmp_path if groups else tmp_path / "alone"
        folder.mkdir(exist_ok=True)
        entries = [
            write_entry(folder, made_up_entry(f"{name}-s0", model=f"{name}.yaml"), quality=quality, groups=count)
            for name, quality, count in (("good", 0.8, groups), ("bad", 0.5, None))
        ]
        return group_entries(entries)[0]

    return make


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

    def test_compare_pairs__equal_to_one_pair_alone(self, block, tmp_path):
        pair = compare_pairs(block, tmp_path, resamples=50).pairs[1]
        held = [[Evidence.load(tmp_path / f"{name}-s{seed}.test.npz") for seed in (0, 1)] for name in ("good", "bad")]
        assert tuple(pair.differences.values()) == paired_bootstrap(*held, resamples=50)
        assert list(pair.differences) == ["map50", "map"]

    def test_compare_pairs__pictures_as_independent(self, block, tmp_path):
        found = compare_pairs(block, tmp_path, resamples=20)
        assert (found.pictures, found.groups) == (40, None)
        assert "pictures counted as independent" in found.note

    def test_compare_pairs__groups(self, grouped, tmp_path):
        """One network alone has groups: its pictures are those of the other, so are its groups."""
        pairs = compare_pairs(grouped(15), tmp_path, resamples=200)
        assert (pairs.pictures, pairs.groups) == (40, 15)
        assert "40 pictures were drawn as 15 groups" in pairs.note
        alone = compare_pairs(grouped(None), tmp_path / "alone", resamples=200)
        one, other = pairs.pairs[0].differences["map50"], alone.pairs[0].differences["map50"]
        assert one.value == other.value
        assert (one.low, one.high) != (other.low, other.high)

    def test_compare_pairs__few_groups_tell_nothing(self, grouped, tmp_path):
        found = compare_pairs(grouped(9), tmp_path, resamples=20)
        assert found.pairs == ()
        assert found.problems == (
            "Not compared: the 40 pictures are 9 groups that show the same spot, too few to tell a difference from "
            "chance; 10 are needed.",
        )

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
