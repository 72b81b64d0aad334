"""Pictures decoded, changed and encoded."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.enlarge.change import Change, change_picture, decode_picture, encode_picture


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 18), dtype=np.uint8)


class TestChangePicture:
    def test_flips__exact(self, image):
        np.testing.assert_array_equal(change_picture(image, Change(mirrored=True), "constant"), image[:, ::-1])
        np.testing.assert_array_equal(change_picture(image, Change(flipped=True), "constant"), image[::-1])

    def test_half_and_quarter_turn__exact(self, image):
        np.testing.assert_array_equal(change_picture(image, Change(180), "constant"), image[::-1, ::-1])
        square = np.ascontiguousarray(image[:, :12])
        np.testing.assert_array_equal(change_picture(square, Change(90), "constant"), np.rot90(square))

    def test_brightness__rounded_and_cut(self):
        values = np.array([[0, 10, 201, 255]], dtype=np.uint8)
        assert change_picture(values, Change(brightness=1.25), "constant").tolist() == [[0, 12, 251, 255]]
        assert values.tolist() == [[0, 10, 201, 255]]

    def test_border__grey_or_mirrored(self):
        white = np.full((20, 20, 3), 255, dtype=np.uint8)
        assert change_picture(white, Change(45, brightness=0.9), "constant")[0, 0].tolist() == [114] * 3
        assert change_picture(white, Change(45), "reflect").min() == 255

    def test_16_bits__kept(self):
        values = np.full((20, 20), 40000, dtype=np.uint16)
        changed = change_picture(values, Change(45, brightness=1.5), "constant")
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
