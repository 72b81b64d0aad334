"""Export a checkpoint to several formats, prove each of them, keep what passed, and write the certificate.

Nothing lies beside the checkpoint before everything is compared: a run that is killed leaves nothing there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.export.calibration import Calibration, choose_calibration
from lidd_yolo.export.certificate import (
    certificate_file,
    compared_entry,
    file_hashes,
    format_entry,
    int8_entry,
    joined_with,
    surroundings,
)
from lidd_yolo.export.comparison import Compared, Comparer
from lidd_yolo.export.first_layer import first_unfolded_difference
from lidd_yolo.export.float_check import FormatCheck, FormatResult, wrong_detections
from lidd_yolo.export.formats import FOLD_LIMIT, InputShape, Limits, Variant, rectangle
from lidd_yolo.export.int8_check import Int8Check, Int8Result
from lidd_yolo.export.int8_layers import parse_keep_float
from lidd_yolo.export.making import place_export, put_text, set_aside
from lidd_yolo.export.reference import Reference, choose_pictures
from lidd_yolo.export.validation import Validation, largest_difference

_AUTO = "auto"
_RETRIES = 2
"""How often ``auto`` makes a file again; each time the search goes on among the layers that are left."""


@dataclass(frozen=True)
class Int8Request:
    """How files in int8 are to be made.

    Args:
        calibration: Number of training pictures on which number ranges are measured.
        seed: Of their choice.
        keep_float: Rows of the model, or parts of rows, that stay in float: ``22,27.joint``; ``auto``: none at first,
            then those that the search for layers names, until the file passes.
    """

    calibration: int = 128
    seed: int = 0
    keep_float: str = ""


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
        int8: How files in int8 are to be made; None for files of float numbers.
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
    int8: Int8Request | None = None

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
    calibration, keep_float = _int8_choices(reference, request)
    retries = _RETRIES if request.int8 and request.int8.keep_float == _AUTO else 0
    files = choose_pictures(request.data, request.split, request.pictures)
    comparer = Comparer(reference, files, request.conf)
    delivered = request.delivered(reference.imgsz)
    with TemporaryDirectory(prefix="lidd-export-") as stage:
        say(f"comparing the trained and the folded network on {len(files)} pictures")
        fold = _fold_entry(comparer, delivered)
        maps: dict[str, dict[str, float]] = {}
        results: list[FormatResult | Int8Result] = []
        if fold["passed"]:
            validation = _validation(request, delivered, Path(stage))
            if validation:
                say(f"measuring mAP50-95 on {request.split}")
                maps = {"trained": validation.of_trained(reference), "folded": validation.of_folded(reference)}
                fold["map50_95"] = maps
            arguments = {k: v for k, v in request.arguments.items() if k not in {"batch", "dynamic"}}
            begun, trained = (comparer, delivered, Path(stage) / "exports"), maps.get("trained", {})
            checked: FormatCheck | Int8Check
            if validation and calibration:
                recall = validation.recall_of_trained(reference, request.conf)
                checked = Int8Check(*begun, arguments, calibration, keep_float, retries, validation, trained, recall)
            else:
                checked = FormatCheck(*begun, request.half, arguments, validation, trained)
            for name in request.formats:
                say(f"exporting and comparing {name}")
                results.append(checked.run(name))
        return _keep(reference, request, files, fold, _entries(results, request, files, calibration))


def _check(reference: Reference, request: Request) -> None:
    if len(request.data.names) != len(reference.names):
        told = f"{len(request.data.names)} classes, the network of {reference.weights} {len(reference.names)}"
        raise ValueError(f"{request.data.file} has {told}: give the data set that it was trained for")
    size = request.imgsz
    if size is not None and (size < reference.stride or size % reference.stride):
        raise ValueError(f"--imgsz must be a multiple of {reference.stride}, got {size}")
    if (size or reference.imgsz) <= reference.stride:
        why = "the smallest map would be one pixel, which OpenVINO and ncnn cannot pool or make NaN of"
        raise ValueError(f"--imgsz must be {2 * reference.stride} or more, got {size or reference.imgsz}: {why}")
    if not 0 < request.conf < 1:
        raise ValueError(f"--conf must lie between 0 and 1, got {request.conf}")


def _int8_choices(reference: Reference, request: Request) -> tuple[Calibration | None, tuple[str, ...]]:
    """Return the calibration pictures and the rows in float, or None and nothing without int8."""
    if request.int8 is None:
        return None, ()
    if request.half:
        raise ValueError("--int8 and --half: one of them, please")
    if not request.with_map:
        raise ValueError("--int8 with --no-map: a file in int8 is judged by nothing but recall and mAP50-95")
    if request.split == "train":
        raise ValueError("--int8 with --split train: what it is calibrated on cannot judge it; take val or test")
    rows = request.int8.keep_float
    keep = parse_keep_float("" if rows == _AUTO else rows, reference.folded)
    words = tuple(path.removeprefix("model.") for path in keep)
    return choose_calibration(request.data, request.int8.calibration, request.int8.seed), words


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


def _context(request: Request, files: Sequence[Path]) -> dict[str, Any]:
    """Return what a certificate says about every format."""
    data = {"file": request.data.file.name, "split": request.split, "pictures": [f.name for f in files]}
    return {"data": data, "confidence": request.conf, **surroundings()}


def _entries(
    results: Sequence[FormatResult | Int8Result],
    request: Request,
    files: Sequence[Path],
    calibration: Calibration | None,
) -> list[tuple[FormatResult | Int8Result, dict[str, Any]]]:
    """Return each result with what the certificate says about it."""
    context = _context(request, files)
    entries: list[tuple[FormatResult | Int8Result, dict[str, Any]]] = []
    for result in results:
        if isinstance(result, FormatResult):
            entries.append((result, format_entry(result, files, context)))
        elif calibration:
            entries.append((result, int8_entry(result, calibration, context)))
    return entries


def _keep(
    reference: Reference,
    request: Request,
    files: Sequence[Path],
    fold: dict[str, Any],
    entries: Sequence[tuple[FormatResult | Int8Result, dict[str, Any]]],
) -> Certified:
    """Put the exports where they belong, then the certificate beside them."""
    weights = reference.weights
    formats, placed = {}, {}
    for result, entry in entries:
        if result.written is not None:
            put = place_export if entry["passed"] else set_aside
            placed[result.key] = put(result.written, weights.parent)
            entry["files"] = file_hashes(placed[result.key])
        if fold.get("map50_95") and result.map:
            entry["map50_95_difference"] = largest_difference(result.map, fold["map50_95"]["trained"])
        formats[result.key] = entry
    network = {"network": type(reference.trained).__name__, "task": reference.task, "trained_at": reference.imgsz}
    hashed = {"file": weights.name, "sha256": file_hashes(weights)[weights.name], **network}
    content = {
        "weights": hashed,
        "fold": {**fold, **({} if fold["passed"] else _context(request, files))},
        "formats": formats,
    }
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
