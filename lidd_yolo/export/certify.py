"""The whole of ``lidd export``: export a checkpoint to several formats, prove each, keep what passed, certify it.

Nothing lies beside the checkpoint before everything is compared: a run that is killed leaves nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from lidd_yolo.data.readers.data_yaml import YoloSet, read_yolo_set
from lidd_yolo.errors import InputError
from lidd_yolo.export.calibration import choose_calibration
from lidd_yolo.export.certificate import (
    CARRIED,
    CarriedPoint,
    Certificate,
    ContextEntry,
    FoldEntry,
    FormatEntry,
    certificate_file,
    file_hashes,
    surroundings,
)
from lidd_yolo.export.comparison import Checked, Comparer
from lidd_yolo.export.first_layer import first_unfolded_difference
from lidd_yolo.export.float_check import FormatCheck
from lidd_yolo.export.formats import (
    FOLD_LIMIT,
    InputShape,
    Limits,
    Variant,
    check_packages,
    int8_key,
    parse_formats,
    rectangle,
)
from lidd_yolo.export.int8_check import Int8Check
from lidd_yolo.export.int8_layers import parse_keep_float
from lidd_yolo.export.making import checked_arguments, place_export
from lidd_yolo.export.reference import Reference, choose_pictures, load_reference
from lidd_yolo.export.validation import Validation, largest_difference
from lidd_yolo.files import sha256, stage

_AUTO = "auto"
_RETRIES = 2
"""How often ``auto`` makes a file again; each time the search goes on among the layers that are left."""


@dataclass(frozen=True, repr=False)
class Certified:
    """What came out of `certify`.

    Args:
        file: The certificate's file.
        certificate: What it says, also about formats that were certified before.
        formats: What this run was asked for, as the certificate calls it: ``onnx``, ``onnx-int8``.
        files: Format -> where its file lies, under its own name or, rejected, as ``*.failed``.
    """

    file: Path
    certificate: Certificate
    formats: tuple[str, ...]
    files: Mapping[str, Path]

    @property
    def failed(self) -> tuple[str, ...]:
        """What did not pass: ``folding``, in which case nothing was exported, or formats."""
        if not self.certificate.fold["passed"]:
            return ("folding",)
        return tuple(name for name in self.formats if not self.certificate.formats[name]["passed"])

    def __repr__(self) -> str:
        """Return the verdicts, differences and files in a few lines."""
        return f"{self.certificate.summary(self.formats, self.files)}\nwrote {self.file}"


def certify(  # noqa: PLR0913 - each is a word of the command
    weights: Path | str,
    *,
    data: YoloSet | Path | str,
    formats: Sequence[str] = ("onnx",),
    split: str = "val",
    pictures: int = 8,
    conf: float = 0.25,
    imgsz: int | None = None,
    half: bool = False,
    int8: bool = False,
    calibration: int = 128,
    seed: int = 0,
    keep_float: str = "",
    with_map: bool = True,
    operating: CarriedPoint | None = None,
    arguments: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Certified:
    """Export a checkpoint, compare the files with it, keep those that passed and write the certificate beside it.

    Args:
        weights: The checkpoint, such as ``best.pt``.
        data: Data YAML, or what was read of it: the data set whose pictures are compared.
        formats: Some of `FORMATS`.
        split: Of which split.
        pictures: Number of pictures whose outputs are compared.
        conf: Score from which on detections must agree.
        imgsz: Side of the input in pixels; None for that of the operating point, or of the training.
        half: Whether files are to hold float16 numbers.
        int8: Whether files are to hold 8-bit numbers; they are judged by recall and mAP50-95.
        calibration: Number of training pictures on which the number ranges of int8 are measured.
        seed: Of their choice.
        keep_float: Rows of the model, or parts of rows, that int8 leaves in float: ``22,27.joint``; ``auto``: none at
            first, then those that the search for layers names, until the file passes.
        with_map: Whether mAP50-95 is compared.
        operating: Thresholds that the files are to carry, see `lidd_yolo.inspection.operating_file.carried_point`.
        arguments: Further arguments of Ultralytics' export, such as ``{"dynamic": True}``.
        say: Told what is being done, one line at a time.

    Raises:
        InputError: If something cannot be used: a file, an argument, a package that is missing.
    """
    names = parse_formats(",".join(formats))
    check_packages(names, int8=int8)
    if keep_float and not int8:
        raise InputError("--keep-float goes with --int8: without it every layer is in float")
    data = data if isinstance(data, YoloSet) else _read_data(data)
    passed_on = checked_arguments(arguments or {})
    reference = load_reference(Path(weights))
    point = {} if operating is None else {CARRIED: asdict(operating)}
    size = _checked_size(reference, data, imgsz, conf, operating)
    keep: tuple[str, ...] = ()
    if int8:
        _check_int8(half=half, with_map=with_map, split=split)
        keep = parse_keep_float("" if keep_float == _AUTO else keep_float, reference.folded)
        calibration_pictures = choose_calibration(data, calibration, seed)
    files = choose_pictures(data, split, pictures)
    comparer = Comparer(reference, files, conf)
    delivered = Variant(InputShape(size, size, passed_on.pop("batch", 1)), bool(passed_on.pop("dynamic", False)))
    with stage("lidd-export-") as folder:
        say(f"comparing the trained and the folded network on {len(files)} pictures")
        fold = _fold_entry(comparer, delivered)
        results: list[Checked] = []
        if fold["passed"]:
            validation = Validation(data.file, split, size, folder)
            maps: dict[str, dict[str, float]] = {}
            if with_map:
                say(f"measuring mAP50-95 on {split}")
                maps = {"trained": validation.of_trained(reference), "folded": validation.of_folded(reference)}
                fold["map50_95"] = maps
            request = comparer, delivered, folder / "exports", passed_on
            if int8:
                retries = _RETRIES if keep_float == _AUTO else 0
                measured = validation, maps["trained"], validation.recall_of_trained(reference, conf)
                check: FormatCheck | Int8Check = Int8Check(
                    *request, calibration_pictures, keep, retries, *measured, point
                )
            else:
                judge = validation if with_map else None
                check = FormatCheck(*request, half, judge, maps.get("trained", {}), point)
            for name in names:
                say(f"exporting and comparing {name}")
                results.append(check.run(name))
        context: ContextEntry = {
            "data": {"file": data.file.name, "split": split, "pictures": [file.name for file in files]},
            "confidence": conf,
            **surroundings(),
            **cast("ContextEntry", point),
        }
        return _keep(comparer, fold, results, context, tuple(int8_key(name) if int8 else name for name in names))


def _read_data(file: Path | str) -> YoloSet:
    try:
        return read_yolo_set(str(file))
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from error


def _checked_size(
    reference: Reference, data: YoloSet, size: int | None, conf: float, operating: CarriedPoint | None
) -> int:
    """Return the input size, if data set, size, confidence and operating point fit the network."""
    size = size if operating is None else _size_of(operating, reference, size)
    _check_fit(reference, data, size, conf)
    return size or reference.imgsz


def _size_of(operating: CarriedPoint, reference: Reference, size: int | None) -> int:
    if (found := sha256(reference.weights)) != operating.weights_sha256:
        made_for = f"made for other weights ({operating.weights_sha256[:12]}...)"
        raise InputError(f"{operating.file}: {made_for}, not for {reference.weights} ({found[:12]}...)")
    if unlike := set(operating.thresholds) ^ set(reference.names):
        reason = f"its classes are others than those of {reference.weights}: {', '.join(sorted(unlike))}"
        raise InputError(f"{operating.file}: {reason}")
    if size not in {None, operating.imgsz}:
        why = f"the thresholds of {operating.file} were chosen at {operating.imgsz}"
        raise InputError(f"--imgsz {size}: {why}; leave it out, or choose others by `lidd inspect --imgsz {size}`")
    return operating.imgsz


def _check_fit(reference: Reference, data: YoloSet, size: int | None, conf: float) -> None:
    if len(data.names) != len(reference.names):
        numbers = f"{len(data.names)} classes, the network of {reference.weights} {len(reference.names)}"
        raise InputError(f"{data.file} has {numbers}: give the data set that it was trained for")
    if data.channels != reference.channels:
        numbers = f"pictures of {data.channels} channels, the network of {reference.weights} takes {reference.channels}"
        raise InputError(f"{data.file} has {numbers}: give the data set that it was trained for, or correct channels:")
    if size is not None and (size < reference.stride or size % reference.stride):
        raise InputError(f"--imgsz must be a multiple of {reference.stride}, got {size}")
    if (size or reference.imgsz) <= reference.stride:
        why = "the smallest map would be one pixel, which OpenVINO and ncnn cannot pool or make NaN of"
        raise InputError(f"--imgsz must be {2 * reference.stride} or more, got {size or reference.imgsz}: {why}")
    if not 0 < conf < 1:
        raise InputError(f"--conf must lie between 0 and 1, got {conf}")


def _check_int8(*, half: bool, with_map: bool, split: str) -> None:
    if half:
        raise InputError("--int8 and --half: one of them, please")
    if not with_map:
        raise InputError("--int8 with --no-map: a file in int8 is judged by nothing but recall and mAP50-95")
    if split == "train":
        raise InputError("--int8 with --split train: what it is calibrated on cannot judge it; take val or test")


def _fold_entry(comparer: Comparer, delivered: Variant) -> FoldEntry:
    """Compare the folded network with the trained one; name the first layer that folding changed."""
    reference, side = comparer.reference, delivered.made_for.side
    compared = [comparer.fold(size) for size in (side, rectangle(side, reference.stride))]
    limits = Limits(raw=FOLD_LIMIT)
    passed = not any(c.to_trained.beyond(FOLD_LIMIT) or c.final.beyond(limits) for c in compared)
    first = ""
    if not passed:
        picture = comparer.inputs(InputShape(*side))
        first = first_unfolded_difference(reference.trained, reference.folded, picture, FOLD_LIMIT)
    worst = max(compared, key=lambda c: c.to_trained.difference).entry()
    return cast("FoldEntry", {"passed": passed, "limit": FOLD_LIMIT, "first_layer": first, **worst})


def _keep(
    comparer: Comparer, fold: FoldEntry, results: Sequence[Checked], context: ContextEntry, requested: tuple[str, ...]
) -> Certified:
    """Put the exports where they belong, then the certificate beside them."""
    reference, weights = comparer.reference, comparer.reference.weights
    formats: dict[str, FormatEntry] = {}
    placed: dict[str, Path] = {}
    for result in results:
        entry: FormatEntry = {**result.entry(), **context}
        if result.written is not None:
            placed[result.key] = place_export(result.written, weights.parent, passed=entry["passed"])
            entry["files"] = file_hashes(placed[result.key])
        if fold.get("map50_95") and result.map:
            entry["map50_95_difference"] = largest_difference(result.map, fold["map50_95"]["trained"])
        formats[result.key] = entry
    certificate = Certificate(
        {
            "file": weights.name,
            "sha256": sha256(weights),
            "network": type(reference.trained).__name__,
            "task": reference.task,
            "trained_at": reference.imgsz,
        },
        fold if fold["passed"] else {**fold, **context},
        formats,
    ).joined_with(certificate_file(weights))
    certificate.write(certificate_file(weights))
    return Certified(certificate_file(weights), certificate, requested, placed)
