"""The evidence file says what the validation said."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from lidd_yolo.results.evidence import Evidence, from_seen
from lidd_yolo.results.validation import observe
from tests.helpers.seen import picture

BOX = (0, 0, 9, 9)


@pytest.fixture(scope="module")
def collected(finished_run):
    """Metrics and evidence of a trained network on its validation pictures."""
    data = yaml.safe_load((finished_run / "args.yaml").read_text())["data"]
    metrics, seen = observe(finished_run / "weights" / "best.pt", data, "val", 64, "cpu")
    return metrics, from_seen(seen)


class TestFromSeen:
    def test_from_seen__numbers_and_bits(self):
        """Bit k belongs to the overlap 0.50 + 0.05 k; a picture without anything keeps its number."""
        correct = np.zeros((2, 10), dtype=bool)
        correct[0, :3] = correct[1, 9] = True
        found = [(1, 0.9, BOX), (0, 0.25, BOX)]
        seen = [picture("a.png"), picture("b.png", truth=[(1, BOX), (0, BOX), (1, BOX)], found=found, correct=correct)]
        evidence = from_seen(seen)
        assert evidence.pictures.tolist() == ["a.png", "b.png"]
        assert evidence.truth_picture.tolist() == [1, 1, 1]
        assert evidence.truth_class.tolist() == [1, 0, 1]
        assert evidence.found_picture.tolist() == [1, 1]
        assert evidence.found_class.tolist() == [1, 0]
        assert evidence.confidence.tolist() == pytest.approx([0.9, 0.25])
        assert evidence.correct.tolist() == [0b111, 0b10_0000_0000]
        assert evidence.mask_correct is None

    def test_from_seen__types(self):
        evidence = from_seen([picture(truth=[(1, BOX)], found=[(1, 0.9, BOX)], mask_correct=np.ones((1, 10), bool))])
        assert evidence.mask_correct.tolist() == [1023]
        types = {"truth_picture": "int32", "truth_class": "int16", "found_picture": "int32", "found_class": "int16"}
        for name, kind in {**types, "confidence": "float32", "correct": "uint16", "mask_correct": "uint16"}.items():
            assert getattr(evidence, name).dtype == kind, name

    def test_from_seen__groups(self, tmp_path):
        from_seen([picture("a.png"), picture("b.png")], (3, 3)).save(tmp_path / "grouped.npz")
        groups = Evidence.load(tmp_path / "grouped.npz").groups
        assert groups.tolist() == [3, 3]
        assert groups.dtype == np.int32

    def test_from_seen__groups_of_other_pictures(self):
        with pytest.raises(ValueError, match="groups of 3 pictures for 1"):
            from_seen([picture()], (0, 1, 2))

    def test_from_seen__nothing_found(self):
        evidence = from_seen([picture(truth=[(0, BOX)])])
        assert evidence.correct.shape == (0,)
        assert evidence.figures() == {"map50": 0, "map": 0}


class TestEvidence:
    def test_figures__of_one_detection(self):
        """Correct at 3 of 10 overlaps; Ultralytics' curve through one point gives 0.995."""
        correct = np.arange(10)[None] < 3
        evidence = from_seen([picture(truth=[(0, BOX)], found=[(0, 0.9, BOX)], correct=correct)])
        assert evidence.figures() == {"map50": pytest.approx(0.995), "map": pytest.approx(0.3 * 0.995)}

    def test_figures__without_labels(self):
        assert from_seen([picture(found=[(0, 0.9, BOX)])]).figures() == {"map50": 0, "map": 0}

    def test_save__and_load(self, collected, tmp_path):
        _, found = collected
        evidence = replace(found, groups=np.arange(len(found.pictures), dtype=np.int32))
        evidence.save(tmp_path / "some.name")
        loaded = Evidence.load(tmp_path / "some.name")
        for name in Evidence.__dataclass_fields__:
            assert np.array_equal(getattr(loaded, name), getattr(evidence, name)), name
            assert getattr(loaded, name).dtype == getattr(evidence, name).dtype

    def test_save__without_masks(self, tmp_path):
        from_seen([picture(truth=[(0, BOX)])]).save(tmp_path / "boxes.npz")
        assert Evidence.load(tmp_path / "boxes.npz").mask_correct is None

    def test_load__older_files_state_no_groups(self, tmp_path):
        from_seen([picture(truth=[(0, BOX)])]).save(tmp_path / "old.npz")
        with np.load(tmp_path / "old.npz") as arrays:
            assert "groups" not in arrays
        assert Evidence.load(tmp_path / "old.npz").groups is None

    @pytest.mark.parametrize("arrays", [None, {"pictures": np.zeros(1)}, {"other": np.zeros(1)}])
    def test_load__no_evidence(self, tmp_path, arrays):
        file = tmp_path / "x.npz"
        if arrays is None:
            file.write_text("nothing")
        else:
            np.savez(file, **arrays)
        with pytest.raises(ValueError, match=r"x\.npz is no evidence file"):
            Evidence.load(file)


class TestCollect:
    def test_collect__figures_equal_the_validator(self, collected):
        metrics, evidence = collected
        figures = evidence.figures()
        assert metrics.box.map > 0.1
        assert metrics.seg.map > 0.1
        assert figures["map50"] == pytest.approx(metrics.box.map50, abs=0.002)
        assert figures["map"] == pytest.approx(metrics.box.map, abs=0.002)
        assert figures["mask_map50"] == pytest.approx(metrics.seg.map50, abs=0.002)
        assert figures["mask_map"] == pytest.approx(metrics.seg.map, abs=0.002)

    def test_collect__pictures_and_labels(self, collected):
        _, evidence = collected
        assert evidence.pictures.tolist() == [f"{number}.png" for number in range(8)]
        assert np.bincount(evidence.truth_picture).tolist() == [2] * 8
        assert np.bincount(evidence.truth_class).tolist() == [8, 8]
        assert np.bincount(evidence.found_picture).max() <= 100
