"""NEU-Seg converted, and its labels compared with the masks."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml

from lidd_yolo.data.formats.masks import annotate_mask, draw_mask
from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.releases.neu_seg import CLASS_NAMES, convert_neu_seg, measure_labels
from lidd_yolo.data.releases.samples import Sample
from lidd_yolo.errors import InputError
from tests.helpers.masks import square, write_mask_release
from tests.helpers.releases import release


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    return folder, write_mask_release(folder)


@pytest.fixture
def small(tmp_path):
    """A release of its own, to damage: 16 pictures, 000000 to 000015, without those of test."""
    write_mask_release(tmp_path / "release", plates=8)
    return tmp_path / "release"


def _names(target, side):
    return {path.name for path in (target / "images" / side).iterdir()}


def _mask(folder, name):
    return cv2.imread(str(folder / "annotations" / name.replace("_", "/")) + ".png", -1)


class TestConvertNeuSeg:
    def test_classes__order(self):
        assert CLASS_NAMES == ("inclusion", "patches", "scratches")

    def test_grouped__crops_of_a_plate_stay_together(self, source, tmp_path):
        folder, plates = source
        report = convert_neu_seg(folder, tmp_path / "set").report
        sides = [_names(tmp_path / "set", side) for side in ("train", "val", "test")]
        assert [len(side) for side in sides] == [48, 6, 6]
        assert set().union(*sides) == set().union(*plates)
        assert all(sum(bool(names & side) for side in sides) == 1 for names in plates)
        assert report.leak == {"val": 0.0, "test": 0.0}
        assert report.problems == []

    def test_names_that_collide__both_pictures_kept(self, source, tmp_path):
        convert_neu_seg(source[0], tmp_path / "set")
        for side in ("training", "test"):
            [copy] = (tmp_path / "set/images").rglob(f"{side}_000000.jpg")
            assert copy.read_bytes() == (source[0] / "images" / side / "000000.jpg").read_bytes()

    def test_labels__give_back_the_masks_without_specks(self, source, tmp_path):
        done = convert_neu_seg(source[0], tmp_path / "set")
        for path in sorted((tmp_path / "set/labels").rglob("*.txt")):
            annotation, problems = read_yolo(path, CLASS_NAMES, (100, 100))
            expected = _mask(source[0], path.stem)
            expected[0, 0] = 0
            np.testing.assert_array_equal(draw_mask(annotation, CLASS_NAMES), expected)
            assert problems == []
        assert done.report.facts["dropped"] == {
            "min_pixels": 16,
            "objects": {"inclusion": 60, "patches": 0, "scratches": 0},
            "pixels": {"inclusion": 60, "patches": 0, "scratches": 0},
        }
        assert done.report.facts["round_trip"] == {"equal": 60, "pixels": 0, "unequal": {}}

    def test_min_pixels__one_keeps_all(self, source, tmp_path):
        report = convert_neu_seg(source[0], tmp_path / "set", min_pixels=1).report
        assert sum(report.boxes[side]["inclusion"] for side in report.boxes) == 60 + 20
        with pytest.raises(ValueError, match="cannot be negative, got -1"):
            convert_neu_seg(source[0], tmp_path / "other", min_pixels=-1)

    def test_official__published_test_and_its_leak(self, source, tmp_path):
        folder, plates = source
        done = convert_neu_seg(folder, tmp_path / "set", protocol="official")
        published = {name for names in plates for name in names if name.startswith("test_")}
        assert _names(tmp_path / "set", "test") == published
        train, val = _names(tmp_path / "set", "train"), _names(tmp_path / "set", "val")
        assert len(train) + len(val) == 52
        assert len(val) == pytest.approx(5.2, abs=1)
        leaking = sum(any(name in names and names & train for names in plates) for name in published)
        assert done.report.leak == {"val": 0.0, "test": round(leaking / 8, 4)}
        assert leaking > 0

    def test_official__without_test_pictures(self, small, tmp_path):
        (small / "images/test").rename(tmp_path / "elsewhere")
        with pytest.raises(ValueError, match="no usable test picture"):
            convert_neu_seg(small, tmp_path / "set", protocol="official")
        assert not (tmp_path / "set").exists()

    def test_paper__random_and_its_leak_told(self, source, tmp_path):
        done = convert_neu_seg(source[0], tmp_path / "set", protocol="paper")
        assert done.report.images == {"train": 48, "val": 6, "test": 6}
        assert done.report.leak["val"] > 0

    def test_data_yaml_and_split_json(self, source, tmp_path):
        done = convert_neu_seg(source[0], tmp_path / "set", seed=5)
        assert yaml.safe_load((tmp_path / "set/data.yaml").read_text())["names"] == dict(enumerate(CLASS_NAMES))
        written = json.loads((tmp_path / "set/split.json").read_text())
        assert written == json.loads(json.dumps(done.report.as_dict()))
        assert (written["dataset"], written["seed"]) == ("neu-seg", 5)

    def test_bad_files__each_named_the_others_done(self, small, tmp_path):
        masks = small / "annotations/training"
        cv2.imwrite(str(masks / "000002.png"), square(5, 5, 9, 9))
        cv2.imwrite(str(masks / "000003.png"), square(5, 5, 9, 1, size=99))
        cv2.imwrite(str(masks / "000004.png"), square(5, 5, 9, 1).astype(np.uint16))
        cv2.imwrite(str(masks / "000005.png"), np.dstack([square(5, 5, 9, 1)] * 3))
        (masks / "000006.png").write_bytes(b"")
        (masks / "000007.png").unlink()
        (small / "images/training/000008.jpg").unlink()
        done = convert_neu_seg(small, tmp_path / "set")
        assert [(p.file.name, p.reason) for p in done.problems] == [
            ("000002.png", "value 9 in 81 pixels, but the classes are 1 to 3"),
            ("000003.png", "it is 99x99, its picture 100x100"),
            ("000005.png", "it has colours (3 channels)"),
            ("000006.png", "it cannot be decoded as a picture"),
            ("000007.jpg", "it has no mask"),
            ("000008.png", "it has no picture"),
        ]
        assert not any(problem.repaired for problem in done.problems)
        assert sum(done.report.images.values()) == 16 - 6  # the mask of 16 bits has small values

    def test_empty_mask__picture_without_defects(self, small, tmp_path):
        cv2.imwrite(str(small / "annotations/training/000002.png"), square(0, 0, 1, 0))
        done = convert_neu_seg(small, tmp_path / "set")
        [label] = (tmp_path / "set/labels").rglob("training_000002.txt")
        assert label.read_text() == ""
        assert done.problems == []

    def test_specks_alone__picture_is_not_taken_for_good_steel(self, small, tmp_path):
        cv2.imwrite(str(small / "annotations/training/000002.png"), square(0, 0, 3, 2))
        [problem] = convert_neu_seg(small, tmp_path / "set").problems
        assert problem.reason == "all its objects (1) have fewer than 16 pixels"
        assert list((tmp_path / "set").rglob("training_000002.*")) == []

    def test_source__no_release(self, tmp_path):
        with pytest.raises(InputError, match=r"is not the NEU-Seg release.*training"):
            convert_neu_seg(tmp_path / "nowhere", tmp_path / "set")
        assert list(tmp_path.iterdir()) == []

    def test_target__in_use(self, small, tmp_path):
        convert_neu_seg(small, tmp_path / "set")
        with pytest.raises(InputError, match="--overwrite"):
            convert_neu_seg(small, tmp_path / "set", seed=1)
        assert convert_neu_seg(small, tmp_path / "set", seed=1, overwrite=True).report.seed == 1

    def test_protocol__unknown(self, tmp_path):
        with pytest.raises(ValueError, match="no protocol 'random'; there are grouped, paper, official"):
            convert_neu_seg(tmp_path, tmp_path / "set", protocol="random")


class TestRealRelease:
    @pytest.mark.slow
    def test_grouped__no_leak_and_every_mask_given_back(self, tmp_path):
        report = convert_neu_seg(release("neu-seg"), tmp_path / "set").report
        count = sum(report.images.values())
        assert report.leak == {"val": 0.0, "test": 0.0}
        assert report.facts["round_trip"] == {"equal": count, "pixels": 0, "unequal": {}}
        assert report.problems == []
        group = {name: picture["group"] for name, picture in report.pictures.items()}
        published = {side: [g for name, g in group.items() if name.startswith(side)] for side in ("training", "test")}
        assert np.isin(published["test"], published["training"]).mean() > 0.8  # turned copies and crops of one plate
        if count == 2832:  # the part of the release that its counts below were taken from
            assert {n: sum(b[n] for b in report.boxes.values()) for n in CLASS_NAMES} == {
                "inclusion": 2768,
                "patches": 2449,
                "scratches": 2446,
            }
            assert report.facts["dropped"]["objects"] == {"inclusion": 119, "patches": 0, "scratches": 64}


_NAMES = ("inclusion", "patches")


@pytest.fixture
def make(tmp_path):
    def _make(number, mask, labelled=None):
        source = tmp_path / f"{number}.png"
        cv2.imwrite(str(source), mask)
        annotation = annotate_mask(mask if labelled is None else labelled, _NAMES, f"{number}.jpg")
        return Sample(tmp_path / f"{number}.jpg", b"", np.zeros_like(mask), annotation, source)

    return _make


class TestMeasureLabels:
    def test_faithful__nothing_differs(self, make):
        frame = square(2, 2, 9, 2, size=20)
        frame[4:6, 4:9] = 0
        report = measure_labels([make(0, frame), make(1, np.zeros((8, 9), np.uint8))], _NAMES, 0)
        assert report["round_trip"] == {"equal": 2, "pixels": 0, "unequal": {}}
        assert report["dropped"]["objects"] == {"inclusion": 0, "patches": 0}

    def test_dropped__counted_and_no_difference(self, make):
        big = square(2, 2, 9, 2, size=20)
        specks = big + square(15, 15, 2, 1, size=20) + square(0, 19, 1, 1, size=20)
        report = measure_labels([make(0, specks, labelled=big)], _NAMES, 5)
        assert report["dropped"] == {
            "min_pixels": 5,
            "objects": {"inclusion": 2, "patches": 0},
            "pixels": {"inclusion": 5, "patches": 0},
        }
        assert report["round_trip"]["equal"] == 1

    def test_difference__pixels_and_iou_worst_first(self, make):
        whole = square(0, 0, 10, 1, size=20)
        half = whole.copy()
        half[5:] = 0
        other = square(0, 0, 10, 2, size=20)
        samples = [make(0, whole, labelled=half), make(1, whole, labelled=other), make(2, whole)]
        report = measure_labels(samples, _NAMES, 0)["round_trip"]
        assert report == {
            "equal": 1,
            "pixels": 150,
            "unequal": {"1.jpg": {"pixels": 100, "iou": 0.0}, "0.jpg": {"pixels": 50, "iou": 0.5}},
        }
        assert list(report["unequal"]) == ["1.jpg", "0.jpg"]

    def test_mask_gone__said(self, make, tmp_path):
        sample = replace(make(0, square(0, 0, 3, 1, size=9)), source=tmp_path / "gone.png")
        with pytest.raises(ValueError, match=r"gone\.png has changed"):
            measure_labels([sample], _NAMES, 0)
