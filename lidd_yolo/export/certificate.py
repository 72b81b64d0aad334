"""The parity certificate: one JSON file beside the weights, written, read, checked and put into words here.

It says what was compared and with which limits, the worst case and its picture, hashes and versions. A format that is
certified later joins those certified before. The types of entries below are the keys of the file; older files and other
makes may lack some. Nothing here loads torch: certificates are read where nothing is exported.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from math import inf, isfinite
from pathlib import Path
from typing import Any, Literal, TypedDict

from lidd_yolo.errors import InputError
from lidd_yolo.files import sha256, write_beside
from lidd_yolo.optional import package_version

AS_CERTIFIED, CHANGED, ELSEWHERE = "as certified", "changed since", "not beside the certificate"

Side = Literal["to_folded", "to_trained"]
SIDES: tuple[tuple[Side, str], ...] = (("to_folded", "raw"), ("to_trained", "raw_to_trained"))
"""The two networks that an output is compared with, and the name of each limit."""
RecallKey = Literal["recall", "mask_recall"]
RECALLS: tuple[tuple[RecallKey, str], ...] = (("recall", "recall"), ("mask_recall", "recall by masks"))

_NEEDED = {"weights": ("file", "sha256"), "fold": ("passed",), "formats": ()}
_PACKAGES = (
    "lidd-yolo",
    "ultralytics",
    "torch",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxslim",
    "openvino",
    "ncnn",
    "pnnx",
    "nncf",
)


class DifferenceEntry(TypedDict, total=False):
    """Largest difference of an output as a share of its size, None where there is no bound; ``case`` of a worst one."""

    case: str
    difference: float | None
    output: str
    picture: str


class DetectionsEntry(TypedDict):
    """How well detections agree: pairs, those without a partner, smallest IoU and its picture, largest difference."""

    matched: int
    unmatched: int
    swapped: int
    box_iou: float
    mask_iou: float
    score: float
    picture: str


class CaseEntry(TypedDict):
    """One comparison at one input shape."""

    case: str
    to_folded: DifferenceEntry
    to_trained: DifferenceEntry
    final: DetectionsEntry


class DataEntry(TypedDict):
    """Pictures whose outputs were compared, by name."""

    file: str
    split: str
    pictures: list[str]


class ContextEntry(TypedDict, total=False):
    """What a comparison rests on."""

    data: DataEntry
    confidence: float
    date: str
    machine: str
    system: str
    python: str
    versions: dict[str, str]


class FormatEntry(ContextEntry, total=False):
    """One exported format; calibration, recall and what stayed in float belong to int8."""

    passed: bool
    failures: list[str]
    first_layer: str
    precision: str
    delivered: str
    limits: dict[str, float]
    worst: dict[Side, DifferenceEntry]
    map50_95: dict[str, float] | None
    map50_95_difference: float
    cases: list[CaseEntry]
    not_compared: list[str]
    notes: list[str]
    calibration: dict[str, Any]
    keep_float: list[str]
    recall: dict[str, list[float]]
    mask_recall: dict[str, list[float]]
    sensitivity: dict[str, Any] | None
    files: dict[str, str]


class FoldEntry(ContextEntry, total=False):
    """The folded network beside the trained one; mAP50-95 of both."""

    passed: bool
    limit: float
    first_layer: str
    case: str
    to_folded: DifferenceEntry
    to_trained: DifferenceEntry
    final: DetectionsEntry
    map50_95: dict[str, dict[str, float]]


class WeightsEntry(TypedDict, total=False):
    """The checkpoint."""

    file: str
    sha256: str
    network: str
    task: str
    trained_at: int


@dataclass(frozen=True)
class Certificate:
    """What ``best.parity.json`` says.

    Args:
        weights: The checkpoint.
        fold: Its folded network beside the trained one.
        formats: Format, such as ``onnx`` or ``onnx-int8`` -> what was found out about it.
    """

    weights: WeightsEntry
    fold: FoldEntry
    formats: Mapping[str, FormatEntry]

    @classmethod
    def of(cls, content: Any) -> Certificate:
        """Return the certificate that JSON holds.

        Raises:
            ValueError: If it is none; says what is wrong with it.
        """
        if not isinstance(content, dict):
            raise ValueError("it holds no object")
        for part, keys in _NEEDED.items():
            if not isinstance(content.get(part), dict):
                raise ValueError(f"'{part}' is missing")
            if missing := [key for key in keys if key not in content[part]]:
                raise ValueError(f"'{part}' has no '{missing[0]}'")
        formats = content["formats"]
        if bad := [name for name, entry in formats.items() if not isinstance(entry, dict) or "passed" not in entry]:
            raise ValueError(f"'{bad[0]}' of its formats does not say whether it passed")
        return cls(content["weights"], content["fold"], formats)

    @classmethod
    def read(cls, file: Path) -> Certificate:
        """Read a certificate.

        Args:
            file: ``best.parity.json``.

        Raises:
            InputError: If it is no certificate; names the file and what is wrong with it.
        """
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{file}: {error.strerror or error}") from error
        except ValueError as error:
            raise InputError(f"{file}: no JSON: {error}") from error
        try:
            return cls.of(content)
        except ValueError as error:
            raise InputError(f"{file}: no certificate of lidd export: {error}") from error

    @property
    def passed(self) -> bool:
        """Whether folding and every format passed."""
        return bool(self.fold["passed"] and all(entry["passed"] for entry in self.formats.values()))

    def as_dict(self) -> dict[str, Any]:
        """Return the certificate as JSON can hold it: a difference without bound is None."""
        return {"passed": self.passed, **_finite(asdict(self))}

    def write(self, file: Path) -> None:
        """Write the certificate in one step."""
        with write_beside(file) as beside:
            beside.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")

    def joined_with(self, file: Path) -> Certificate:
        """Return the certificate with what an earlier one of the same weights certified, where that still holds.

        Args:
            file: The earlier one, which need not exist.
        """
        try:
            earlier = Certificate.read(file)
            same = self.fold["passed"] and earlier.weights["sha256"] == self.weights["sha256"]
            kept = {k: v for k, v in earlier.formats.items() if same and v["passed"] and _holds(v, file.parent)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = {}
        return Certificate(self.weights, self.fold, {**kept, **self.formats})

    def file_states(self, folder: Path) -> dict[str, dict[str, tuple[str, str]]]:
        """Return hash and state of every file that the certificate names.

        Args:
            folder: Where the files are looked for.

        Returns:
            ``weights`` or the format -> file -> SHA-256 and `AS_CERTIFIED`, `CHANGED` or `ELSEWHERE`.
        """
        named = {"weights": {self.weights["file"]: self.weights["sha256"]}}
        named |= {name: entry["files"] for name, entry in self.formats.items() if entry.get("files")}
        return {
            part: {name: (digest, _state(folder / name, digest)) for name, digest in files.items()}
            for part, files in named.items()
        }

    def summary(self, names: Sequence[str], placed: Mapping[str, Path]) -> str:
        """Return a few lines for the terminal.

        Args:
            names: The formats that they are about.
            placed: Where each format's file lies, under its own name or as rejected.
        """
        lines = [*_fold_lines(self.fold)]
        for name in names:
            if name in self.formats:
                lines += _format_lines(name, self.formats[name], placed.get(name), self.fold)
        return "\n".join(lines)


def certificate_file(weights: Path) -> Path:
    """Return where the certificate of a checkpoint lies."""
    return weights.with_name(f"{weights.stem}.parity.json")


def file_hashes(path: Path) -> dict[str, str]:
    """Return the SHA-256 of a file, or of each file in a folder, by its place beside the weights."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {f.relative_to(path.parent).as_posix(): sha256(f) for f in files}


def worst_of(cases: Sequence[CaseEntry]) -> dict[Side, DifferenceEntry]:
    """Return the difference of the case that is furthest from each network; nothing without cases."""
    worst: dict[Side, DifferenceEntry] = {}
    for side, _ in SIDES if cases else ():
        case = max(cases, key=lambda c: inf if (apart := c[side]["difference"]) is None else apart)
        worst[side] = {"case": case["case"], **case[side]}
    return worst


def all_detections(finals: Sequence[DetectionsEntry]) -> DetectionsEntry:
    """Return the worst of several comparisons, counts added; the picture is that of the smallest IoU of boxes."""
    return {
        "matched": sum(f["matched"] for f in finals),
        "unmatched": sum(f["unmatched"] for f in finals),
        "swapped": sum(f["swapped"] for f in finals),
        "box_iou": min((f["box_iou"] for f in finals), default=1.0),
        "mask_iou": min((f["mask_iou"] for f in finals), default=1.0),
        "score": max((f["score"] for f in finals), default=0.0),
        "picture": min(finals, key=lambda f: f["box_iou"])["picture"] if finals else "",
    }


def surroundings() -> ContextEntry:
    """Return the date, the machine and the versions of everything that takes part."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := package_version(name))},
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _holds(entry: FormatEntry, folder: Path) -> bool:
    """Tell whether the files of a certified format are still the same."""
    places = {folder / name.split("/")[0] for name in entry["files"]}
    return all(place.exists() for place in places) and entry["files"] == {
        name: digest for place in places for name, digest in file_hashes(place).items()
    }


def _state(path: Path, digest: str) -> str:
    if not path.is_file():
        return ELSEWHERE
    return AS_CERTIFIED if sha256(path) == digest else CHANGED


def _fold_lines(fold: FoldEntry) -> Iterator[str]:
    raw = fold["to_trained"]
    how = f"outputs differ by {raw['difference']:.1e} of their size, limit {fold['limit']:.0e} ({_where(raw)})"
    if fold["passed"]:
        yield f"{'folding':12s}passed: {how}"
        return
    first = fold["first_layer"] or "no single layer"
    yield f"{'folding':12s}FAILED: the folded network departs from the trained one; first layer that differs: {first}"
    yield f"{'':12s}{how}; nothing was exported"


def _format_lines(name: str, entry: FormatEntry, placed: Path | None, fold: FoldEntry) -> Iterator[str]:
    if entry["passed"]:
        yield f"{name + ' ':12s}passed: {placed} ({entry['precision']}, {entry['delivered']})"
    else:
        yield f"{name + ' ':12s}FAILED: {entry['failures'][0]}"
        yield from (f"{'':12s}{failure}" for failure in entry["failures"][1:])
        if entry["precision"] != "int8":
            yield f"{'':12s}{_who_departs(entry)}"
        yield f"{'':12s}{f'kept for a look as {placed}' if placed else 'nothing was kept'}"
    if entry["cases"]:
        yield from (f"{'':12s}{line}" for line in _output_lines(entry))
        yield f"{'':12s}{_detection_line(entry)}"
    if entry["precision"] == "int8":
        yield from (f"{'':12s}{line}" for line in _int8_lines(entry))
    if entry["map50_95"]:
        yield f"{'':12s}mAP50-95: {_maps(entry, entry['map50_95'], fold['map50_95'])}"
    yield from (f"{'':12s}not compared: {reason}" for reason in entry["not_compared"])
    yield from (f"{'':12s}note: {note}" for note in entry["notes"])


def _output_lines(entry: FormatEntry) -> Iterator[str]:
    for side, limit in SIDES:
        worst, network = entry["worst"][side], side.replace("to_", "from the ")
        size = f"{worst['difference']:.1e} {network} network, limit {entry['limits'][limit]:.0e}"
        yield f"outputs: at most {size} ({worst['case']}, {_where(worst)})"


def _who_departs(entry: FormatEntry) -> str:
    if not entry["cases"]:
        return "the folded network agrees with the trained one; there is no exported file that runs"
    where = f"; first layer that differs: {entry['first_layer']}" if entry["first_layer"] else ""
    return f"the exported file departs, the folded network does not{where}"


def _detection_line(entry: FormatEntry) -> str:
    final = all_detections([case["final"] for case in entry["cases"]])
    if not final["matched"] and not final["unmatched"]:
        return f"detections: none above {entry['confidence']}, so none were compared; try a smaller --conf"
    masks = f", of masks {final['mask_iou']:.4f}" if final["mask_iou"] < 1 else ""
    other = f" ({final['swapped']} by another of two nearly equal anchor points)" if final["swapped"] else ""
    return (
        f"detections above {entry['confidence']}: {final['matched']} pairs{other}, {final['unmatched']} without a "
        f"counterpart; smallest IoU of boxes {final['box_iou']:.4f} ({final['picture']}){masks}; "
        f"scores within {final['score']:.1e}"
    )


def _maps(entry: FormatEntry, exported: Mapping[str, float], of_fold: Mapping[str, Mapping[str, float]]) -> str:
    trained, folded = of_fold["trained"], of_fold["folded"]
    maps = (
        f"{kind} {value:.4f} (trained {trained[kind]:.4f}, folded {folded[kind]:.4f})"
        for kind, value in exported.items()
    )
    return f"{', '.join(maps)}; difference {entry['map50_95_difference']:.4f}, limit {entry['limits']['map']}"


def _where(worst: DifferenceEntry) -> str:
    return f"{worst['output']} in {worst['picture']}"


def _int8_lines(entry: FormatEntry) -> Iterator[str]:
    """Yield the lines about calibration, recall and layers in float."""
    used = entry["calibration"]
    groups = f" of {used['groups']} groups" if used["groups"] is not None else ""
    left = f", {used['left_out']} left out as they are in another split too" if used["left_out"] else ""
    choice = f"seed {used['seed']}, {used['sha256'][:12]}{left}"
    yield f"calibrated on {used['pictures']} pictures of train{groups}, {choice}"
    if entry["keep_float"]:
        yield f"kept in float: {', '.join(entry['keep_float'])}"
    for key, how in RECALLS:
        if recall := entry.get(key):
            pairs = ", ".join(f"{name} {trained:.3f} to {exported:.3f}" for name, (trained, exported) in recall.items())
            yield f"{how} above {entry['confidence']}, limit of the loss {entry['limits']['recall']}: {pairs}"
    if sensitivity := entry["sensitivity"]:
        errors = sorted(sensitivity["errors"].items(), key=lambda pair: pair[1])
        groups = ", ".join(f"{name} {error:.3f}" for name, error in errors)
        yield f"error of the outputs {sensitivity['error']:.3f}; with one group of layers in float: {groups}"
