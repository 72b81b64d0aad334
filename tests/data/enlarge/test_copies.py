"""The copies of one picture."""

import numpy as np
import pytest

from lidd_yolo.data.enlarge.change import Settings, change_picture, decode_picture, draw_change
from lidd_yolo.data.enlarge.copies import make_copies
from lidd_yolo.data.enlarge.labels import change_annotation
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject

_ANNOTATION = Annotation("a.png", 30, 20, (DefectObject("x", Box(10, 5, 20, 15)),))


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)


class TestMakeCopies:
    def test_names_and_content(self, image):
        settings = Settings(times=3)
        copies = list(make_copies("steel/a.png", image, _ANNOTATION, settings))
        assert [copy.name for copy in copies] == ["steel/a-e1.png", "steel/a-e2.png"]
        for number, copy in enumerate(copies, start=1):
            change = draw_change(settings, "steel/a.png", number)
            np.testing.assert_array_equal(decode_picture(copy.data), change_picture(image, change, "constant"))
            expected, dropped = change_annotation(_ANNOTATION, change, settings)
            assert copy.annotation.objects == expected.objects
            assert copy.annotation.image == f"a-e{number}.png"
            assert copy.facts() == {
                "angle": change.angle,
                "mirrored": change.mirrored,
                "flipped": change.flipped,
                "brightness": change.brightness,
                "dropped": dropped,
            }

    def test_ending__changed_where_it_cannot_be_written(self, image):
        [copy] = make_copies("a.heic", image, _ANNOTATION, Settings(times=2))
        assert copy.name == "a-e1.png"

    def test_other_size__refused(self, image):
        with pytest.raises(ValueError, match=r"a\.png: 20x30, labels 30x20"):
            next(make_copies("a.png", image.T, _ANNOTATION, Settings()))
