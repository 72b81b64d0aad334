"""What the page says about an export certificate: a row for each format, failures in words, what it rests on.

Keys that only some formats have (int8: recall of each class, calibration) are shown where they are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lidd_yolo.errors import InputError
from lidd_yolo.export.certificate import (
    CHANGED,
    RECALLS,
    SIDES,
    Agreement,
    CarriedPoint,
    CaseEntry,
    Certificate,
    ContextEntry,
    DifferenceEntry,
    FoldEntry,
    FormatEntry,
    fold_failure,
)
from lidd_yolo.report.certificate_chart import limit_charts
from lidd_yolo.report.charts import Chart
from lidd_yolo.report.markdown import markdown_table

COLUMNS = (
    "precision",
    "outputs from the folded network",
    "outputs from the trained network",
    "detections",
    "smallest IoU of boxes",
    "mAP50-95",
)
Figure = tuple[str, str]
"""A figure, and in small letters what belongs to it."""
_NOTHING = "–"


@dataclass(frozen=True)
class FormatLine:
    """Folding or a format, whether it passed, and a figure for each of `COLUMNS`."""

    name: str
    passed: bool
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class RecallTable:
    """Recall of each class: heading, and class, trained, exported, difference."""

    heading: str
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class CertificateSection:
    """What the template writes of one certificate."""

    title: str
    passed: bool
    lines: tuple[FormatLine, ...]
    failures: dict[str, list[str]]
    changed: list[str]
    notes: list[str]
    recalls: list[RecallTable]
    charts: list[Chart]
    facts: list[tuple[str, str]]
    files: list[tuple[str, str, str]]


def certificate_section(file: Path) -> CertificateSection:
    """Return what is written of one certificate; an InputError says why it cannot be read, or not all of it."""
    certificate = Certificate.read(file)
    try:
        return _section(file, certificate)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{file}: a certificate of another make, not all of it can be read ({reason})") from error


def _section(file: Path, certificate: Certificate) -> CertificateSection:
    weights, fold, formats = certificate.weights, certificate.fold, certificate.formats
    files = [(name, digest[:12], state) for name, digest, state in certificate.file_states(file.parent)]
    failed = {name: list(_reasons(entry)) for name, entry in formats.items() if not entry["passed"]}
    if not fold["passed"]:
        failed = {"folding": [f"{fold_failure(fold)}; nothing was exported"], **failed}
    return CertificateSection(
        title=f"{weights['file']}: {weights.get('network', 'network')}, {weights.get('task', 'task not told')}",
        passed=not failed,
        lines=tuple(_lines(certificate)),
        failures=failed,
        changed=[name for name, _, state in files if state == CHANGED],
        notes=[note for name, entry in formats.items() for note in _notes(name, entry)],
        recalls=[table for name, entry in formats.items() for table in _recalls(name, entry)],
        charts=limit_charts(certificate),
        facts=_facts(certificate),
        files=files,
    )


def _lines(certificate: Certificate) -> Iterator[FormatLine]:
    fold = certificate.fold
    outputs, detections = _apart(fold["to_trained"], fold["limit"]), _detections([fold], "none")
    figures = ("float32", ""), (_NOTHING, ""), outputs, *detections, _map("folded", {}, fold)
    yield FormatLine("folding", fold["passed"], figures)
    yield from (_format_line(name, entry, fold) for name, entry in certificate.formats.items())


def _format_line(name: str, entry: FormatEntry, fold: FoldEntry) -> FormatLine:
    worst, limits, cases = entry.get("worst") or {}, entry.get("limits") or {}, entry.get("cases") or ()
    outputs = [_apart(worst[side], limits[limit]) if side in worst else (_NOTHING, "") for side, limit in SIDES]
    none = f"none above {entry.get('confidence')}" if cases else _NOTHING
    kept = ", ".join(entry.get("keep_float") or ())
    precision = str(entry.get("precision", _NOTHING)) + (f", in float: {kept}" if kept else "")
    figures = (
        (precision, entry.get("delivered", "")),
        *outputs,
        *_detections(cases, none),
        _map("exported", entry.get("map50_95") or {}, fold),
    )
    return FormatLine(name, entry["passed"], figures)


def _apart(worst: DifferenceEntry, limit: float) -> Figure:
    value = worst["difference"]
    if value == 0:
        return f"0 of {limit:.0e}", ""
    case = f", {worst['case']}" if "case" in worst else ""
    size = "no bound" if value is None else f"{value:.1e}"
    return f"{size} of {limit:.0e}", f"{worst['output']} in {worst['picture']}{case}"


def _detections(cases: Sequence[CaseEntry], none: str) -> tuple[Figure, Figure]:
    """Return counts, and the smallest IoU."""
    final = Agreement.of_cases(cases)
    if not final.matched and not final.unmatched:
        return (none, ""), (_NOTHING, "")
    counts = f"{final.matched} matched", f"{final.unmatched} unmatched; scores within {final.score:.1e}"
    if not final.matched:
        return counts, (_NOTHING, "")
    masks = f"; masks {final.mask_iou:.4f}" if final.mask_iou < 1 else ""
    return counts, (f"{final.box_iou:.4f}", f"{final.picture}{masks}")


def _map(which: str, exported: Mapping[str, float], fold: FoldEntry) -> Figure:
    """Return mAP50-95 of one form; those of the networks that it comes from stand beside it."""
    measured = {**(fold.get("map50_95") or {}), "exported": exported}
    if not measured.get(which):
        return _NOTHING, ""
    others = [name for name in ("trained", "folded") if name != which and name in measured]
    return _parts(measured[which]), ", ".join(f"{name} {_parts(measured[name])}" for name in others)


def _parts(measured: Mapping[str, float]) -> str:
    return f"{measured['box']:.4f}" + (f" (masks {measured['mask']:.4f})" if "mask" in measured else "")


def _reasons(entry: FormatEntry) -> Iterator[str]:
    yield from entry.get("failures") or ["no reason told"]
    if entry.get("first_layer"):
        yield f"first layer that differs: {entry['first_layer']}"
    elif entry.get("cases"):
        yield "the exported file departs, the folded network does not; which layer is first cannot be told"


def _notes(name: str, entry: FormatEntry) -> Iterator[str]:
    yield from (f"{name}: {note}" for note in entry.get("notes") or ())
    yield from (f"{name}, not compared: {reason}" for reason in entry.get("not_compared") or ())
    if operating := entry.get("operating"):
        yield f"{name} carries the {CarriedPoint(**operating)}"
    if entry.get("calibration"):
        yield f"{name}, calibration: {_in_words(entry['calibration'])}"


def _in_words(value: Any) -> str:
    """Return what a key of unknown make holds; long lists by their length, hashes short."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_in_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) if len(value) <= 3 else f"{len(value)} entries"
    text = str(value)
    return text[:12] if len(text) == 64 and text.isalnum() else text


def _recalls(name: str, entry: FormatEntry) -> Iterator[RecallTable]:
    for key, how in RECALLS:
        if recall := entry.get(key):
            rows = tuple(
                (class_name, f"{trained:.3f}", f"{exported:.3f}", f"{exported - trained:+.3f}".replace("-", "−"))
                for class_name, (trained, exported) in recall.items()
            )
            yield RecallTable(f"{name}: {how} of each class", rows)


def _facts(certificate: Certificate) -> list[tuple[str, str]]:
    """Return name and content of what the certificate rests on; formats certified at another time are told apart."""
    trained_at = certificate.weights.get("trained_at")
    facts = [] if trained_at is None else [("Trained at", f"{trained_at} px")]
    contexts: dict[tuple[tuple[str, str], ...], list[str]] = {}
    entries: dict[str, ContextEntry] = {"folding": certificate.fold, **certificate.formats}
    for name, entry in entries.items():
        contexts.setdefault(tuple(_surroundings(entry)), []).append(name)
    contexts.pop((), None)
    for context, names in contexts.items():
        whose = f" ({', '.join(names)})" if len(contexts) > 1 else ""
        facts += [(f"{name}{whose}", text) for name, text in context]
    return facts


def _surroundings(entry: ContextEntry) -> Iterator[tuple[str, str]]:
    if data := entry.get("data"):
        yield "Pictures", f"{len(data['pictures'])} of {data['split']} of {data['file']}"
    if "confidence" in entry:
        yield "Detections", f"above a score of {entry['confidence']}"
    if "date" in entry:
        yield "Date", str(entry["date"])
    if "machine" in entry:
        yield "Machine", f"{entry['machine']}, {entry.get('system', '')}, Python {entry.get('python', '')}"
    if entry.get("versions"):
        yield "Versions", ", ".join(f"{name} {version}" for name, version in entry["versions"].items())


def certificate_table(entries: list[dict[str, Any]]) -> str:
    """Return a Markdown table of certificates that ``lidd bench certificate`` put into the ledger."""
    headers = ("certificate", "form", "verdict", *COLUMNS, "largest loss of recall")
    table = markdown_table(headers, (row for entry in entries for row in _rows(entry)))
    return "\n\n".join([table, *map(_basis, entries)]) + "\n"


def _rows(entry: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    certificate = Certificate.of(entry["results"])
    for line in _lines(certificate):
        figures = (text for text, _ in line.figures)
        verdict = "passed" if line.passed else "**failed**"
        yield entry["name"], line.name, verdict, *figures, _lost(certificate.formats.get(line.name, {}))


def _lost(form: FormatEntry) -> str:
    recalls = {**form.get("recall", {}), **{f"masks of {c}": r for c, r in form.get("mask_recall", {}).items()}}
    if not recalls:
        return _NOTHING
    name, (trained, exported) = max(recalls.items(), key=lambda recall: recall[1][0] - recall[1][1])
    return f"{trained - exported:.3f}".replace("-", "−") + f" ({name})"


def _basis(entry: dict[str, Any]) -> str:
    certificate = Certificate.of(entry["results"])
    form = next(iter(certificate.formats.values()), FormatEntry())
    data, versions = form.get("data"), form.get("versions") or {}
    pictures = f"{len(data['pictures'])} pictures of {data['split']} of {data['file']}; " if data else ""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    weights = f"{entry['name']}: weights {certificate.weights['sha256'][:12]}"
    return f"{weights}; {pictures}{entry['machine']['processor']}; {named}."
