"""Real pictures of a data set as a network's input: read and letterboxed as ``yolo predict`` does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from ultralytics.data.augment import LetterBox

from lidd_yolo.data.pictures.decoding import decode_within
from lidd_yolo.data.readers.data_yaml import YoloSet


def choose_pictures(data: YoloSet, split: str, count: int) -> list[Path]:
    """Return pictures spread evenly over a split, so that every class of a sorted folder is among them.

    Args:
        data: The data set.
        split: ``train``, ``val`` or ``test``.
        count: How many; fewer if the split has no more.

    Raises:
        ValueError: If the split has no pictures, or fewer than one is asked for.
    """
    if count < 1:
        raise ValueError(f"--pictures must be 1 or more, got {count}")
    pictures = data.pictures.get(split, ())
    if not pictures:
        raise ValueError(f"{data.file}: no pictures in {split}")
    step = max(1.0, len(pictures) / count)
    return [pictures[int((i + 0.5) * step)] for i in range(min(count, len(pictures)))]


def read_input(files: Sequence[Path], side: tuple[int, int], channels: int = 3) -> Tensor:
    """Return pictures ``(N, C, height, width)``, RGB 0-1, fitted into ``side`` with a grey border.

    Args:
        files: Pictures.
        side: Height and width in pixels.
        channels: 3, or 1 for a network of grey pictures.

    Raises:
        ValueError: If a file is no picture.
    """
    fit = LetterBox(side, auto=False)
    return torch.from_numpy(np.stack([_fitted(file, fit, channels) for file in files]))


def _fitted(file: Path, fit: LetterBox, channels: int) -> np.ndarray:
    flags = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    pixels, reason = decode_within(file.read_bytes(), flags)
    if pixels is None:
        raise ValueError(f"{file}: {reason}")
    fitted = fit(image=pixels)
    rgb = fitted[..., ::-1] if fitted.ndim == 3 and fitted.shape[2] == 3 else fitted.reshape(*fitted.shape[:2], 1)
    planes: np.ndarray = np.ascontiguousarray(rgb.transpose(2, 0, 1), dtype=np.float32)
    planes /= 255
    return planes
