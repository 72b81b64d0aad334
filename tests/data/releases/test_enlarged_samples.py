"""Samples enlarged before they are split."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.enlarge.change import Change, Settings, change_picture, draw_change
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.releases.samples import Sample, enlarge_samples, place_copies

_SETTINGS = Settings(times=3, seed=2)


def _sample(folder, name, dtype=np.uint8):
    image = np.random.default_rng(len(name)).integers(0, 256, (20, 20)).astype(dtype)
    data = cv2.imencode(".png" if dtype != np.float32 else ".tiff", image)[1].tobytes()
    annotation = Annotation(name, 20, 20, (DefectObject("x", Box(5, 5, 15, 15)),))
    return Sample(folder / name, data, image.astype(np.uint8), annotation, folder / "a.xml")


class TestEnlargeSamples:
    def test_copies__groups_of_their_originals(self, tmp_path):
        originals = [_sample(tmp_path, name) for name in ("b.png", "aa.png")]
        enlarged = enlarge_samples(originals, [7, 4], _SETTINGS)
        names = [sample.name for sample in enlarged.samples]
        assert names == ["aa-e1.png", "aa-e2.png", "aa.png", "b-e1.png", "b-e2.png", "b.png"]
        assert enlarged.groups == [4, 4, 4, 7, 7, 7]
        assert enlarged.samples[5] is originals[0]
        copy = enlarged.samples[3]
        expected = change_picture(originals[0].gray, draw_change(_SETTINGS, "b.png", 1), "constant")
        np.testing.assert_array_equal(copy.gray, expected)
        np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(copy.data, np.uint8), 0), expected)

    def test_refused(self, tmp_path):
        with pytest.raises(ValueError, match="8 or 16 bits"):
            enlarge_samples([_sample(tmp_path, "a.tiff", np.float32)], [0], _SETTINGS)
        with pytest.raises(ValueError, match="which is a picture already"):
            enlarge_samples([_sample(tmp_path, name) for name in ("a.png", "a-e1.png")], [0, 1], _SETTINGS)


class TestPlaceCopies:
    def test_places__by_the_split(self, tmp_path):
        enlarged = enlarge_samples([_sample(tmp_path, "a.png")], [0], _SETTINGS)
        record = place_copies(enlarged, {"train": [0, 2], "val": [1]}, _SETTINGS)
        [(original, copies)] = record["pictures"].items()
        assert original == "images/train/a.png"
        assert list(copies) == ["images/train/a-e1.png", "images/val/a-e2.png"]
        change = draw_change(_SETTINGS, "a.png", 1)
        facts = copies["images/train/a-e1.png"]
        assert Change(*(facts[key] for key in ("angle", "mirrored", "flipped", "brightness"))) == change
        assert record["sides"] == ["train", "val"]
