"""Finish a checkpoint after training: without the training-only branch, and in as few bytes as its numbers need."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor, nn

from lidd_yolo.models.lidd import LIDDModel


def finish_checkpoint(file: Path) -> None:
    """Rewrite a checkpoint of ours without LATM; the file is replaced in one step, others are left alone."""
    checkpoint = torch.load(file, map_location="cpu", weights_only=False)
    models = [checkpoint[key] for key in ("model", "ema") if isinstance(checkpoint.get(key), LIDDModel)]
    for model in models:
        share_storage(model.drop_training_branch())
    if models:
        beside = file.with_suffix(".tmp")
        torch.save(checkpoint, beside)
        beside.replace(file)


def share_storage(model: nn.Module) -> None:
    """Lay all tensors of one type into one storage: a file then has a few records instead of one for each tensor.

    A network of 0.6 M parameters has over 700 tensors, and a record costs more than many of them hold.
    """
    tensors: dict[torch.dtype, list[Tensor]] = defaultdict(list)
    for tensor in [*model.parameters(), *model.buffers()]:
        tensors[tensor.dtype].append(tensor)
    for group in tensors.values():
        parts = torch.cat([t.detach().flatten() for t in group]).split([t.numel() for t in group])
        for tensor, part in zip(group, parts, strict=True):
            tensor.data = part.view(tensor.shape)
