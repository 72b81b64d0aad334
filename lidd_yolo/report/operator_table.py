"""Markdown table of where exported networks spend their time, one runtime after the other. Own work."""

from __future__ import annotations

from typing import Any

Entry = dict[str, Any]

_SMALL = 0.02
"""Share of all below which operators of a type are added to the others."""


def operator_table(entries: list[Entry]) -> str:
    """Return a table for each entry: a row for each type of operator, two columns for each network.

    Args:
        entries: As ``lidd bench operators`` writes them.
    """
    return "\n".join(_table(entry) for entry in entries)


def _table(entry: Entry) -> str:
    results: dict[str, Any] = entry["results"]
    kinds = {kind for found in results.values() for kind in _large(found)}
    order = sorted(kinds, key=lambda kind: -max(_seconds(found, kind) for found in results.values()))
    heads = " | ".join(f"{name}: number | us | share" for name in results)
    rows = [(kind, [_cells(found, found["operators"].get(kind)) for found in results.values()]) for kind in order]
    others = [_added(found, kinds) for found in results.values()]
    rows.append(("others", [_cells(found, other) for found, other in zip(results.values(), others, strict=True)]))
    rows.append(("all operators", [_cells(found, _added(found, set())) for found in results.values()]))
    rows.append(("a call without the profile", [f" | {1e6 * found['whole_s']:.0f} | " for found in results.values()]))
    machine = entry["machine"]
    package = {"onnx": "onnxruntime", "openvino": "openvino"}[entry["runtime"]]
    told = f"{machine['processor']}, 1 thread, {package} {machine['versions'][package]}"
    lines = [
        f"| {entry['runtime']}, {entry['imgsz']} px | {heads} |",
        f"|---|{'---|' * 3 * len(results)}",
        *(f"| {kind} | {' | '.join(cells)} |" for kind, cells in rows),
        "",
        f"{told}; {entry['rounds']} runs.",
    ]
    return "\n".join(lines) + "\n"


def _large(found: dict[str, Any]) -> list[str]:
    least = _SMALL * _added(found, set())["seconds"]
    return [kind for kind, part in found["operators"].items() if part["seconds"] >= least]


def _seconds(found: dict[str, Any], kind: str) -> float:
    return float(found["operators"].get(kind, {"seconds": 0.0})["seconds"])


def _added(found: dict[str, Any], without: set[str]) -> dict[str, float]:
    """Add up the operators of all types but some."""
    small = [part for kind, part in found["operators"].items() if kind not in without]
    return {"count": sum(part["count"] for part in small), "seconds": sum(part["seconds"] for part in small)}


def _cells(found: dict[str, Any], part: dict[str, float] | None) -> str:
    if part is None:
        return "- | - | -"
    return f"{part['count']:.0f} | {1e6 * part['seconds']:.0f} | {_share(part['seconds'], found)}"


def _share(seconds: float, found: dict[str, Any]) -> str:
    return f"{100 * seconds / _added(found, set())['seconds']:.0f} %"
