"""Markdown tables of measured speed: predictions in each runtime, folders of pictures, training steps, loading.

Entries of earlier releases, of PyTorch and batch 1 alone, have neither runtime, batch nor quartiles.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lidd_yolo.report.figures import RUNTIME_NAMES

Entry = dict[str, Any]


def ratio_table(entries: list[Entry]) -> str:
    """Return a Markdown table of how long a prediction takes beside the reference network's, all runtimes in a row.

    Only networks as a user runs them; other forms of them and times stand in `latency_table`.
    """
    lines = [
        f"| network | beside | side in px | batch | threads | {' | '.join(RUNTIME_NAMES.values())} |",
        f"|---|---|---|---|---|{'---|' * len(RUNTIME_NAMES)}",
    ]
    rows: dict[tuple[Any, ...], dict[str, str]] = {}
    for entry in sorted(entries, key=_setting):
        for name, found in entry["results"].items():
            if name != entry["reference"] and "," not in name:
                row = rows.setdefault((name, entry["reference"], *_setting(entry)), {})
                row[entry.get("runtime", "pytorch")] = (
                    f"{found['ratio']:.2f} ({_from_to(found.get('ratio_quartiles'))})"
                )
    for key, found in sorted(rows.items()):
        lines.append(f"| {' | '.join(map(str, key))} | {' | '.join(found.get(name, '-') for name in RUNTIME_NAMES)} |")
    return "\n".join([*lines, "", f"Median of the ratios (quartiles). {_basis(entries)}"]) + "\n"


def latency_table(entries: list[Entry]) -> str:
    """Return a Markdown table of the times of a prediction and their ratios to the reference network's."""
    entries = sorted(entries, key=_setting)
    rows = _newer_rows(entries) if any("runtime" in entry for entry in entries) else _older_rows(entries)
    return "\n".join([*rows, "", _basis(entries)]) + "\n"


def predict_table(entries: list[Entry]) -> str:
    """Return a Markdown table of ``YOLO.predict`` on a folder: decoding, network and NMS."""
    lines = [
        "| network | side in px | threads | pictures per s | time x reference | quartiles | first picture in s "
        "| peak memory in MiB | above the packages | detections per picture |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in sorted(entries, key=_setting):
        for name, found in entry["results"].items():
            speed = f"{found['pictures_per_s']:.1f} | {found['ratio']:.2f} | {_from_to(found['ratio_quartiles'])}"
            memory = f"{found['start']['median_s']:.1f} | {found['peak_mib']:.0f} | {found['grown_mib']:.0f}"
            setting = f"{entry['imgsz']} | {entry['machine']['threads']}"
            lines.append(f"| {name} | {setting} | {speed} | {memory} | {found['detections']:.1f} |")
    return "\n".join([*lines, "", _basis(entries)]) + "\n"


def step_table(entries: list[Entry]) -> str:
    """Return a Markdown table of step times, their ratios to the reference's and, where measured, the memory."""
    if not any("device" in entry for entry in entries):
        return _older_steps(entries)
    lines = [
        "| network | side in px | batch | device | median step in s | x reference | quartiles | memory in MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for entry in sorted(entries, key=_setting):
        setting = f"{entry['imgsz']} | {entry['batch']} | {_device(entry)}"
        for name, found in entry["results"].items():
            ratio = f"{found['ratio']:.2f} | {_from_to(found.get('ratio_quartiles'))}"
            memory = f"{found['peak_mib']:.0f}" if "peak_mib" in found else "-"
            lines.append(f"| {name} | {setting} | {found['median_s']:.3f} | {ratio} | {memory} |")
    return "\n".join([*lines, "", _basis(entries)]) + "\n"


def loading_table(entries: list[Entry]) -> str:
    """Return a Markdown table of how much of a training goes by waiting for pictures."""
    lines = [
        "| network | data | side in px | batch | device | loader processes | step in s | wait for its pictures in s "
        "| share of waiting |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in sorted(entries, key=_setting):
        setting = f"{Path(entry['data']).stem} | {entry['imgsz']} | {entry['batch']} | {_device(entry)}"
        for name, found in entry["results"].items():
            times = f"{found['step_s']:.3f} | {found['wait_s']:.3f} | {100 * found['waiting']:.0f} %"
            lines.append(f"| {name} | {setting} | {found['workers']} | {times} |")
    return "\n".join([*lines, "", _basis(entries)]) + "\n"


def _older_steps(entries: list[Entry]) -> str:
    lines = ["| network | median step in s | x YOLOv8n |", "|---|---|---|"]
    for entry in entries:
        for name, figures in entry["results"].items():
            lines.append(f"| {name} | {figures['median_s']:.3f} | {figures['ratio']:.2f} |")
        machine = entry["machine"]
        lines += ["", f"{machine['processor']}, {machine['threads']} thread(s), torch {machine['versions']['torch']}."]
    return "\n".join(lines) + "\n"


def _older_rows(entries: list[Entry]) -> list[str]:
    lines = ["| network | side in px | threads | median in ms | x reference |", "|---|---|---|---|---|"]
    for entry in entries:
        setting = f"{entry['imgsz']} | {entry['machine']['threads']}"
        for name, figures in entry["results"].items():
            lines.append(f"| {name} | {setting} | {1e3 * figures['median_s']:.1f} | {figures['ratio']:.2f} |")
    return lines


def _newer_rows(entries: list[Entry]) -> list[str]:
    lines = [
        "| network | runtime | side in px | batch | threads | ms per picture | quartiles | x reference | quartiles |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in entries:
        batch = entry.get("batch", 1)
        setting = f"{entry.get('runtime', 'pytorch')} | {entry['imgsz']} | {batch} | {entry['machine']['threads']}"
        for name, found in entry["results"].items():
            spread = found.get("quartiles_s")
            times = f"{1e3 * found['median_s'] / batch:.2f} | {_from_to(spread, 1e3 / batch)}"
            ratio = f"{found['ratio']:.2f} | {_from_to(found.get('ratio_quartiles'))}"
            lines.append(f"| {name} | {setting} | {times} | {ratio} |")
    return lines


def _setting(entry: Entry) -> tuple[int, int, int]:
    """Return what the rows are ordered by: side, pictures at a time, threads; equal ones stay in the order of names."""
    return entry["imgsz"], entry.get("batch", 1), entry["machine"].get("threads", 1)


def _from_to(ends: list[float] | None, factor: float = 1.0) -> str:
    return f"{factor * ends[0]:.2f} to {factor * ends[1]:.2f}" if ends else "-"


def _device(entry: Entry) -> str:
    if entry.get("device", "cpu") != "cpu":
        return str(entry["machine"].get("gpu", entry["device"]))
    return f"CPU, {entry['machine']['threads']} thread(s)"


def _basis(entries: list[Entry]) -> str:
    """Say what the ratios are to and where the times were measured."""
    packages = {"torch"} | {"onnxruntime" for e in entries if e.get("runtime") == "onnx"}
    packages |= {"openvino" for e in entries if e.get("runtime") == "openvino"}
    machines = set()
    for entry in entries:
        versions = entry["machine"]["versions"]
        told = ", ".join(f"{package} {versions[package]}" for package in sorted(packages) if package in versions)
        machines.add(f"{entry['machine']['processor']}, {told}")
    references = {entry["reference"] for entry in entries if "reference" in entry}
    beside = f"Reference: {', '.join(sorted(references))}. " if references else ""
    return f"{beside}{'; '.join(sorted(machines))}."


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
