"""Class-index masks: every fault named, every pixel given back."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given

from lidd_yolo.data.formats.masks import (
    MAX_OBJECTS,
    annotate_mask,
    draw_mask,
    drop_specks,
    load_mask,
    read_class_masks,
    read_mask,
)
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.bridges import join_rings
from lidd_yolo.data.labels.outline import MAX_RINGS, fill_rings
from tests.helpers.masks import PROPERTY, masks, square

_NAMES = ("inclusion", "patches", "scratches")


@pytest.fixture
def write(tmp_path):
    def _write(values, name="000001.png"):
        data = values if isinstance(values, bytes) else cv2.imencode(".png", values)[1].tobytes()
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return _write


def _palette_png():
    """A 1x1 PNG of colour type 3, assembled by hand."""
    import struct  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0)
    parts = [
        (b"IHDR", header),
        (b"PLTE", bytes([0, 0, 0, 128, 0, 0])),
        (b"IDAT", zlib.compress(b"\0\1")),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


class TestReadMask:
    def test_two_classes__hand_computed(self, write):
        mask = square(2, 3, 4, 3, size=10)
        mask[0, 9] = 1
        annotation, problems = read_mask(write(mask), _NAMES, (10, 10))
        assert problems == []
        assert (annotation.image, annotation.width, annotation.height) == ("000001.png", 10, 10)
        assert [(o.class_name, o.box) for o in annotation.objects] == [
            ("inclusion", Box(9, 0, 10, 1)),
            ("scratches", Box(2, 3, 6, 7)),
        ]
        assert set(annotation.objects[1].polygons[0]) == {(2.25, 3.25), (5.75, 3.25), (5.75, 6.75), (2.25, 6.75)}

    def test_empty__no_objects_and_named_after_the_file(self, write):
        assert read_mask(write(np.zeros((4, 6), np.uint8)), _NAMES) == (Annotation("000001.png", 6, 4), [])

    def test_bad__none(self, write):
        assert read_mask(write(b""), _NAMES)[0] is None


class TestHoles:
    def test_many__linear_enough(self, write):
        """2 500 holes; each was compared with every other by itself, which took minutes."""
        values = np.ones((206, 206), np.uint8)
        values[4:204:4, 4:204:4] = 0
        annotation, problems = read_mask(write(values), _NAMES)
        assert problems == []
        began = time.process_time()
        polygon = join_rings(annotation.objects[0].polygons)
        assert time.process_time() - began < 5
        np.testing.assert_array_equal(fill_rings([polygon], 206, 206), values)

    def test_too_many__mask_left_out_by_name(self, write):
        values = np.indices((160, 160)).sum(axis=0) % 2  # a checkerboard
        path = write(values.astype(np.uint8))
        annotation, [problem] = read_mask(path, _NAMES)
        assert annotation is None
        assert (problem.file, problem.repaired) == (path, False)
        assert problem.reason.endswith(f"parts and holes, more than {MAX_RINGS}")

    def test_specks_everywhere__named_and_not_traced(self, tmp_path):
        """Such a mask of 640 px kept the conversion for minutes."""
        mask = np.zeros((150, 150), dtype=np.uint8)
        mask[::2, ::2] = 1
        assert cv2.imwrite(str(tmp_path / "a.png"), mask)
        annotation, [problem] = read_mask(tmp_path / "a.png", ("x",))
        assert annotation is None
        assert problem.reason == f"5625 objects, more than {MAX_OBJECTS}"


class TestLoadMask:
    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            (b"", "it cannot be decoded as a picture"),
            (b"no picture", "it cannot be decoded as a picture"),
            (square(0, 0, 2, 4, size=10), "value 4 in 4 pixels, but the classes are 1 to 3"),
            (np.arange(100, dtype=np.uint8).reshape(10, 10), "values 4, 5, 6, 7, 8, ... in 96 pixels"),
            (np.full((10, 10), 256, np.uint16), "it has 16 bits a pixel"),
            (np.zeros((10, 10, 3), np.uint8), "it has colours (3 channels)"),
            (np.zeros((10, 10, 4), np.uint8), "it has colours (4 channels)"),
            (_palette_png(), "it has a colour palette"),
            (np.zeros((10, 9), np.uint8), "it is 9x10, its picture 10x10"),
        ],
        ids=["zero-bytes", "text", "value", "values", "16-bit", "rgb", "rgba", "palette", "size"],
    )
    def test_fault__named(self, write, values, reason):
        path = write(values)
        mask, [problem] = load_mask(path, 3, (10, 10))
        assert mask is None
        assert (problem.file, problem.repaired) == (path, False)
        assert problem.reason.startswith(reason)

    @pytest.mark.parametrize("kind", [np.uint16, np.int32])
    def test_more_bits__same_class_numbers(self, tmp_path, kind):
        values = square(1, 2, 3, 2, size=10)
        cv2.imwrite(str(tmp_path / "a.tif"), values.astype(kind))
        mask, problems = load_mask(tmp_path / "a.tif", 3, (10, 10))
        assert problems == []
        np.testing.assert_array_equal(mask, values)

    def test_missing(self, tmp_path):
        mask, [problem] = load_mask(tmp_path / "none.png", 3)
        assert mask is None
        assert "cannot be read" in problem.reason

    def test_good__its_values(self, write):
        values = np.arange(12, dtype=np.uint8).reshape(3, 4) % 4
        mask, problems = load_mask(write(values), 3, (4, 3))
        np.testing.assert_array_equal(mask, values)
        assert problems == []


class TestDropSpecks:
    def test_below_threshold__dropped_and_counted(self):
        mask = square(0, 0, 4, 2, size=20) + square(10, 10, 3, 1, size=20) + square(15, 0, 1, 3, size=20)
        kept, specks = drop_specks(mask, 16)
        np.testing.assert_array_equal(kept, square(0, 0, 4, 2, size=20))
        assert specks == [(1, 9), (3, 1)]
        assert mask[10, 10] == 1

    def test_classes_that_touch__counted_apart(self):
        mask = np.array([[1, 1, 2, 2]], dtype=np.uint8)
        assert drop_specks(mask, 3)[1] == [(1, 2), (2, 2)]

    def test_corners_that_touch__one_component(self):
        assert drop_specks(np.eye(3, dtype=np.uint8), 3)[1] == []

    @pytest.mark.parametrize("min_pixels", [0, 1])
    def test_no_threshold__all_kept(self, min_pixels):
        mask = np.eye(3, dtype=np.uint8)
        kept, specks = drop_specks(mask, min_pixels)
        np.testing.assert_array_equal(kept, mask)
        assert specks == []


class TestDrawMask:
    @PROPERTY
    @given(masks(3))
    def test_annotated_and_drawn__the_same_mask(self, mask):
        annotation = annotate_mask(mask, _NAMES, "a.png")
        np.testing.assert_array_equal(draw_mask(annotation, _NAMES), mask)

    @PROPERTY
    @given(masks(3))
    def test_boxes__of_the_pixels(self, mask):
        for item in annotate_mask(mask, _NAMES, "a.png").objects:
            rows, columns = np.nonzero(fill_rings(item.polygons, mask.shape[1], mask.shape[0]))
            assert item.box == Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)

    def test_overlap__smaller_on_top(self):
        objects = (DefectObject("scratches", Box(2, 2, 4, 4)), DefectObject("inclusion", Box(0, 0, 6, 6)))
        drawn = draw_mask(Annotation("a.jpg", 8, 8, objects), _NAMES)
        expected = square(0, 0, 6, 1, size=8)
        expected[2:4, 2:4] = 3
        np.testing.assert_array_equal(drawn, expected)

    def test_unknown_class(self):
        annotation = Annotation("a.jpg", 8, 8, (DefectObject("rust", Box(0, 0, 1, 1)),))
        with pytest.raises(ValueError, match=r"a\.jpg: class 'rust' is none of inclusion"):
            draw_mask(annotation, _NAMES)

    def test_too_many_classes(self):
        with pytest.raises(ValueError, match="256 classes"):
            draw_mask(Annotation("a.jpg", 8, 8), [str(k) for k in range(256)])


class TestFillRings:
    def test_hole_and_part__even_odd(self):
        rings = [[(0, 0), (6, 0), (6, 6), (0, 6)], [(2, 2), (4, 2), (4, 4), (2, 4)], [(8, 0), (9, 0), (9, 1), (8, 1)]]
        filled = fill_rings([tuple(ring) for ring in rings], 10, 8)
        expected = np.zeros((8, 10), np.uint8)
        expected[:7, :7] = 1
        expected[3, 3] = 0
        expected[:2, 8:] = 1
        np.testing.assert_array_equal(filled, expected)


@pytest.fixture
def write_each(tmp_path):
    def _write(**drawn):
        for name, mask in drawn.items():
            cv2.imwrite(str(tmp_path / f"{name}.png"), mask)
        return {name: tmp_path / f"{name}.png" for name in drawn}

    return _write


class TestReadClassMasks:
    @pytest.mark.parametrize("value", [1, 255])
    def test_overlapping_classes__both_whole(self, write_each, value):
        paths = write_each(scratch=square(2, 2, 4, value, size=10), dent=square(4, 4, 5, value, size=10))
        annotation, problems = read_class_masks(paths, (10, 10), "a.jpg")
        assert problems == []
        assert annotation.image == "a.jpg"
        assert [(o.class_name, o.box) for o in annotation.objects] == [
            ("scratch", Box(2, 2, 6, 6)),
            ("dent", Box(4, 4, 9, 9)),
        ]

    def test_bad_masks__named_the_other_class_stays(self, write_each, tmp_path):
        smooth = square(2, 2, 4, 255, size=10)
        smooth[6, 2:6] = 127
        paths = write_each(scratch=smooth, dent=square(4, 4, 5, 1, size=10), stain=square(0, 0, 3, 1, size=9))
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
