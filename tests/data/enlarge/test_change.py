"""Changes drawn by lot, where they move points, and pictures changed."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.enlarge.change import Change, change_picture, decode_picture, draw_change, encode_picture


def _go(change, *points):
    matrix = change.matrix(40, 20)
    return np.round([matrix @ (x, y, 1) for x, y in points], 9).tolist()


class TestMatrix:
    def test_middle_stays(self):
        assert _go(Change(37, True, True), (20, 10)) == [[20, 10]]

    def test_quarter_turn__counter_clockwise_as_seen(self):
        """The point 5 right of the middle goes 5 above it; what is above goes left."""
        assert _go(Change(90), (25, 10), (20, 5)) == [[20, 5], [15, 10]]

    def test_mirrored_and_flipped(self):
        assert _go(Change(mirrored=True), (0, 3)) == [[40, 3]]
        assert _go(Change(flipped=True), (0, 3)) == [[0, 17]]

    def test_mirrored_before_it_is_turned(self):
        assert _go(Change(90, mirrored=True), (25, 10)) == [[20, 15]]


class TestDrawChange:
    def test_same_again__others_differ(self):
        first = draw_change(0, "a.jpg", 1)
        assert draw_change(0, "a.jpg", 1) == first
        others = [(0, "a.jpg", 2), (0, "b.jpg", 1), (1, "a.jpg", 1)]
        assert first not in [draw_change(*other) for other in others]

    def test_ranges__used_and_kept(self):
        drawn = [draw_change(0, "a", k) for k in range(1, 400)]
        angles = [change.angle for change in drawn]
        assert -180 <= min(angles) < -170
        assert 170 < max(angles) <= 180
        factors = [change.brightness for change in drawn]
        assert 0.7 <= min(factors) < 0.72
        assert 1.28 < max(factors) <= 1.3
        for kind in ("mirrored", "flipped"):
            assert 150 < sum(getattr(change, kind) for change in drawn) < 250


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 18), dtype=np.uint8)


class TestChangePicture:
    def test_flips__exact(self, image):
        np.testing.assert_array_equal(change_picture(image, Change(mirrored=True)), image[:, ::-1])
        np.testing.assert_array_equal(change_picture(image, Change(flipped=True)), image[::-1])

    def test_half_and_quarter_turn__exact(self, image):
        np.testing.assert_array_equal(change_picture(image, Change(180)), image[::-1, ::-1])
        square = np.ascontiguousarray(image[:, :12])
        np.testing.assert_array_equal(change_picture(square, Change(90)), np.rot90(square))

    def test_brightness__rounded_and_cut(self):
        values = np.array([[0, 10, 201, 255]], dtype=np.uint8)
        assert change_picture(values, Change(brightness=1.25)).tolist() == [[0, 12, 251, 255]]
        assert values.tolist() == [[0, 10, 201, 255]]

    def test_border__grey(self):
        white = np.full((20, 20, 3), 255, dtype=np.uint8)
        assert change_picture(white, Change(45, brightness=0.9))[0, 0].tolist() == [114] * 3

    def test_16_bits__kept(self):
        values = np.full((20, 20), 40000, dtype=np.uint16)
        changed = change_picture(values, Change(45, brightness=1.5))
        assert (changed.dtype, changed[10, 10], changed[0, 0]) == (np.uint16, 60000, 114 * 257)


class TestFiles:
    def test_decode__kind_kept(self, image):
        for kind in (image, np.dstack([image] * 3), image.astype(np.uint16) * 200):
            data, ending = encode_picture(kind, ".png")
            assert ending == ".png"
            np.testing.assert_array_equal(decode_picture(data), kind)

    def test_encode__jpeg_of_quality_95_and_no_warning(self, image, capfd):
        encoded = {ending: encode_picture(image, ending)[0] for ending in (".jpg", ".JPEG", ".png", ".bmp")}
        assert (
            encoded[".jpg"]
            == encoded[".JPEG"]
            == cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        )
        assert capfd.readouterr().err == ""

    def test_encode__ending_that_cannot_be_written(self, image):
        data, ending = encode_picture(image, ".heic")
        assert ending == ".png"
        np.testing.assert_array_equal(decode_picture(data), image)

    def test_decode__no_picture(self):
        assert decode_picture(b"") is None
        assert decode_picture(b"text") is None
        floats = cv2.imencode(".tiff", np.zeros((4, 4), dtype=np.float32))[1].tobytes()
        assert decode_picture(floats) is None
