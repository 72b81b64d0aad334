"""What trainers of Ultralytics do for us: log the leak, order memory, finish the checkpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from ultralytics.data.utils import exif_size
from ultralytics.utils import LOGGER, RANK

from lidd_yolo.data.splits.report import SplitReport, training_list
from lidd_yolo.data.tiles import SMALLEST
from lidd_yolo.files import write_beside
from lidd_yolo.models.checkpoints import load_checkpoint
from lidd_yolo.models.folding import prefer_channels_last
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.options import Options, read_options
from lidd_yolo.models.upstream import unwrapped

SMALL = 8
"""Side of a defect in pixels of the network's input, below which a training warns: one cell of the finest map."""


def log_leak(trainer: Any) -> None:
    """Log the leak of a trainer's data set; a callback for ``on_pretrain_routine_end``, silent if it is unknown."""
    leak = known_leak(trainer.data)
    if leak and RANK in {-1, 0}:
        LOGGER.info(leak_message(leak))


def known_leak(data: Mapping[str, Any]) -> dict[str, float]:
    """Return the share of pictures that share a group with train, for each other split; empty if unknown.

    Args:
        data: Content of the data YAML as Ultralytics checked it: ``lidd data split`` wrote ``leak`` into it, or else
            its ``path`` is the folder of a release that ``lidd data`` converted and ``train`` is still that split, or
            a list of its pictures in that folder.
    """
    try:
        stated = data["leak"] if data.get("leak") is not None else _leak_of_release(data)
        return {str(split): float(share) for split, share in dict(stated).items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _leak_of_release(data: Mapping[str, Any]) -> Mapping[str, float]:
    """Return the leak of a converted release by its ``split.json``; of a list, that of the pictures it names."""
    folder = Path(str(data.get("path", "")))

    def is_own(side: str) -> bool:
        return bool(data.get(side) == str((folder / "images" / side).resolve()))

    if is_own("train"):
        return SplitReport.read(folder).leak
    listed = training_list(folder, data.get("train"))
    return {side: share for side, share in listed.leak().items() if is_own(side)} if listed else {}


def leak_message(leak: Mapping[str, float]) -> str:
    """Return the line to log for a leak, the shares as fractions."""
    if not any(leak.values()):
        return "leak 0.0 %"
    alike = len(set(leak.values())) == 1
    named = leak.items() if not alike else [("", next(iter(leak.values())))]
    shares = ", ".join(f"{split} {_percent(share)}".strip() for split, share in named)
    return f"leak {shares}: this figure measures memory"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def log_small_objects(trainer: Any) -> None:
    """Log how many training objects hold no anchor point; a callback for ``on_pretrain_routine_end``."""
    model = unwrapped(trainer.model)
    labels = _labels(trainer)
    strides = [int(stride) for stride in model.head.stride]
    without, total = objects_without_points(labels, trainer.args.imgsz, strides)
    if without and RANK in {-1, 0}:
        nearest = read_options(model.yaml, Options).candidates == "nearest"
        text = "nearest ones used" if nearest else "some are taught as background (candidates: nearest would not)"
        LOGGER.info(f"{without:,} of {total:,} objects hold no anchor point at imgsz={trainer.args.imgsz}: {text}")


def warn_of_small_defects(trainer: Any) -> None:
    """Log that the median defect is small at the input size, and which tiles would help; as `log_small_objects`."""
    message = small_defects(_labels(trainer), trainer.args.imgsz)
    if message and RANK in {-1, 0}:
        LOGGER.warning(message)


def small_defects(labels: Sequence[Mapping[str, Any]], imgsz: int) -> str:
    """Return the warning if the median defect is under `SMALL` pixels at the input size; empty if it is not.

    The size of a defect is the root of its box's area. ``labels`` as for `objects_without_points`.
    """
    shapes = [shape_of(label) for label in labels]
    sizes = [
        np.sqrt((label["bboxes"][:, 2:] * (width, height)).prod(1))
        for label, (height, width) in zip(labels, shapes, strict=True)
    ]
    own = np.concatenate(sizes) if sizes else np.empty(0)
    if not len(own):
        return ""
    shrunk = [size * imgsz / max(shape) for size, shape in zip(sizes, shapes, strict=True)]
    median = float(np.median(np.concatenate(shrunk)))
    tile = int(imgsz * float(np.median(own)) / SMALL)
    if median >= SMALL:
        return ""
    way_out = f"lidd data tile --tile {tile} would make it {SMALL} px" if tile >= SMALLEST else "use a larger imgsz"
    return f"median defect {median:.2g} px at imgsz={imgsz}: {way_out}"


def _labels(trainer: Any) -> list[Any]:
    """Return Ultralytics' labels of the training pictures."""
    dataset = trainer.train_loader.dataset
    return [label for part in getattr(dataset, "datasets", [dataset]) for label in part.labels]


def objects_without_points(labels: Sequence[Mapping[str, Any]], imgsz: int, strides: Sequence[int]) -> tuple[int, int]:
    """Return how many objects hold no anchor point, and how many there are, in pictures fitted into a square.

    Args:
        labels: Of each picture ``bboxes`` (centre and size as shares, ``(N, 4)``) and what `shape_of` needs.
        imgsz: Side of the square in pixels; a picture lies in its middle.
        strides: Distances of the anchor points of each level in pixels; the first lies half a stride from the border.
    """
    parts = []
    for label in labels:
        height, width = shape_of(label)
        side = np.array([width, height]) * imgsz / max(width, height)
        middle = label["bboxes"][:, :2] * side + (imgsz - side) / 2
        half = label["bboxes"][:, 2:] * side / 2
        parts.append(np.concatenate((middle - half, middle + half), 1))
    boxes = np.concatenate(parts) if parts else np.empty((0, 4))
    holds = np.zeros(len(boxes), dtype=bool)
    for stride in strides:
        first = np.floor(boxes[:, :2] / stride - 0.5) + 1  # the first point behind the near side
        holds |= ((first + 0.5) * stride < boxes[:, 2:]).all(1)
    return int((~holds).sum()), len(boxes)


def shape_of(label: Mapping[str, Any]) -> tuple[int, int]:
    """Return height and width of the picture of one of Ultralytics' labels; ``rect=True`` takes them out of it."""
    if "shape" in label:
        height, width = label["shape"]
    else:
        with Image.open(label["im_file"]) as picture:
            width, height = exif_size(picture)
    return int(height), int(width)


def train_channels_last(trainer: Any) -> None:
    """Lay out the network that is trained: a callback for ``on_train_start``.

    The averaged network, of which checkpoints are made, keeps the usual order. Distributed training keeps it too: its
    buffers were laid out for the gradients before.
    """
    if RANK == -1 and trainer.device.type == "cpu":
        prefer_channels_last(unwrapped(trainer.model))


def finish_checkpoint(file: Path) -> None:
    """Rewrite a checkpoint of ours without LATM; the file is replaced in one step, others are left alone."""
    checkpoint = load_checkpoint(file)
    models = [checkpoint[key] for key in ("model", "ema") if isinstance(checkpoint.get(key), LIDDModel)]
    for model in models:
        share_storage(model.drop_training_branch())
    if models:
        with write_beside(file) as beside:
            torch.save(checkpoint, beside)


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
