"""What a certificate says, in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def summary_text(content: Mapping[str, Any], asked: Sequence[str], placed: Mapping[str, Path], file: Path) -> str:
    """Return the lines about the formats that were asked for.

    Args:
        content: The certificate.
        asked: Formats of this run.
        placed: Where each format's file lies.
        file: The certificate's file.
    """
    lines = [*_fold_lines(content["fold"])]
    for name in asked:
        if name in content["formats"]:
            lines += _format_lines(name, content["formats"][name], placed.get(name), content["fold"])
    lines.append(f"wrote {file}")
    return "\n".join(lines)


def _fold_lines(fold: Mapping[str, Any]) -> Iterator[str]:
    raw = fold["to_trained"]
    how = f"outputs differ by {raw['difference']:.1e} of their size, limit {fold['limit']:.0e} ({_where(raw)})"
    if fold["passed"]:
        yield f"{'folding':12s}passed: {how}"
        return
    first = fold["first_layer"] or "no single layer"
    yield f"{'folding':12s}FAILED: the folded network departs from the trained one; first layer that differs: {first}"
    yield f"{'':12s}{how}; nothing was exported"


def _format_lines(name: str, entry: Mapping[str, Any], placed: Path | None, fold: Mapping[str, Any]) -> Iterator[str]:
    if entry["passed"]:
        yield f"{name + ' ':12s}passed: {placed} ({entry['precision']}, {entry['delivered']})"
    else:
        yield f"{name + ' ':12s}FAILED: {entry['failures'][0]}"
        yield from (f"{'':12s}{failure}" for failure in entry["failures"][1:])
        if entry["precision"] != "int8":
            yield f"{'':12s}{_who_departs(entry)}"
        yield f"{'':12s}{f'kept for a look as {placed}' if placed else 'nothing was kept'}"
    if entry["cases"]:
        yield from _output_lines(entry)
        yield f"{'':12s}{_detection_line(entry)}"
    if entry["precision"] == "int8":
        yield from (f"{'':12s}{line}" for line in int8_lines(entry))
    if entry["map50_95"]:
        yield f"{'':12s}mAP50-95: {_maps(entry, fold)}"
    yield from (f"{'':12s}not compared: {reason}" for reason in entry["not_compared"])
    yield from (f"{'':12s}note: {note}" for note in entry["notes"])


def _output_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    for side, limit in (("to_folded", "raw"), ("to_trained", "raw_to_trained")):
        worst = entry["worst"][side]
        told = (
            f"{worst['difference']:.1e} {side.replace('to_', 'from the ')} network, limit {entry['limits'][limit]:.0e}"
        )
        yield f"{'':12s}outputs: at most {told} ({worst['case']}, {_where(worst)})"


def _who_departs(entry: Mapping[str, Any]) -> str:
    if not entry["cases"]:
        return "the folded network agrees with the trained one; there is no exported file that runs"
    where = f"; first layer that differs: {entry['first_layer']}" if entry["first_layer"] else ""
    return f"the exported file departs, the folded network does not{where}"


def _detection_line(entry: Mapping[str, Any]) -> str:
    finals = [case["final"] for case in entry["cases"]]
    pairs, alone = sum(f["matched"] for f in finals), sum(f["unmatched"] for f in finals)
    if not pairs and not alone:
        return f"detections: none above {entry['confidence']}, so none were compared; try a smaller --conf"
    least = min(finals, key=lambda f: f["box_iou"])
    masks = f", of masks {min(f['mask_iou'] for f in finals):.4f}" if min(f["mask_iou"] for f in finals) < 1 else ""
    score, swapped = max(f["score"] for f in finals), sum(f["swapped"] for f in finals)
    other = f" ({swapped} by another of two nearly equal anchor points)" if swapped else ""
    return (
        f"detections above {entry['confidence']}: {pairs} pairs{other}, {alone} without a counterpart; "
        f"smallest IoU of boxes {least['box_iou']:.4f} ({least['picture']}){masks}; scores within {score:.1e}"
    )


def _maps(entry: Mapping[str, Any], fold: Mapping[str, Any]) -> str:
    trained, folded = fold["map50_95"]["trained"], fold["map50_95"]["folded"]
    told = (
        f"{kind} {value:.4f} (trained {trained[kind]:.4f}, folded {folded[kind]:.4f})"
        for kind, value in entry["map50_95"].items()
    )
    return f"{', '.join(told)}; difference {entry['map50_95_difference']:.4f}, limit {entry['limits']['map']}"


def _where(worst: Mapping[str, Any]) -> str:
    return f"{worst['output']} in {worst['picture']}"


def int8_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines about calibration, recall and layers in float.

    Args:
        entry: What the certificate says about the format.
    """
    used = entry["calibration"]
    groups = f" of {used['groups']} groups" if used["groups"] is not None else ""
    left = f", {used['left_out']} left out as they are in another split too" if used["left_out"] else ""
    told = f"{used['pictures']} pictures of train{groups}, seed {used['seed']}, {used['sha256'][:12]}{left}"
    yield f"calibrated on {told}"
    if entry["keep_float"]:
        yield f"kept in float: {', '.join(entry['keep_float'])}"
    for key, how in (("recall", "recall"), ("mask_recall", "recall by masks")):
        if entry.get(key):
            limit = f"limit of the loss {entry['limits']['recall']}"
            yield f"{how} above {entry['confidence']}, {limit}: {_pairs(entry[key])}"
    if entry["sensitivity"]:
        errors = sorted(entry["sensitivity"]["errors"].items(), key=lambda pair: pair[1])
        told = ", ".join(f"{name} {error:.3f}" for name, error in errors)
        yield f"error of the outputs {entry['sensitivity']['error']:.3f}; with one group of layers in float: {told}"


def _pairs(recall: Mapping[str, tuple[float, float]]) -> str:
    return ", ".join(f"{name} {trained:.3f} to {exported:.3f}" for name, (trained, exported) in recall.items())
