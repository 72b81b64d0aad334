"""Steel-like grey textures: the defect-free backgrounds of the generated data set.

Origin: our own; no paper. Rolling direction is horizontal, see ``synthetic.render`` for the vertical ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Finish:
    """Look of one surface; strengths are standard deviations in grey levels (0-255).

    Attributes:
        brightness: Lowest and highest mean grey level.
        grain: Strength of the streaks along the rolling direction.
        grain_length: Length of these streaks in pixels.
        bands: Strength of the broad stripes along the rolling direction.
        mottle: Strength of the coarse cloudiness.
        speckle: Strength of the fine noise without direction.
    """

    brightness: tuple[float, float]
    grain: float
    grain_length: int
    bands: float
    mottle: float
    speckle: float


FINISHES: dict[str, Finish] = {
    "hot-rolled": Finish((65, 110), grain=5, grain_length=11, bands=2, mottle=4, speckle=7),
    "pickled": Finish((145, 195), grain=4, grain_length=17, bands=2, mottle=2.5, speckle=4),
    "cold-rolled": Finish((125, 180), grain=6, grain_length=61, bands=4, mottle=1.5, speckle=3),
    "ground": Finish((105, 165), grain=10, grain_length=121, bands=3, mottle=1, speckle=2),
    "galvanised": Finish((120, 170), grain=2, grain_length=5, bands=1, mottle=3.5, speckle=6),
}


def smooth_noise(rng: np.random.Generator, size: int, rows: int, columns: int | None = None) -> FloatImage:
    """Return noise ``(size, size)`` of about unit strength, interpolated between the knots of a coarse grid.

    ``columns`` knots lie from left to right; None means as many as ``rows`` from top to bottom.
    """
    grid = rng.standard_normal((rows, columns or rows), dtype=np.float32)
    return np.asarray(cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def steel_texture(rng: np.random.Generator, size: int, finish: str) -> FloatImage:
    """Draw a steel surface without defects: grey levels, about 0-255 and not clipped, shape ``(size, size)``."""
    look = FINISHES[finish]
    texture = rng.uniform(*look.brightness) * _illumination(rng, size)
    texture += look.grain * _grain(rng, size, look.grain_length)
    texture += look.bands * _bands(rng, size)
    texture += look.mottle * (smooth_noise(rng, size, 14, 6) + 0.7 * smooth_noise(rng, size, 50, 24))
    texture += look.speckle * cv2.GaussianBlur(rng.standard_normal((size, size), dtype=np.float32), (3, 3), 0.6) * 2
    return np.asarray(texture, dtype=np.float32)


def _grain(rng: np.random.Generator, size: int, length: int) -> FloatImage:
    """Streaks of unit strength: white noise averaged along the rolling direction."""
    white = rng.standard_normal((size, size + length), dtype=np.float32)  # wider: no mirrored streaks at the border
    streaks = cv2.blur(white, (length, 1))[:, length // 2 : length // 2 + size]
    return np.asarray(streaks * np.sqrt(length), dtype=np.float32)  # the mean of n values is sqrt(n) times weaker


def _bands(rng: np.random.Generator, size: int) -> FloatImage:
    """Broad stripes of about unit strength, constant along the rolling direction, shape ``(size, 1)``."""
    profile = rng.standard_normal((14, 1), dtype=np.float32)
    return np.asarray(cv2.resize(profile, (1, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _illumination(rng: np.random.Generator, size: int) -> FloatImage:
    """Slow brightness factor around 1: a tilted plane and a fall-off from a lamp's centre."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    angle, tilt = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.18)
    lamp_x, lamp_y, falloff = rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6), rng.uniform(0.0, 0.10)
    plane = tilt * (np.cos(angle) * x + np.sin(angle) * y)
    return np.asarray(1 + plane - falloff * ((x - lamp_x) ** 2 + (y - lamp_y) ** 2), dtype=np.float32)
