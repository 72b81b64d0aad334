"""Writing on parts: in its place, of its size, and codes that look like codes."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.demo import writing


class TestWrite:
    @pytest.mark.parametrize("angle", [0.0, np.pi / 2, np.pi, 0.5])
    @pytest.mark.parametrize("height", [8.0, 24.0])
    def test_place_and_height(self, angle, height):
        cover = np.zeros((300, 300), dtype=np.uint8)
        writing._write(cover, "HE", np.array([150.0, 150.0]), angle, height, cv2.FONT_HERSHEY_SIMPLEX, bold=False)
        ys, xs = np.nonzero(cover > 100)
        offset = np.stack([xs - 150, ys - 150], axis=1) @ [
            [np.cos(angle), -np.sin(angle)],
            [np.sin(angle), np.cos(angle)],
        ]
        right, down = offset.max(axis=0)
        assert offset.min() > -0.35 * height
        assert 0.7 * height < down < 1.4 * height
        assert 1.0 * height < right < 2.6 * height

    def test_later_letters_do_not_erase(self):
        cover = np.full((60, 60), 200, dtype=np.uint8)
        writing._write(cover, "X", np.array([20.0, 20.0]), 0.0, 15, 0, bold=True)
        assert cover.min() == 200


class TestCodes:
    def test_cells__solid_sides_or_eyes(self):
        kinds = set()
        for seed in range(30):
            cells = writing._code_cells(np.random.default_rng(seed))
            assert cells.shape[0] == cells.shape[1]
            assert 0.25 < cells.mean() < 0.75
            if cells[:, 0].all():
                kinds.add("sides")
                assert cells[-1].all()
                assert (np.diff(cells[0].astype(int)) != 0).all()
            else:
                kinds.add("eyes")
                for eye in (cells[:7, :7], cells[:7, -7:], cells[-7:, :7]):
                    assert eye[0].all()
                    assert eye[3, 3]
                    assert not eye[1, 1:6].any()
        assert kinds == {"sides", "eyes"}


class TestTimeStamp:
    def test_at_the_upper_or_lower_border(self):
        for seed in range(20):
            picture = np.full((160, 160, 3), 100, dtype=np.float32)
            writing.add_time_stamp(np.random.default_rng(seed), picture)
            rows = np.nonzero((picture != 100).any(axis=(1, 2)))[0]
            assert rows.max() < 25 or rows.min() > 135


class TestText:
    def test_varied(self):
        texts = {writing._some_text(np.random.default_rng(seed)) for seed in range(60)}
        assert len(texts) > 40
        assert all(text.isascii() for text in texts)
