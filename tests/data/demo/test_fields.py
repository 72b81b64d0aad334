"""Random fields, cells and colours of the generated surfaces: strength, direction, scale."""

import numpy as np
import pytest

from lidd_yolo.data.demo import fields


def _rng(seed=0):
    return np.random.default_rng(seed)


def _likeness(field, down, right):
    """Correlation of a field with itself, shifted."""
    size = field.shape[0]
    return np.corrcoef(field[: size - down, : size - right].ravel(), field[down:, right:].ravel())[0, 1]


class TestNoise:
    @pytest.mark.parametrize("length", [1.0, 2.5, 5.0, 12.0])
    @pytest.mark.parametrize("angle", [0.0, 0.7])
    def test_noise__unit_strength(self, length, angle):
        field = fields.noise(_rng(), 224, length, angle=angle)
        assert field.dtype == np.float32
        assert abs(field.mean()) < 0.15
        assert 0.6 < field.std() < 1.3

    def test_noise__longer_is_smoother(self):
        likeness = [_likeness(fields.noise(_rng(), 224, length), 3, 0) for length in (1.5, 4.0, 12.0, 60.0)]
        assert likeness == sorted(likeness)
        assert likeness[0] < 0.2
        assert likeness[-1] > 0.95

    @pytest.mark.parametrize("size", [64, 101, 224])
    def test_noise__very_smooth_field_has_no_jumps(self, size):
        field = fields.noise(_rng(), size, 60.0)
        assert field.shape == (size, size)
        assert max(np.abs(np.diff(field, axis=axis)).max() for axis in (0, 1)) < 0.25

    def test_noise__streaks_run_along_the_angle(self):
        level = fields.noise(_rng(), 224, 80.0, 1.5)
        assert _likeness(level, 0, 8) > 0.8
        assert abs(_likeness(level, 8, 0)) < 0.2
        upright = fields.noise(_rng(), 224, 80.0, 1.5, np.pi / 2)
        assert _likeness(upright, 8, 0) > 0.8
        assert abs(_likeness(upright, 0, 8)) < 0.2
        falling = fields.noise(_rng(), 224, 80.0, 2.5, np.pi / 4)  # y points down
        assert _likeness(falling, 6, 6) > 0.7


class TestFractal:
    def test_fractal__roughness_smooths(self):
        rough, smooth = (fields.fractal(_rng(), 160, (1.5, 40.0), value) for value in (0.0, 1.2))
        assert np.diff(rough, axis=0).std() > 2 * np.diff(smooth, axis=0).std()
        assert 0.5 < rough.std() < 1.4


class TestCells:
    @pytest.mark.parametrize("spacing", [8.0, 30.0])
    def test_cells__size_and_borders(self, spacing):
        labels, border = fields.cells(_rng(), 224, spacing)
        assert labels.min() >= 0
        count = len(np.unique(labels))
        assert 0.6 < count / (224 / spacing) ** 2 < 1.8
        assert border.min() == 0
        assert border.max() < 1.5 * spacing
        flat = border[:, 1:] > 0
        np.testing.assert_array_equal(labels[:, 1:][flat], labels[:, :-1][flat])


class TestCoordinates:
    def test_coordinates__turned(self):
        along, across = fields.coordinates(5, np.pi / 2, (2.0, 1.0))
        assert along[4, 2] == pytest.approx(3, abs=1e-5)  # down
        assert across[1, 4] == pytest.approx(-2, abs=1e-5)
        assert along[1, 2] == across[1, 2] == 0


class TestColour:
    @pytest.mark.parametrize(("hue", "strongest"), [(0.0, 2), (1 / 3, 1), (2 / 3, 0)])
    def test_pigment__hue_in_bgr_keeps_the_mean(self, hue, strongest):
        factors = fields.pigment(_rng(), 0.6, hue)
        assert factors.argmax() == strongest
        assert factors[strongest] == pytest.approx(1.6)
        assert factors.mean() == pytest.approx(1)

    def test_coloured__grey_or_one_hue(self):
        grey = np.linspace(10, 200, 64, dtype=np.float32).reshape(8, 8)
        pictures = [fields.coloured(_rng(seed), grey, 0.5) for seed in range(40)]
        plain = [bool((np.ptp(picture, axis=2) == 0).all()) for picture in pictures]
        assert 5 < sum(plain) < 30
        for picture in pictures:
            np.testing.assert_allclose(picture.mean(axis=2), grey, rtol=1e-4)

    def test_blend__shares(self):
        share = np.array([[0, 0.25], [0.5, 1]], dtype=np.float32)
        mixed = fields.blend(np.zeros(3, np.float32), np.array([40, 80, 120], np.float32), share)
        np.testing.assert_allclose(mixed, share[:, :, None] * [40, 80, 120])

    def test_lit__slope_towards_the_lamp(self):
        ramp = np.tile(np.arange(9, dtype=np.float32), (9, 1))
        assert fields.lit(ramp, 0.0)[4, 4] == pytest.approx(1)
        assert fields.lit(ramp.T.copy(), np.pi / 2)[4, 4] == pytest.approx(1)
        assert fields.lit(ramp, np.pi / 2)[4, 4] == pytest.approx(0, abs=1e-6)
