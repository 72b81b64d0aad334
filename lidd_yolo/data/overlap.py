"""Which pictures of a data set show the same spot: overlapping crops, found by phase correlation and then checked.

Method: Kuglin and Hines, "The Phase Correlation Image Alignment Method", 1975; Lewis, "Fast Normalized
Cross-Correlation", 1995. Differs from them: local contrast is evened out first, and the search over all pairs sees low
frequencies only. Shifts alone are found, neither turned nor mirrored copies; the time grows with the square of the
number of pictures (1530 of 200x200 pixels: under a minute on two cores).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.progress import progress

Gray = NDArray[np.uint8]
Floats = NDArray[np.float32]
Spectra = NDArray[np.complex64]

MIN_AREA = 0.05
"""Smallest shared area, as a fraction of the smaller picture, that counts as showing the same spot."""
MIN_SIMILARITY = 0.55
"""Smallest correlation of the shared area. On NEU-DET unrelated pairs lie below 0.45 and real ones nearly all above
0.6; between them are the same spot in other light, and parallel scratches that only look like one another."""

_WORK_SIDE = 256  # larger pictures are shrunk, all by one factor: time and memory
_SEARCH_SIDE = 128  # of the spectrum, so many of the lowest frequencies are searched
_CANDIDATES = 20  # pairs looked at closely, per picture
_BATCH = 64  # correlations computed at once: few calls, and they stay in the cache
_SMOOTH = 6.0  # pixels; brightness that varies more slowly than this is lighting
_BAND = 0.18  # cycles per pixel; higher frequencies are mostly compression noise
_TEXTURE = 0.1  # smallest deviation of evened-out texture, about a fifth of a grey level before
_TAPER = 8  # pixels faded out at each edge; more would hide overlaps at the edge


@dataclass(frozen=True)
class Overlap:
    """Two pictures that show the same spot.

    Args:
        first: Index of the one picture.
        second: Index of the other, larger than ``first``.
        dx: Columns by which the spot lies further right in ``second``.
        dy: Rows by which the spot lies further down in ``second``.
        area: Shared area as a fraction of the smaller picture.
        similarity: Normalised cross-correlation of the shared area, at most 1.
    """

    first: int
    second: int
    dx: int
    dy: int
    area: float
    similarity: float


def find_overlaps(
    images: Sequence[Gray], *, min_area: float = MIN_AREA, min_similarity: float = MIN_SIMILARITY
) -> list[Overlap]:
    """Return the pairs of pictures that show the same spot.

    Args:
        images: Grey pictures, each of shape ``(H, W)``; sizes may differ.
        min_area: Smallest shared area that counts, as a fraction of the smaller picture.
        min_similarity: Smallest normalised cross-correlation of the shared area that counts.

    Returns:
        Pairs in order of their indices. Equal pictures without texture, where correlation says nothing, are among them.
    """
    if len(images) < 2:
        return []
    shrink = min(1.0, _WORK_SIDE / max(max(image.shape) for image in images))
    flat = [_even_out(_resized(image, shrink)) for image in images]
    shape = (max(f.shape[0] for f in flat), max(f.shape[1] for f in flat))
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        candidates = _candidates(flat, shape, pool)
        work = pool.map(lambda pair: _compare(flat, pair, shape, min_area), candidates)
        found = [pair for pair in progress(work, len(candidates), "checking likely pairs") if pair is not None]
    pairs = {(p.first, p.second): p for p in found if p.similarity >= min_similarity}
    if shrink < 1:
        pairs = {k: _scaled(p, 1 / shrink) for k, p in pairs.items()}
    return [p for _, p in sorted({**pairs, **_equal(images)}.items())]


def group_overlaps(count: int, overlaps: Sequence[Overlap]) -> list[int]:
    """Return a group number for each of ``count`` pictures; pictures linked by a chain of overlaps share theirs.

    Groups are numbered from 0 in the order of their first picture.
    """
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for pair in overlaps:
        first, second = sorted((root(pair.first), root(pair.second)))
        parent[second] = first
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(index), len(numbers)) for index in range(count)]


def _resized(image: Gray, factor: float) -> Floats:
    """Return the picture as floats, shrunk by ``factor``."""
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return image.astype(np.float32)


def _even_out(image: Floats) -> Floats:
    """Return fine texture alone: without lighting, and at about the same contrast everywhere, shape ``(H, W)``."""
    fine = image - cv2.GaussianBlur(image, (0, 0), _SMOOTH)
    # The 2 grey levels keep compression noise of flat regions from being blown up into texture.
    contrast = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 2 * _SMOOTH)) + 2
    texture: Floats = fine / contrast
    return texture


def _spectrum(texture: Floats, shape: tuple[int, int]) -> Spectra:
    """Return the whitened, band-limited spectrum of the picture padded to ``shape``, shape ``(H, W // 2 + 1)``."""
    padded = np.zeros(shape, dtype=np.float32)
    height, width = texture.shape
    padded[:height, :width] = texture * np.outer(_taper(height), _taper(width))
    spectrum = np.fft.rfft2(padded)
    white: Spectra = (spectrum / (np.abs(spectrum) + 1e-6) * _band(shape)).astype(np.complex64)
    return white


@lru_cache(maxsize=1)
def _band(shape: tuple[int, int]) -> Floats:
    """Return the weight of each frequency of a spectrum, shape ``(H, W // 2 + 1)``."""
    fy, fx = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]
    # Half of the band's weight in the exponent: the other half comes from the partner's spectrum.
    weight: Floats = np.exp(-(fx**2 + fy**2) / (4 * _BAND**2)).astype(np.float32)
    return weight


@lru_cache(maxsize=2)
def _taper(length: int) -> Floats:
    """Return a window of ones that fades out over a few pixels at both ends, shape ``(length,)``."""
    steps = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
    window: Floats = (0.5 - 0.5 * np.cos(np.pi * np.minimum(steps / _TAPER, 1))).astype(np.float32)
    return window


def _low(spectrum: Spectra, shape: tuple[int, int]) -> Spectra:
    """Return the lowest frequencies: the spectrum of the same picture at up to the search size."""
    rows, columns = (min(_SEARCH_SIDE, side) // 2 for side in shape)
    kept: Spectra = np.concatenate([spectrum[:rows], spectrum[-rows:]])[:, : columns + 1]
    return kept


def _candidates(flat: list[Floats], shape: tuple[int, int], pool: ThreadPoolExecutor) -> list[tuple[int, int]]:
    """Return the pairs with the highest correlation peaks, a fixed number per picture."""
    spectra = np.stack(list(pool.map(lambda texture: _low(_spectrum(texture, shape), shape), flat)))
    size = (spectra.shape[1], 2 * (spectra.shape[2] - 1))

    def peaks(index: int) -> Floats:
        parts = []
        for start in range(index + 1, len(spectra), _BATCH):
            waves = np.fft.irfft2(spectra[index].conj() * spectra[start : start + _BATCH], s=size)
            parts.append(waves.max(axis=(1, 2)))
        highest: Floats = np.concatenate(parts).astype(np.float32)
        return highest

    count = len(flat)
    rows = list(progress(pool.map(peaks, range(count - 1)), count - 1, "looking for overlapping pictures"))
    first, second = np.triu_indices(count, 1)
    best = np.argsort(-np.concatenate(rows), kind="stable")[: _CANDIDATES * count]
    return [(int(first[k]), int(second[k])) for k in best]


def _compare(flat: list[Floats], pair: tuple[int, int], shape: tuple[int, int], min_area: float) -> Overlap | None:
    """Return how two pictures overlap at the shift where they agree best, or None if they share too little."""
    a, b = (flat[index] for index in pair)
    wave = np.fft.irfft2(_spectrum(a, shape).conj() * _spectrum(b, shape), s=shape)
    y, x = divmod(int(np.argmax(wave)), shape[1])
    # The correlation is cyclic: a shift of y down and one of (height - y) up have the same peak.
    shifts = [(dx, dy) for dy in (y, y - shape[0]) for dx in (x, x - shape[1])]
    overlaps = [_overlap(a, b, pair, shift) for shift in shifts]
    return max((o for o in overlaps if o.area >= min_area), key=lambda o: o.similarity, default=None)


def _overlap(a: Floats, b: Floats, pair: tuple[int, int], shift: tuple[int, int]) -> Overlap:
    """Return area and similarity of two pictures laid over each other at one shift."""
    dx, dy = shift
    top, bottom = max(0, -dy), min(a.shape[0], b.shape[0] - dy)
    left, right = max(0, -dx), min(a.shape[1], b.shape[1] - dx)
    if top >= bottom or left >= right:
        return Overlap(*pair, dx, dy, 0.0, 0.0)
    mine = a[top:bottom, left:right]
    other = b[top + dy : bottom + dy, left + dx : right + dx]
    mine, other = mine - mine.mean(), other - other.mean()
    deviations = float(mine.std()), float(other.std())
    # Without texture any two places look alike, and what correlates is rounding.
    similarity = float((mine * other).mean()) / math.prod(deviations) if min(deviations) > _TEXTURE else 0.0
    return Overlap(*pair, dx, dy, mine.size / min(a.size, b.size), similarity)


def _scaled(pair: Overlap, factor: float) -> Overlap:
    """Return the overlap with its shift in pixels of the unshrunk pictures."""
    dx, dy = round(pair.dx * factor), round(pair.dy * factor)
    return Overlap(pair.first, pair.second, dx, dy, pair.area, pair.similarity)


def _equal(images: Sequence[Gray]) -> dict[tuple[int, int], Overlap]:
    """Return the pairs of pictures equal in every pixel, each picture with the first of its kind."""
    seen: dict[tuple[tuple[int, ...], bytes], int] = {}
    pairs = {}
    for index, image in enumerate(images):
        first = seen.setdefault((image.shape, image.tobytes()), index)
        if first != index:
            pairs[first, index] = Overlap(first, index, 0, 0, 1.0, 1.0)
    return pairs
