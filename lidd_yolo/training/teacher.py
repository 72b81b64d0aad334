"""A trained detector that says what it sees in every batch: the teacher of a distillation.

It stands beside the network that is trained, never in it: no checkpoint, average or copy of the network holds it.
Origin: our own; no paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from ultralytics.nn.modules import Detect
from ultralytics.utils import LOGGER, RANK
from ultralytics.utils.tal import make_anchors

from lidd_yolo.errors import InputError
from lidd_yolo.losses.distillation import Level, TeacherOutput
from lidd_yolo.models.upstream import read_network

_GREY = 114 / 255  # what Ultralytics puts beside a picture


class Teacher:
    """A detector of Ultralytics or of ours, with any levels, strides and number of bins; one bin is a plain distance.

    Args:
        file: Checkpoint.
        classes: The student's classes by number.
        channels: Channels of the pictures.
        device: Where the batches lie.

    Raises:
        InputError: If the checkpoint is not of such a detector, or none of its classes has the name of one of ours.
    """

    def __init__(self, file: str | Path, classes: Mapping[int, str], channels: int, device: torch.device) -> None:
        network = read_network(file)
        self.name, self.network = str(file), network
        head = _head(network, self.name)
        if network.yaml.get("channels", 3) != channels:
            raise self._refused(f"takes pictures of {network.yaml.get('channels', 3)} channels, not {channels}")
        theirs = {name: number for number, name in _numbered(network.names).items()}
        common = [(number, theirs[name]) for number, name in classes.items() if name in theirs]
        if not common:
            known = ", ".join(list(theirs)[:5])
            raise self._refused(
                f"knows none of the classes of this data set, but {known}{', ...' if len(theirs) > 5 else ''}"
            )
        self.stride, self.bins = max(int(network.stride.max()), 32), head.reg_max
        self.strides = head.stride.to(device)
        self.ours, self.theirs = (torch.tensor(column, device=device) for column in zip(*common, strict=True))
        if getattr(head, "one2one_cv2", None) is None:  # folding leaves an end-to-end head one point for each object
            network = network.fuse(verbose=False)
        self.network = network.eval().requires_grad_(False).to(device)
        self(torch.zeros(1, channels, self.stride, self.stride, device=device))
        if RANK in {-1, 0}:
            missing = [name for name in classes.values() if name not in theirs]
            without = f", without {', '.join(missing)}" if missing else ""
            LOGGER.info(f"Teacher {self.name}: {len(common)} of {len(classes)} classes{without}")

    @torch.no_grad()
    def __call__(self, images: Tensor) -> TeacherOutput:
        """Return what it sees; pictures are padded where its strides ask for it. ``(B, C, H, W)``, values 0-1."""
        height, width = images.shape[2:]
        padding = (0, -width % self.stride, 0, -height % self.stride)
        out = self.network(F.pad(images, padding, value=_GREY))
        raw = out[1] if isinstance(out, (tuple, list)) else out
        raw = raw.get("one2many", raw) if isinstance(raw, dict) else {}
        if not {"boxes", "scores", "feats"} <= raw.keys():
            raise self._refused("has no head left that predicts several boxes for each object: take it unfused")
        points, strides = make_anchors(raw["feats"], self.strides, 0.5)
        sides = raw["boxes"].float().transpose(1, 2).unflatten(-1, (4, self.bins))
        bins = torch.arange(self.bins, device=sides.device, dtype=sides.dtype)
        return TeacherOutput(
            scores=raw["scores"].float().sigmoid().transpose(1, 2)[..., self.theirs],
            classes=self.ours,
            sides=sides.softmax(-1),
            distances=bins.expand_as(sides) if self.bins > 1 else sides,
            points=(points * strides).float(),
            levels=tuple(
                Level(float(stride), *feat.shape[2:]) for stride, feat in zip(self.strides, raw["feats"], strict=True)
            ),
        )

    def _refused(self, reason: str) -> InputError:
        return _refused(self.name, reason)


def _head(network: Any, name: str) -> Any:
    """Return the head of a detector with distributions of its boxes' sides."""
    if (task := getattr(network, "task", "detect")) != "detect":
        raise _refused(name, f"is a network for task={task}; the student is for task=detect")
    head = network.model[-1] if isinstance(getattr(network, "model", None), torch.nn.Sequential) else None
    if not isinstance(head, Detect):
        raise _refused(name, f"ends in {type(head).__name__}, which does not predict boxes at anchor points")
    return head


def _numbered(names: Any) -> dict[int, str]:
    return dict(names) if isinstance(names, dict) else dict(enumerate(names))


def _refused(name: str, reason: str) -> InputError:
    return InputError(f"lidd_yolo: distill_model={name} {reason}")
