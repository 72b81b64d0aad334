"""One binary mask for each class."""

import cv2
import numpy as np
import pytest
from hypothesis import given

from lidd_yolo.data.formats.masks import annotate_mask, draw_class_masks, read_class_masks
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from tests.helpers.masks import PROPERTY, masks, square


@pytest.fixture
def write(tmp_path):
    def _write(**drawn):
        for name, mask in drawn.items():
            cv2.imwrite(str(tmp_path / f"{name}.png"), mask)
        return {name: tmp_path / f"{name}.png" for name in drawn}

    return _write


class TestReadClassMasks:
    @pytest.mark.parametrize("value", [1, 255])
    def test_overlapping_classes__both_whole(self, write, value):
        paths = write(scratch=square(2, 2, 4, value, size=10), dent=square(4, 4, 5, value, size=10))
        annotation, problems = read_class_masks(paths, (10, 10), "a.jpg")
        assert problems == []
        assert annotation.image == "a.jpg"
        assert [(o.class_name, o.box) for o in annotation.objects] == [
            ("scratch", Box(2, 2, 6, 6)),
            ("dent", Box(4, 4, 9, 9)),
        ]

    def test_bad_masks__named_the_other_class_stays(self, write, tmp_path):
        smooth = square(2, 2, 4, 255, size=10)
        smooth[6, 2:6] = 127
        paths = write(scratch=smooth, dent=square(4, 4, 5, 1, size=10), stain=square(0, 0, 3, 1, size=9))
        paths["rust"] = tmp_path / "none.png"
        annotation, problems = read_class_masks(paths, (10, 10), "a.jpg")
        assert [o.class_name for o in annotation.objects] == ["dent"]
        assert [(p.file.name, p.reason.partition(" (")[0]) for p in problems] == [
            ("scratch.png", "it has 2 values besides 0: 127, 255"),
            ("stain.png", "it is 9x9, its picture 10x10"),
            ("none.png", "it cannot be read"),
        ]

    def test_no_masks__no_defects(self):
        assert read_class_masks({}, (10, 8), "a.jpg") == (Annotation("a.jpg", 10, 8), [])


class TestDrawClassMasks:
    @PROPERTY
    @given(masks(2))
    def test_any_mask__its_classes_apart(self, mask):
        drawn = draw_class_masks(annotate_mask(mask, ("a", "b"), "x.png"), ("a", "b"))
        np.testing.assert_array_equal(drawn["a"], np.where(mask == 1, 255, 0))
        np.testing.assert_array_equal(drawn["b"], np.where(mask == 2, 255, 0))

    def test_unknown_class(self):
        annotation = Annotation("a.jpg", 8, 8, (DefectObject("rust", Box(0, 0, 1, 1)),))
        with pytest.raises(ValueError, match=r"a\.jpg: class 'rust' is none of dent"):
            draw_class_masks(annotation, ("dent",))
