"""The evidence file says what the validation said; evidence of several parts as one, and of some pictures alone."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from lidd_yolo.results.evidence import Evidence, common_groups, from_results, joined, on_pictures
from lidd_yolo.results.validation import validate
from tests.helpers.evidence import make_evidence
from tests.helpers.picture_results import picture

BOX = (0, 0, 9, 9)
NOTHING = {**dict.fromkeys(("map50", "map", "precision", "recall"), 0), "map50_of_class": [], "map_of_class": []}


@pytest.fixture(scope="module")
def collected(finished_run):
    """Metrics and evidence of a trained network on its validation pictures."""
    data = yaml.safe_load((finished_run / "args.yaml").read_text())["data"]
    metrics, results = validate(finished_run / "weights" / "best.pt", data, "val", 64, "cpu")
    return metrics, from_results(results)


class TestFromResults:
    def test_from_results__numbers_and_bits(self):
        """Bit k belongs to the overlap 0.50 + 0.05 k; a picture without anything keeps its number."""
        correct = np.zeros((2, 10), dtype=bool)
        correct[0, :3] = correct[1, 9] = True
        found = [(1, 0.9, BOX), (0, 0.25, BOX)]
        results = [
            picture("a.png"),
            picture("b.png", truth=[(1, BOX), (0, BOX), (1, BOX)], found=found, correct=correct),
        ]
        evidence = from_results(results)
        assert evidence.pictures.tolist() == ["a.png", "b.png"]
        assert evidence.truth_picture.tolist() == [1, 1, 1]
        assert evidence.truth_class.tolist() == [1, 0, 1]
        assert evidence.found_picture.tolist() == [1, 1]
        assert evidence.found_class.tolist() == [1, 0]
        assert evidence.confidence.tolist() == pytest.approx([0.9, 0.25])
        assert evidence.correct.tolist() == [0b111, 0b10_0000_0000]
        assert evidence.mask_correct is None

    def test_from_results__types(self):
        evidence = from_results([picture(truth=[(1, BOX)], found=[(1, 0.9, BOX)], mask_correct=np.ones((1, 10), bool))])
        assert evidence.mask_correct.tolist() == [1023]
        types = {"truth_picture": "int32", "truth_class": "int16", "found_picture": "int32", "found_class": "int16"}
        for name, kind in {**types, "confidence": "float32", "correct": "uint16", "mask_correct": "uint16"}.items():
            assert getattr(evidence, name).dtype == kind, name

    def test_from_results__groups(self, tmp_path):
        from_results([picture("a.png"), picture("b.png")], (3, 3)).save(tmp_path / "grouped.npz")
        groups = Evidence.load(tmp_path / "grouped.npz").groups
        assert groups.tolist() == [3, 3]
        assert groups.dtype == np.int32

    def test_from_results__groups_of_other_pictures(self):
        with pytest.raises(ValueError, match="groups of 3 pictures for 1"):
            from_results([picture()], (0, 1, 2))

    def test_from_results__nothing_found(self):
        evidence = from_results([picture(truth=[(0, BOX)])])
        assert evidence.correct.shape == (0,)
        assert evidence.figures() == {**NOTHING, "map50_of_class": [0], "map_of_class": [0]}


@pytest.mark.trains
class TestEvidence:
    def test_figures__of_one_detection(self):
        """Correct at 3 of 10 overlaps; Ultralytics' curve through one point gives 0.995."""
        correct = np.arange(10)[None] < 3
        evidence = from_results([picture(truth=[(0, BOX)], found=[(0, 0.9, BOX)], correct=correct)])
        figures = evidence.figures()
        assert {key: figures[key] for key in ("map50", "map")} == pytest.approx({"map50": 0.995, "map": 0.3 * 0.995})
        assert (figures["precision"], figures["recall"]) == pytest.approx((1, 1))
        assert figures["map50_of_class"] == [figures["map50"]]

    def test_figures__without_labels(self):
        assert from_results([picture(found=[(0, 0.9, BOX)])]).figures() == NOTHING

    def test_save__and_load(self, collected, tmp_path):
        _, found = collected
        evidence = replace(found, groups=np.arange(len(found.pictures), dtype=np.int32))
        evidence.save(tmp_path / "some.name")
        loaded = Evidence.load(tmp_path / "some.name")
        for name in Evidence.__dataclass_fields__:
            assert np.array_equal(getattr(loaded, name), getattr(evidence, name)), name
            assert getattr(loaded, name).dtype == getattr(evidence, name).dtype

    def test_save__without_masks(self, tmp_path):
        from_results([picture(truth=[(0, BOX)])]).save(tmp_path / "boxes.npz")
        assert Evidence.load(tmp_path / "boxes.npz").mask_correct is None

    def test_load__older_files_state_no_groups(self, tmp_path):
        from_results([picture(truth=[(0, BOX)])]).save(tmp_path / "old.npz")
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
        assert (figures["precision"], figures["recall"]) == pytest.approx((metrics.box.mp, metrics.box.mr), abs=1e-5)
        assert figures["mask_map_of_class"] == pytest.approx(list(metrics.seg.ap), abs=0.002)

    def test_collect__pictures_and_labels(self, collected):
        _, evidence = collected
        assert evidence.pictures.tolist() == [f"{number}.png" for number in range(8)]
        assert np.bincount(evidence.truth_picture).tolist() == [2] * 8
        assert np.bincount(evidence.truth_class).tolist() == [8, 8]
        assert np.bincount(evidence.found_picture).max() <= 100


def evidence(names, truth, found, *, masks=None, groups=None):
    """Return evidence of pictures: ``truth`` are pairs of picture and class, ``found`` those and what is correct."""
    truth, found = np.array(truth, int).reshape(-1, 2), np.array(found, int).reshape(-1, 3)
    return Evidence(
        pictures=np.array(list(names), dtype=np.str_),
        truth_picture=truth[:, 0].astype(np.int32),
        truth_class=truth[:, 1].astype(np.int16),
        found_picture=found[:, 0].astype(np.int32),
        found_class=found[:, 1].astype(np.int16),
        confidence=(0.9 - 0.1 * np.arange(len(found))).astype(np.float32),
        correct=found[:, 2].astype(np.uint16),
        mask_correct=None if masks is None else np.array(masks, np.uint16),
        groups=None if groups is None else np.array(groups, np.int32),
    )


@pytest.fixture
def val():
    return evidence("bca", [(0, 1), (2, 0)], [(2, 0, 7), (0, 1, 1), (1, 1, 0)], masks=[3, 0, 0], groups=[0, 1, 0])


@pytest.fixture
def test():
    return evidence("ed", [(1, 2), (0, 2)], [(1, 2, 1023)], masks=[5], groups=[0, 1])


class TestJoined:
    def test_joined__by_hand(self, val, test):
        both = joined([val, test])
        assert "".join(both.pictures) == "bcaed"
        assert both.truth_picture.tolist() == [0, 2, 4, 3]
        assert both.truth_class.tolist() == [1, 0, 2, 2]
        assert both.found_picture.tolist() == [2, 0, 1, 4]
        assert both.found_class.tolist() == [0, 1, 1, 2]
        assert both.confidence == pytest.approx([0.9, 0.8, 0.7, 0.9])
        assert both.correct.tolist() == [7, 1, 0, 1023]
        assert both.mask_correct.tolist() == [3, 0, 0, 5]
        assert both.groups.tolist() == [0, 1, 0, 2, 3]

    def test_joined__one_part(self, val):
        alone = joined([val])
        assert alone.found_picture.tolist() == val.found_picture.tolist()
        assert alone.groups.tolist() == [0, 1, 0]

    def test_joined__of_one_no_groups_and_no_masks(self, val, test):
        both = joined([val, replace(test, groups=None, mask_correct=None)])
        assert both.groups is None
        assert both.mask_correct is None


class TestOnPictures:
    def test_on_pictures__by_hand(self, val):
        some = on_pictures(val, ["a", "b"])
        assert some.pictures.tolist() == ["a", "b"]
        assert some.truth_picture.tolist() == [1, 0]
        assert some.truth_class.tolist() == [1, 0]
        assert some.found_picture.tolist() == [0, 1]
        assert some.confidence == pytest.approx([0.9, 0.8])
        assert some.correct.tolist() == [7, 1]
        assert some.mask_correct.tolist() == [3, 0]
        assert some.groups.tolist() == [0, 0]

    def test_on_pictures__all_of_them_have_the_same_figures(self, tmp_path):
        whole = make_evidence(tmp_path, quality=0.7)
        turned = on_pictures(whole, [str(name) for name in whole.pictures[::-1]])
        for key, value in whole.figures().items():
            assert turned.figures()[key] == pytest.approx(value), key


class TestCommonGroups:
    def test_common_groups__of_any_evidence(self):
        """The first knows 0 and 1, the second 1 and 3; 2 is alone, 4 and 5 are known to both."""
        one = evidence("abcdef", [], [], groups=[0, 0, 1, 2, 3, 3])
        other = evidence("abcdef", [], [], groups=[4, 0, 1, 0, 2, 2])
        assert common_groups([one, other]).tolist() == [0, 0, 1, 0, 2, 2]

    def test_common_groups__some_state_none(self, val):
        assert common_groups([replace(val, groups=None), val]).tolist() == [0, 1, 0]
        assert common_groups([replace(val, groups=None)]) is None
