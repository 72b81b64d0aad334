"""Export a checkpoint to several formats, prove each of them, keep what passed, and write the certificate.

Own work. Nothing lies beside the checkpoint before everything is compared: a run that is killed leaves nothing there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lidd_yolo.data.yolo_set import YoloSet
from lidd_yolo.export.certificate import (
    certificate_file,
    compared_entry,
    file_hashes,
    format_entry,
    joined_with,
    surroundings,
)
from lidd_yolo.export.comparison import Compared, Comparer
from lidd_yolo.export.first_layer import first_unfolded_difference
from lidd_yolo.export.format_check import FormatCheck, FormatResult, wrong_detections
from lidd_yolo.export.formats import FOLD_LIMIT, Limits
from lidd_yolo.export.input_shapes import InputShape, Variant, rectangle
from lidd_yolo.export.placing import place_export, put_text, set_aside
from lidd_yolo.export.real_pictures import choose_pictures
from lidd_yolo.export.reference import Reference
from lidd_yolo.export.validation import Validation, largest_difference


@dataclass(frozen=True)
class Request:
    """What is to be exported and compared.

    Args:
        formats: Some of `FORMATS`.
        data: Data set whose pictures are used.
        split: Of which split.
        pictures: Number of pictures whose outputs are compared.
        conf: Score from which on detections must agree.
        imgsz: Side of the input in pixels; None for that of the training.
        half: Whether files are to hold float16 numbers.
        with_map: Whether mAP50-95 is compared.
        arguments: Further arguments of Ultralytics' export.
    """

    formats: Sequence[str]
    data: YoloSet
    split: str = "val"
    pictures: int = 8
    conf: float = 0.25
    imgsz: int | None = None
    half: bool = False
    with_map: bool = True
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def delivered(self, trained_at: int) -> Variant:
        """Return the shapes of the file that the user gets."""
        size = self.imgsz or trained_at
        batch = int(self.arguments.get("batch", 1))
        return Variant(InputShape(size, size, batch), dynamic=bool(self.arguments.get("dynamic")))


@dataclass(frozen=True)
class Certified:
    """What came out.

    Args:
        file: The certificate.
        content: What it says.
        placed: Where each format's file lies, under its own name or as rejected.
    """

    file: Path
    content: dict[str, Any]
    placed: Mapping[str, Path]


def certify(reference: Reference, request: Request, say: Callable[[str], None]) -> Certified:
    """Export, compare, keep what passed and write the certificate.

    Args:
        reference: The checkpoint's networks.
        request: What to do.
        say: Told what is being done, one line at a time.

    Raises:
        ValueError: If the request does not fit the checkpoint.
    """
    _check(reference, request)
    files = choose_pictures(request.data, request.split, request.pictures)
    comparer = Comparer(reference, files, request.conf)
    delivered = request.delivered(reference.imgsz)
    with TemporaryDirectory(prefix="lidd-export-") as stage:
        say(f"comparing the trained and the folded network on {len(files)} pictures")
        fold = _fold_entry(comparer, delivered)
        maps: dict[str, dict[str, float]] = {}
        results: list[FormatResult] = []
        if fold["passed"]:
            validation = _validation(request, delivered, Path(stage))
            if validation:
                say(f"measuring mAP50-95 on {request.split}")
                maps = {"trained": validation.of_trained(reference), "folded": validation.of_folded(reference)}
                fold["map50_95"] = maps
            checked = FormatCheck(
                comparer,
                delivered,
                Path(stage) / "exports",
                request.half,
                {k: v for k, v in request.arguments.items() if k not in {"batch", "dynamic"}},
                validation,
                maps.get("trained", {}),
            )
            for name in request.formats:
                say(f"exporting and comparing {name}")
                results.append(checked.run(name))
        return _keep(reference, request, files, fold, results)


def _check(reference: Reference, request: Request) -> None:
    if len(request.data.names) != len(reference.names):
        told = f"{len(request.data.names)} classes, the network of {reference.weights} {len(reference.names)}"
        raise ValueError(f"{request.data.file} has {told}: give the data set that it was trained for")
    size = request.imgsz
    if size is not None and (size < reference.stride or size % reference.stride):
        raise ValueError(f"--imgsz must be a multiple of {reference.stride}, got {size}")
    if not 0 < request.conf < 1:
        raise ValueError(f"--conf must lie between 0 and 1, got {request.conf}")


def _validation(request: Request, delivered: Variant, folder: Path) -> Validation | None:
    if not request.with_map:
        return None
    return Validation(request.data.file, request.split, delivered.made_for.height, folder)


def _fold_entry(comparer: Comparer, delivered: Variant) -> dict[str, Any]:
    """Compare the folded network with the trained one; name the first layer that folding changed."""
    reference, side = comparer.reference, delivered.made_for.side
    compared = [comparer.fold(size) for size in (side, rectangle(side, reference.stride))]
    wrong = [c for c in compared if _fold_is_wrong(c)]
    first = ""
    if wrong:
        picture = comparer.inputs(InputShape(*side))
        first = first_unfolded_difference(reference.trained, reference.folded, picture, FOLD_LIMIT)
    worst = max(compared, key=lambda c: c.to_trained.value)
    return {
        "passed": not wrong,
        "limit": FOLD_LIMIT,
        "first_layer": first,
        **{**compared_entry(worst, comparer.files), "case": "folded against trained"},
    }


def _fold_is_wrong(compared: Compared) -> bool:
    return compared.to_trained.value > FOLD_LIMIT or bool(wrong_detections(compared.final, Limits(raw=FOLD_LIMIT)))


def _keep(
    reference: Reference, request: Request, files: Sequence[Path], fold: dict[str, Any], results: Sequence[FormatResult]
) -> Certified:
    """Put the exports where they belong, then the certificate beside them."""
    weights = reference.weights
    context = {
        "data": {"file": request.data.file.name, "split": request.split, "pictures": [f.name for f in files]},
        "confidence": request.conf,
        **surroundings(),
    }
    formats, placed = {}, {}
    for result in results:
        entry = format_entry(result, files, context)
        if result.written is not None:
            put = place_export if entry["passed"] else set_aside
            placed[result.name] = put(result.written, weights.parent)
            entry["files"] = file_hashes(placed[result.name])
        if fold.get("map50_95") and result.map:
            entry["map50_95_difference"] = largest_difference(result.map, fold["map50_95"]["trained"])
        formats[result.name] = entry
    network = {"network": type(reference.trained).__name__, "task": reference.task, "trained_at": reference.imgsz}
    hashed = {"file": weights.name, "sha256": file_hashes(weights)[weights.name], **network}
    content = {"weights": hashed, "fold": {**fold, **({} if fold["passed"] else context)}, "formats": formats}
    certificate = joined_with(certificate_file(weights), content)
    text = json.dumps(_without_infinities(certificate), indent=1)
    return Certified(put_text(text + "\n", certificate_file(weights)), certificate, placed)


def _without_infinities(value: Any) -> Any:
    """Return a value as JSON can hold it: a difference without bound becomes null."""
    if isinstance(value, dict):
        return {key: _without_infinities(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_infinities(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value
