"""What an export is compared with: the network as it was trained, and its folded form.

The trained form is run unfolded, which neither ``yolo val`` nor ``yolo predict`` ever does: a mistake in the
folding would otherwise be on both sides of the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from ultralytics import YOLO
from ultralytics.data.augment import LetterBox

from lidd_yolo.data.pictures.decoding import decode_as_training
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.errors import InputError

TASKS = ("detect", "segment")


@dataclass(frozen=True)
class Reference:
    """Both forms of a checkpoint's network, float32, on the CPU: as trained, and after ``fuse()`` as every export is.

    ``imgsz`` is the side of the input at training in pixels, ``stride`` what the sides of an input divide by.
    """

    weights: Path
    trained: Any
    folded: Any
    task: str
    names: tuple[str, ...]
    imgsz: int
    stride: int
    channels: int

    def parts(self, outputs: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the outputs of any form by what they mean; each is compared by itself.

        Boxes are hundreds of pixels and scores at most 1: in one number a wrong score would count for nothing. Outputs
        are ``(B, 4 + nc + masks, A)`` and, for segmentation, prototypes ``(B, masks, h, w)``.

        Raises:
            ValueError: If the shapes are others.
        """
        nc = len(self.names)
        rows, count = outputs[0].shape[1], len(outputs)
        if count != (2 if self.task == "segment" else 1) or (self.task == "detect" and rows != 4 + nc):
            raise ValueError(f"outputs of shapes {[tuple(o.shape) for o in outputs]} are not those of {self.task}")
        parts = {"boxes": outputs[0][:, :4], "scores": outputs[0][:, 4 : 4 + nc]}
        if self.task == "segment":
            parts |= {"coefficients": outputs[0][:, 4 + nc :], "prototypes": outputs[1]}
        return parts


def load_reference(weights: Path) -> Reference:
    """Read a checkpoint.

    Raises:
        InputError: If there is no such file, it is no checkpoint of Ultralytics, or its network has another task or no
            NMS after it.
    """
    if not weights.is_file():
        raise InputError(f"{weights}: no such checkpoint")
    if weights.suffix != ".pt":
        raise InputError(f"{weights}: a checkpoint ends in .pt; an exported file cannot be exported again")
    try:
        model = YOLO(weights)
        network = deepcopy(model.model).float().cpu().eval()
        head = network.model[-1]
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{weights}: not a checkpoint of Ultralytics ({reason})") from error
    if model.task not in TASKS or getattr(network, "end2end", False):
        kind = "an end-to-end network" if model.task in TASKS else f"task={model.task}"
        raise InputError(f"{weights}: {kind}; certificates are for {' and '.join(TASKS)} with NMS after the network")
    head.export = True  # plain tensors as output, as an exported file has
    return Reference(
        weights=weights,
        trained=network,
        folded=deepcopy(network).fuse(verbose=False),
        task=str(model.task),
        names=tuple(network.names[i] for i in sorted(network.names)),
        imgsz=int(network.args["imgsz"]),
        stride=max(32, int(max(network.stride))),
        channels=int(network.yaml.get("channels", 3)),
    )


def run_network(network: Any, batch: Tensor) -> list[Tensor]:
    """Return the outputs of a `Reference`'s network for ``(N, C, H, W)``, one picture at a time."""
    rows = []
    with torch.no_grad():
        for picture in batch.split(1):
            outputs = network(picture)
            rows.append([outputs] if isinstance(outputs, Tensor) else list(outputs))
    return [torch.cat(column) for column in zip(*rows, strict=True)]


def choose_pictures(data: YoloSet, split: str, count: int) -> list[Path]:
    """Return pictures spread evenly over a split, so that every class of a sorted folder is among them.

    Raises:
        InputError: If the split has no pictures, or fewer than one is requested; a split may have less than ``count``.
    """
    if count < 1:
        raise InputError(f"--pictures must be 1 or more, got {count}")
    pictures = data.pictures.get(split, ())
    if not pictures:
        raise InputError(f"{data.file}: no pictures in {split}")
    step = max(1.0, len(pictures) / count)
    return [pictures[int((i + 0.5) * step)] for i in range(min(count, len(pictures)))]


def read_input(files: Sequence[Path], side: tuple[int, int], channels: int = 3) -> Tensor:
    """Return pictures ``(N, C, height, width)``, RGB, grey or of other channels, 0-1, as training reads them.

    They are fitted into height and width with a grey border.

    Raises:
        InputError: If a file is no picture, or has other channels.
    """
    fit = LetterBox(side, auto=False)
    return torch.from_numpy(np.stack([_fitted(file, fit, channels) for file in files]))


def _fitted(file: Path, fit: LetterBox, channels: int) -> np.ndarray:
    pixels, reason = decode_as_training(file.read_bytes(), file.suffix, channels)
    if pixels is None:
        raise InputError(f"{file}: {reason}")
    if pixels.shape[2] != channels:
        raise InputError(f"{file}: it has {pixels.shape[2]} channels, and the network takes {channels}")
    fitted = fit(image=pixels).reshape(*fit.new_shape, channels)
    rgb = fitted[..., ::-1] if channels == 3 else fitted
    planes: np.ndarray = np.ascontiguousarray(rgb.transpose(2, 0, 1), dtype=np.float32)
    planes /= 255
    return planes
