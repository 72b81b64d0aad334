"""An exported file beside the trained and the folded network, on the same pictures at one input shape.

Outputs are compared number by number, detections after NMS matched one to one. Rounding may move a score across the
threshold: detections are looked for down to half the stated confidence, and only those above it must have a partner.
Rounding also decides which of two anchor points with nearly one score survives NMS; such a pair is counted, but its
boxes are not held to be two readings of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_iou
from ultralytics.utils.ops import process_mask, xywh2xyxy

from lidd_yolo.export.certificate import CaseEntry, DetectionsEntry, DifferenceEntry, FormatEntry, worst_of
from lidd_yolo.export.formats import InputShape, Limits, Variant
from lidd_yolo.export.reference import Reference, read_input, run_network
from lidd_yolo.export.runtimes import Runtime

NMS_IOU = 0.7
MOST = 300
_SAME_OBJECT = 0.5

Parts = Mapping[str, Tensor]
"""Outputs by what they mean, see `Reference.parts`."""


@dataclass(frozen=True)
class Apart:
    """The largest difference of an output.

    Args:
        value: As a share of the output's size, the largest absolute value of it over all pictures.
        part: Which output: ``boxes``, ``scores``, ``coefficients`` or ``prototypes``.
        picture: Number of the picture.
    """

    value: float
    part: str
    picture: int

    def entry(self, files: Sequence[Path]) -> DifferenceEntry:
        """Return the difference as it stands in the certificate."""
        return {"difference": self.value, "output": self.part, "picture": files[self.picture].name}


def furthest_apart(got: Mapping[str, Tensor], want: Mapping[str, Tensor]) -> Apart:
    """Return the worst difference over all outputs and pictures.

    Args:
        got: Outputs by name, pictures along the first axis.
        want: The same of the form that counts as right.

    Returns:
        A value of infinity if a shape differs or a number is missing (NaN).
    """
    return max((_apart(name, got[name], want[name]) for name in want), key=lambda apart: apart.value)


def mean_error(got: Mapping[str, Tensor], want: Mapping[str, Tensor]) -> float:
    """Return the error of all outputs together, to compare forms that all differ by much: root of the mean square.

    Boxes and coefficients count by the score of their anchor point; what lies on the background decides nothing.

    Args:
        got: Outputs by name, pictures along the first axis.
        want: The same of the form that counts as right.

    Returns:
        The mean over the outputs, each as a share of its size; infinity if a shape differs or a number is missing.
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


def _apart(name: str, got: Tensor, want: Tensor) -> Apart:
    if got.shape != want.shape:
        return Apart(inf, name, 0)
    size = want.abs().max().clamp(min=1e-12)
    each = ((got - want).abs().flatten(1).amax(1) / size).nan_to_num(nan=inf, posinf=inf)
    picture = int(each.argmax())
    return Apart(float(each[picture]), name, picture)


@dataclass(frozen=True)
class Compared:
    """What one comparison found.

    Args:
        case: What was compared, in words.
        to_folded: Outputs against those of the folded network.
        to_trained: Outputs against those of the network as it was trained.
        final: Detections against those of the network as it was trained.
        final_picture: Number of the picture where detections agree least.
    """

    case: str
    to_folded: Apart
    to_trained: Apart
    final: Agreement
    final_picture: int

    def entry(self, files: Sequence[Path]) -> CaseEntry:
        """Return the comparison as it stands in the certificate."""
        return {
            "case": self.case,
            "to_folded": self.to_folded.entry(files),
            "to_trained": self.to_trained.entry(files),
            "final": self.final.entry(files[self.final_picture]),
        }


@dataclass
class Checked:
    """What was found out about one exported file.

    Args:
        name: One of `FORMATS`.
        delivered: Shapes of its input.
        limits: How far it may differ.
        half: Whether it holds float16 numbers.
        written: Where it lies; None if the export failed.
        compared: One entry for each shape of each variant.
        left_out: What could not be compared, with the reason.
        notes: What else a user must know.
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

    def entry(self, files: Sequence[Path]) -> FormatEntry:
        """Return what the certificate says about it; hashes are added when its files are placed.

        Args:
            files: The pictures.
        """
        cases = [compared.entry(files) for compared in self.compared]
        return {
            "passed": not self.failures,
            "failures": self.failures,
            "first_layer": self.first_layer,
            "precision": self.precision,
            "delivered": str(self.delivered),
            **self.judged_by(cases),
            "map50_95": self.map,
            "cases": cases,
            "not_compared": self.left_out,
            "notes": self.notes,
        }

    def judged_by(self, cases: Sequence[CaseEntry]) -> FormatEntry:
        """Return the limits, and what stands beside them."""
        limits = {**asdict(self.limits), "raw_to_trained": self.limits.raw_to_trained}
        return {"limits": limits, "worst": worst_of(cases)}


@dataclass(frozen=True)
class _Prepared:
    """The pictures at one size, and what both reference networks make of them."""

    pictures: Tensor
    trained: Parts
    folded: Parts
    detections: Sequence[Detections]


class Comparer:
    """Compares any number of files with one checkpoint; each size of picture is prepared once.

    Args:
        reference: The checkpoint's networks.
        files: Pictures.
        conf: Score from which on detections must agree.
    """

    def __init__(self, reference: Reference, files: Sequence[Path], conf: float) -> None:
        self.reference, self.files, self.conf = reference, files, conf
        self._prepared: dict[tuple[int, int], _Prepared] = {}

    def fold(self, side: tuple[int, int]) -> Compared:
        """Compare the folded network with the trained one."""
        at = self._at(side)
        return self._compared("folded", at.folded, at, side)

    def exported(self, runtime: Runtime, shape: InputShape, case: str) -> Compared:
        """Compare an exported file with both networks.

        Args:
            runtime: Runs the file.
            shape: Size and number of the pictures that it is given at a time.
            case: What is compared, in words.
        """
        at = self._at(shape.side)
        return self._compared(case, self._outputs(runtime, at, shape.batch), at, shape.side)

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
            self._prepared[side] = _Prepared(pictures, trained, folded, self._detections(trained, side))
        return self._prepared[side]

    def _detections(self, parts: Parts, side: tuple[int, int]) -> list[Detections]:
        pictures = range(len(self.files))
        return [detections({k: v[i] for k, v in parts.items()}, side, self.conf / 2) for i in pictures]

    def _compared(self, case: str, got: Parts, at: _Prepared, side: tuple[int, int]) -> Compared:
        to_folded, to_trained = furthest_apart(got, at.folded), furthest_apart(got, at.trained)
        if max(to_folded.value, to_trained.value) == float("inf"):
            return Compared(case, to_folded, to_trained, Agreement(unmatched=len(self.files)), to_trained.picture)
        pairs = zip(self._detections(got, side), at.detections, strict=True)
        final = [agreement(mine, theirs, self.conf) for mine, theirs in pairs]
        worst = min(range(len(final)), key=lambda i: (-final[i].unmatched, final[i].box_iou))
        total = Agreement()
        for each in final:
            total = total.and_with(each)
        return Compared(case, to_folded, to_trained, total, worst)


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


@dataclass(frozen=True)
class Agreement:
    """How well the detections of two forms agree.

    Args:
        matched: Pairs of detections.
        unmatched: Detections above the confidence, of either form, without a partner.
        swapped: Pairs of which NMS kept another anchor point; they do not count for what follows.
        box_iou: Smallest IoU of a pair's boxes.
        mask_iou: Smallest IoU of a pair's masks; 1 without masks.
        score: Largest difference of a pair's scores.
    """

    matched: int = 0
    unmatched: int = 0
    swapped: int = 0
    box_iou: float = 1.0
    mask_iou: float = 1.0
    score: float = 0.0

    def and_with(self, other: Agreement) -> Agreement:
        """Return the worst of both, counts added."""
        return Agreement(
            self.matched + other.matched,
            self.unmatched + other.unmatched,
            self.swapped + other.swapped,
            min(self.box_iou, other.box_iou),
            min(self.mask_iou, other.mask_iou),
            max(self.score, other.score),
        )

    def entry(self, picture: Path) -> DetectionsEntry:
        """Return the agreement as it stands in the certificate, with the picture where it is least."""
        return {
            "matched": self.matched,
            "unmatched": self.unmatched,
            "swapped": self.swapped,
            "box_iou": self.box_iou,
            "mask_iou": self.mask_iou,
            "score": self.score,
            "picture": picture.name,
        }

    def beyond(self, limits: Limits) -> str:
        """Return how detections are out of tolerance, or an empty string."""
        wrong = []
        if self.unmatched > limits.unmatched * self.matched:
            wrong.append(f"{self.unmatched} detections without a counterpart, {self.matched} with one")
        if self.box_iou < limits.box_iou:
            wrong.append(f"boxes agree by an IoU of {self.box_iou:.3f} only, limit {limits.box_iou}")
        if self.mask_iou < limits.mask_iou:
            wrong.append(f"masks agree by an IoU of {self.mask_iou:.3f} only, limit {limits.mask_iou}")
        if self.score > limits.score:
            wrong.append(f"scores differ by {self.score:.3f}, limit {limits.score}")
        return "; ".join(wrong)


def detections(parts: Mapping[str, Tensor], side: tuple[int, int], conf: float) -> Detections:
    """Return the detections in one picture, each anchor point with its best class.

    Args:
        parts: Outputs of one picture by name, without a batch axis: ``boxes`` ``(4, A)``, ``scores`` ``(nc, A)``, and
            for segmentation ``coefficients`` ``(masks, A)`` and ``prototypes`` ``(masks, h, w)``.
        side: Height and width of the input in pixels.
        conf: Smallest score.
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

    Args:
        got: Of one form, down to a smaller score than ``conf``.
        want: Of the other.
        conf: Score from which on a detection must have a partner.
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
    counted = [(i, j) for i, j in pairs if max(float(got.scores[i]), float(want.scores[j])) >= conf]
    result = Agreement(unmatched=alone)
    for i, j in counted:
        if got.anchors[i] == want.anchors[j]:
            score = abs(float(got.scores[i]) - float(want.scores[j]))
            pair = Agreement(1, 0, 0, float(ious[i, j]), _mask_iou(got, want, i, j), score)
        else:
            pair = Agreement(1, 0, 1)
        result = result.and_with(pair)
    return result


def _mask_iou(got: Detections, want: Detections, i: int, j: int) -> float:
    if got.masks is None or want.masks is None:
        return 1.0
    both, either = (got.masks[i] & want.masks[j]).sum(), (got.masks[i] | want.masks[j]).sum()
    return float(both / either) if either else 1.0
