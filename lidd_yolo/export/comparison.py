"""An exported file beside the trained and the folded network, on the same pictures at one input shape.

Outputs are compared number by number, detections after NMS matched one to one. Rounding may move a score across the
threshold: detections are looked for down to half the stated confidence, and only those above it must have a partner.
Rounding also decides which of two anchor points with nearly one score survives NMS; such a pair is counted, but its
boxes are not held to be two readings of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_iou
from ultralytics.utils.ops import process_mask, xywh2xyxy

from lidd_yolo.export.certificate import SIDES, Agreement, CaseEntry, FormatEntry
from lidd_yolo.export.formats import InputShape, Limits, Variant
from lidd_yolo.export.reference import Reference, read_input, run_network
from lidd_yolo.export.runtimes import Runtime
from lidd_yolo.export.validation import largest_difference

NMS_IOU = 0.7
MOST = 300
_SAME_OBJECT = 0.5

Parts = Mapping[str, Tensor]
"""Outputs by what they mean, see `Reference.parts`."""


@dataclass(frozen=True)
class Apart:
    """The largest difference of an output.

    Args:
        difference: As a share of the output's size, the largest absolute value of it over all pictures.
        output: ``boxes``, ``scores``, ``coefficients`` or ``prototypes``.
        picture: Name of the picture.
    """

    difference: float
    output: str
    picture: str

    def beyond(self, limit: float) -> str:
        """Return how the output is out of tolerance, or an empty string."""
        if self.difference <= limit:
            return ""
        return f"{self.output} differ by {self.difference:.1e} of their size, limit {limit:.0e}"


def furthest_apart(got: Parts, want: Parts, pictures: Sequence[str]) -> Apart:
    """Return the worst difference over all outputs and pictures, see `picture_differences`; ``want`` is right."""
    apart = []
    for name, right in want.items():
        each = picture_differences(got[name], right)
        picture = int(each.argmax())
        apart.append(Apart(float(each[picture]), name, pictures[picture]))
    return max(apart, key=lambda a: a.difference)


def picture_differences(got: Tensor, want: Tensor) -> Tensor:
    """Return the largest difference in each picture as a share of the size of ``want`` over all pictures.

    It is infinite if a shape differs or a number is missing (NaN).
    """
    if got.shape != want.shape:
        return torch.full((1,), inf)
    size = want.abs().max().clamp(min=1e-12)
    return ((got - want).abs().flatten(1).amax(1) / size).nan_to_num(nan=inf, posinf=inf)


def mean_error(got: Parts, want: Parts) -> float:
    """Return the root of the mean square over all outputs, each as a share of its size: for forms that differ by much.

    Boxes and coefficients count by the score of their anchor point; what lies on the background decides nothing. It is
    infinite if a shape differs or a number is missing.
    """
    score = want["scores"].amax(1, keepdim=True)
    errors = []
    for name, right in want.items():
        if got[name].shape != right.shape:
            return inf
        weight = score if name in {"boxes", "coefficients"} else 1.0
        apart, size = ((got[name] - right) * weight).norm(), (right * weight).norm().clamp(min=1e-12)
        errors.append(float((apart / size).nan_to_num(nan=inf, posinf=inf)))
    return sum(errors) / len(errors)


@dataclass(frozen=True)
class Compared:
    """One comparison, in words; raw outputs against those of both networks, detections against the trained one's."""

    case: str
    to_folded: Apart
    to_trained: Apart
    final: Agreement

    def entry(self) -> CaseEntry:
        """Return the comparison as it stands in the certificate."""
        return cast("CaseEntry", asdict(self))

    def beyond(self, limits: Limits) -> Iterator[str]:
        """Yield what is out of tolerance."""
        if outputs := self.to_folded.beyond(limits.raw):
            yield f"{self.case}, beside the folded network: {outputs} ({self.to_folded.picture})"
        if outputs := self.to_trained.beyond(limits.raw_to_trained):
            yield f"{self.case}, beside the trained network: {outputs} ({self.to_trained.picture})"
        if detections := self.final.beyond(limits):
            yield f"{self.case}: {detections} ({self.final.picture})"


@dataclass
class Checked:
    """What was found out about one exported file.

    Args:
        written: Where it lies; None if the export failed.
        compared: One entry for each shape of each variant.
        left_out: What could not be compared, with the reason.
        failures: What is out of tolerance or did not work; empty if the file passed.
        first_layer: Where an ONNX graph begins to depart; empty if it does not, or nobody can tell.
        map: mAP50-95 of the exported file; None if it was not measured.
    """

    name: str
    delivered: Variant
    limits: Limits
    half: bool = False
    written: Path | None = None
    compared: list[Compared] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    first_layer: str = ""
    map: dict[str, float] | None = None

    @property
    def key(self) -> str:
        """What the certificate calls it."""
        return self.name

    @property
    def precision(self) -> str:
        """What its numbers are."""
        return "float16" if self.half else "float32"

    def entry(self) -> FormatEntry:
        """Return what the certificate says about it; hashes are added when its files are placed."""
        return {
            "passed": not self.failures,
            "failures": self.failures,
            "first_layer": self.first_layer,
            "precision": self.precision,
            "delivered": str(self.delivered),
            **self.judged_by(),
            "map50_95": self.map,
            "cases": [compared.entry() for compared in self.compared],
            "not_compared": self.left_out,
            "notes": self.notes,
        }

    def judged_by(self) -> FormatEntry:
        """Return the limits, and what stands beside them."""
        worst: dict[Any, Any] = {}
        for side, _ in SIDES if self.compared else ():
            case = max(self.compared, key=lambda c: getattr(c, side).difference)
            worst[side] = {"case": case.case, **asdict(getattr(case, side))}
        return {"limits": {**asdict(self.limits), "raw_to_trained": self.limits.raw_to_trained}, "worst": worst}

    def judge_map(self, measured: dict[str, float], trained: Mapping[str, float]) -> None:
        """Note mAP50-95, and a failure if it is too far from the trained network's."""
        self.map, difference = measured, largest_difference(measured, trained)
        if not difference <= self.limits.map:
            self.failures.append(f"mAP50-95 differs by {difference:.4f}, limit {self.limits.map}")


@dataclass(frozen=True)
class _Prepared:
    """The pictures at one size, and what both reference networks make of them."""

    side: tuple[int, int]
    pictures: Tensor
    trained: Parts
    folded: Parts
    detections: Sequence[Detections]


class Comparer:
    """Compares any number of files with one checkpoint by some pictures; each size of them is prepared once.

    Detections must agree from the score ``conf`` on.
    """

    def __init__(self, reference: Reference, files: Sequence[Path], conf: float) -> None:
        self.reference, self.files, self.conf = reference, files, conf
        self._prepared: dict[tuple[int, int], _Prepared] = {}

    def fold(self, side: tuple[int, int]) -> Compared:
        """Compare the folded network with the trained one."""
        at = self._at(side)
        return self._compared("folded against trained", at.folded, at)

    def exported(self, runtime: Runtime, shape: InputShape, case: str) -> Compared:
        """Compare an exported file, given pictures of one shape, with both networks; ``case`` says so in words."""
        at = self._at(shape.side)
        return self._compared(case, self._outputs(runtime, at, shape.batch), at)

    def error(self, runtime: Runtime, shape: InputShape) -> float:
        """Return the error of an exported file beside the folded network, see `mean_error`."""
        at = self._at(shape.side)
        return mean_error(self._outputs(runtime, at, shape.batch), at.folded)

    def inputs(self, shape: InputShape) -> Tensor:
        """Return the first batch of pictures at a shape, to look for the first layer that differs."""
        return in_batches(self._at(shape.side).pictures, shape.batch)[0]

    def _outputs(self, runtime: Runtime, at: _Prepared, size: int) -> Parts:
        outputs = [runtime(batch) for batch in in_batches(at.pictures, size)]
        joined = [torch.cat(column)[: len(self.files)] for column in zip(*outputs, strict=True)]
        return self.reference.parts(joined)

    def _at(self, side: tuple[int, int]) -> _Prepared:
        if side not in self._prepared:
            reference = self.reference
            pictures = read_input(self.files, side, reference.channels)
            trained = reference.parts(run_network(reference.trained, pictures))
            folded = reference.parts(run_network(reference.folded, pictures))
            self._prepared[side] = _Prepared(side, pictures, trained, folded, self._detections(trained, side))
        return self._prepared[side]

    def _detections(self, parts: Parts, side: tuple[int, int]) -> list[Detections]:
        pictures = range(len(self.files))
        return [detections({k: v[i] for k, v in parts.items()}, side, self.conf / 2) for i in pictures]

    def _compared(self, case: str, got: Parts, at: _Prepared) -> Compared:
        names = [file.name for file in self.files]
        to_folded, to_trained = furthest_apart(got, at.folded, names), furthest_apart(got, at.trained, names)
        if max(to_folded.difference, to_trained.difference) == inf:
            final = Agreement(unmatched=len(names), picture=to_trained.picture)
            return Compared(case, to_folded, to_trained, final)
        pairs = zip(self._detections(got, at.side), at.detections, names, strict=True)
        each = [replace(agreement(a, b, self.conf), picture=name) for a, b, name in pairs]
        worst = min(each, key=lambda f: (-f.unmatched, f.box_iou))
        return Compared(case, to_folded, to_trained, replace(Agreement.of_all(each), picture=worst.picture))


def in_batches(pictures: Tensor, size: int) -> list[Tensor]:
    """Return pictures in batches of exactly ``size``; the last one is filled up with the first pictures."""
    missing = -len(pictures) % size
    turns = torch.arange(len(pictures) + missing) % len(pictures)
    return list(pictures[turns].split(size))


@dataclass(frozen=True)
class Detections:
    """What one form of a network finds in one picture.

    Args:
        boxes: ``(n, 4)``, xyxy in pixels of the input.
        scores: ``(n,)``, descending.
        classes: ``(n,)``.
        anchors: ``(n,)``, the anchor point that each comes from.
        masks: ``(n, H, W)`` of bool, or None.
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor
    anchors: Tensor
    masks: Tensor | None


def detections(parts: Mapping[str, Tensor], side: tuple[int, int], conf: float) -> Detections:
    """Return the detections above a score in one picture of height and width, each anchor point with its best class.

    ``parts`` are its outputs without a batch axis: ``boxes`` ``(4, A)``, ``scores`` ``(nc, A)``, and for segmentation
    ``coefficients`` ``(masks, A)`` and ``prototypes`` ``(masks, h, w)``.
    """
    scores, classes = parts["scores"].max(0)
    index = (scores > conf).nonzero().flatten()
    boxes = xywh2xyxy(parts["boxes"].T[index])
    kept = batched_nms(boxes, scores[index], classes[index], NMS_IOU)[:MOST]
    boxes, index = boxes[kept], index[kept]
    masks = None
    if "prototypes" in parts and not len(index):
        masks = torch.zeros(0, *side, dtype=torch.bool)
    elif "prototypes" in parts:
        masks = process_mask(parts["prototypes"], parts["coefficients"].T[index], boxes, side, upsample=True).bool()
    return Detections(boxes, scores[index], classes[index], index, masks)


def agreement(got: Detections, want: Detections, conf: float) -> Agreement:
    """Match the detections of two forms in one picture, pairs of the largest IoU first.

    A detection must have a partner from the score ``conf`` on; partners are looked for among smaller scores too.
    """
    ious = box_iou(got.boxes, want.boxes) * (got.classes[:, None] == want.classes[None])
    pairs: list[tuple[int, int]] = []
    free_got, free_want = set(range(len(got.scores))), set(range(len(want.scores)))
    rows, columns = (ious >= _SAME_OBJECT).nonzero(as_tuple=True)
    order = ious[rows, columns].argsort(descending=True, stable=True)
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if i in free_got and j in free_want:
            free_got.remove(i)
            free_want.remove(j)
            pairs.append((i, j))
    alone = sum(float(got.scores[i]) >= conf for i in free_got) + sum(float(want.scores[j]) >= conf for j in free_want)
    pairs = [(i, j) for i, j in pairs if max(float(got.scores[i]), float(want.scores[j])) >= conf]
    return Agreement.of_all(
        [Agreement(unmatched=alone), *(_pair(got, want, i, j, float(ious[i, j])) for i, j in pairs)]
    )


def _pair(got: Detections, want: Detections, i: int, j: int, iou: float) -> Agreement:
    if got.anchors[i] != want.anchors[j]:
        return Agreement(matched=1, swapped=1)
    score = abs(float(got.scores[i]) - float(want.scores[j]))
    return Agreement(matched=1, box_iou=iou, mask_iou=_mask_iou(got, want, i, j), score=score)


def _mask_iou(got: Detections, want: Detections, i: int, j: int) -> float:
    if got.masks is None or want.masks is None:
        return 1.0
    both, either = (got.masks[i] & want.masks[j]).sum(), (got.masks[i] | want.masks[j]).sum()
    return float(both / either) if either else 1.0
