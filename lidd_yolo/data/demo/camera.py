"""The camera that generated pictures are taken with: light, optics, sensor, tone and JPEG.

Origin: our own; no paper. Every strength is chosen so that a faint defect usually survives.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.fields import log_uniform
from lidd_yolo.data.demo.generated import encode_jpeg
from lidd_yolo.data.demo.painting import ColourImage
from lidd_yolo.data.demo.textures import FloatImage

QUALITIES = (70, 97)
"""Lowest and highest quality of the JPEG files."""

_LIGHT_KNOTS = 12  # light changes slowly: computed on a coarse grid and enlarged


def expose(rng: np.random.Generator, picture: ColourImage) -> npt.NDArray[np.uint8]:
    """Take a picture: uneven light, blur, tone, colour or grey, noise, rounding to 8 bit.

    About half of the pictures are grey, with three equal channels.

    Args:
        rng: Decides all of it.
        picture: BGR, about 0 to 255, shape ``(size, size, 3)``; not changed.

    Returns:
        BGR, shape ``(size, size, 3)``.
    """
    size = picture.shape[0]
    seen: npt.NDArray[np.float32] = picture * _light(rng, size)[..., None]
    seen = _grey(rng, seen) if rng.random() < 0.5 else _tint(rng, seen)
    seen = _blur(rng, seen)
    if rng.random() < 0.12:
        seen = _resample(rng, seen)
    seen = _noise(rng, _tone(rng, seen))
    image = cv2.convertScaleAbs(np.clip(seen, 0, 255))  # rounds
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image, dtype=np.uint8)


def encode(image: npt.NDArray[np.uint8], quality: int) -> bytes:
    """Return the picture ``(size, size, 3)`` as a JPEG file; one of three equal channels becomes a grey file.

    Raises:
        OSError: If OpenCV cannot encode it.
    """
    if (image == image[..., :1]).all():
        image = image[..., 0]
    return encode_jpeg(image, quality)


def _light(rng: np.random.Generator, size: int) -> FloatImage:
    """Brightness factor around 1: a tilted plane, the lens's fall-off to the corners, sometimes a lamp's spot."""
    axis = np.linspace(-1, 1, _LIGHT_KNOTS, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    angle, tilt = rng.uniform(0, 2 * np.pi), min(abs(rng.normal(0, 0.12)), 0.3)
    light = 1 + tilt * (np.cos(angle) * x + np.sin(angle) * y)
    if rng.random() < 0.5:
        light = light * (1 - rng.uniform(0.02, 0.22) * (x**2 + y**2))
    if rng.random() < 0.18:
        place, width = rng.uniform(-0.9, 0.9, 2), rng.uniform(0.25, 0.8, 2)
        spot = np.exp(-(((x - place[0]) / width[0]) ** 2) - ((y - place[1]) / width[1]) ** 2)
        light = light + rng.uniform(0.1, 0.5) * spot
    return np.asarray(cv2.resize(light.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC))


def _grey(rng: np.random.Generator, picture: ColourImage) -> FloatImage:
    """Return what a sensor without colours sees, each time of other sensitivity, shape ``(size, size)``."""
    weights = rng.dirichlet([2.0, 5.0, 4.0]).astype(np.float32)
    return np.asarray(cv2.transform(picture, weights[None]), dtype=np.float32)


def _tint(rng: np.random.Generator, picture: ColourImage) -> ColourImage:
    """Return the picture in more or less saturated colours and with a cast."""
    saturation = rng.uniform(0.5, 1.25)
    grey = (1 - saturation) * np.array([0.114, 0.587, 0.299])
    mix = saturation * np.eye(3) + grey[None, :]
    cast = np.exp(rng.normal(0, 0.05, 3))
    return np.asarray(cv2.transform(picture, (cast[:, None] * mix).astype(np.float32)), dtype=np.float32)


def _blur(rng: np.random.Generator, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the picture through a lens: nearly sharp, rarely out of focus or moved."""
    chance = rng.random()
    if chance < 0.05:
        kernel = _line_kernel(rng.uniform(2, 5), rng.uniform(0, np.pi))
    elif chance < 0.10:
        kernel = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3) if chance < 0.08 else (5, 5)))
    else:
        sigma = log_uniform(rng, 0.3, 0.9)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float32) if sigma > 0.35 else picture
    kernel = kernel.astype(np.float32) / kernel.sum()
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def _line_kernel(length: float, angle: float) -> npt.NDArray[np.uint8]:
    """Return a line through the middle of a square of odd side, 0 to 255."""
    half = int(np.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), dtype=np.uint8)
    end = np.round(16 * (half + length / 2 * np.array([[-1], [1]]) * [np.cos(angle), np.sin(angle)])).astype(np.int32)
    cv2.polylines(kernel, [end], False, 255, 1, cv2.LINE_AA, 4)
    return kernel


def _resample(rng: np.random.Generator, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the picture made smaller and as large as before."""
    size = picture.shape[0]
    less = max(2, round(size * rng.uniform(0.55, 0.9)))
    small = cv2.resize(picture, (less, less), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (size, size), interpolation=way), dtype=np.float32)


def _tone(rng: np.random.Generator, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the picture with other brightness, contrast and gamma; its mean stays where both ends have room."""
    mean = float(picture.mean())
    target = float(np.clip(mean + rng.normal(0, 22), 30, 225))
    contrast = float(np.clip(np.exp(rng.normal(0.05, 0.16)), 0.75, 1.45))
    toned = contrast * (picture - np.float32(mean)) + np.float32(target)
    if rng.random() < 0.4:
        gamma = log_uniform(rng, 0.75, 1.35)
        curve = 255 * np.linspace(0, 1, 1024, dtype=np.float32) ** np.float32(gamma)
        steps = np.clip(toned * np.float32(1023 / 255), 0, 1023).astype(np.uint16)
        toned = curve[steps]
    return np.asarray(toned, dtype=np.float32)


def _noise(rng: np.random.Generator, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the picture with the sensor's noise: of electronics, of light, in few cases of the columns' amplifiers."""
    read = np.float32(log_uniform(rng, 0.4, 3.0))
    shot = np.float32(log_uniform(rng, 0.02, 0.3))  # grey levels: a white pixel's deviation is 5 at most
    strength = np.sqrt(read**2 + shot**2 * np.clip(picture, 0, 255))
    noisy = picture + strength * rng.standard_normal(picture.shape, dtype=np.float32)
    if rng.random() < 0.08:
        columns = np.float32(rng.uniform(0.4, 1.6)) * rng.standard_normal(picture.shape[1], dtype=np.float32)
        noisy += columns.reshape((1, -1) + (1,) * (picture.ndim - 2))
    return np.asarray(noisy, dtype=np.float32)
