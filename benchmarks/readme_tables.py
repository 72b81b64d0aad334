"""Write the tables of README and docs from the ledger: between two marker comments stands what the JSONs say.

For those who change the pages, beside the Makefile and not in the wheel: ``python benchmarks/readme_tables.py README.md
docs/*.md``, or ``make tables``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lidd_yolo.report.blocks import Entry
from lidd_yolo.report.certificates import certificate_table
from lidd_yolo.report.figures import RUNTIME_NAMES
from lidd_yolo.report.markdown import differences_markdown, markdown_table, splits_markdown
from lidd_yolo.results.ledger import LEDGER, read_ledger
from lidd_yolo.results.plan_file import read_printed

_PRINTED_ON = {"neu-det": ("lidd-table3", "lidd-table2"), "aluminium-sheet": ("lidd-table4",)}
_OTHER_PICTURES = frozenset({"aluminium-sheet"})  # the paper's are not published


def result_table(entries: list[Entry]) -> str:
    """Return a Markdown table: a line for each run, measured beside printed figures, and what they rest on."""
    figures = [f"{split} {name}" for split in ("val", "test") for name in ("mAP50", "mAP50-95")]
    table = markdown_table(["run", "network", "parameters", "epochs", *figures, "paper"], map(_row, entries))
    return "\n".join([table, "", *_footnotes(entries)]) + "\n"


def _row(entry: Entry) -> list[str]:
    results = entry["results"]
    parts = [(results.get(split, {}), key) for split in ("val", "test") for key in ("map50", "map")]
    figures = [f"{part[key]:.3f}" if key in part else "-" for part, key in parts]
    dataset = Path(entry["data"].get("dataset", entry["data"]["yaml"])).stem
    printed = _printed(*_PRINTED_ON.get(dataset, ())).get(entry["model"])
    paper = "{map50:.3f} / {map:.3f}, {millions:g} M".format(**printed) if printed else "-"
    paper += " (other pictures)" if printed and dataset in _OTHER_PICTURES else ""
    size = _millions(entry)
    recipe = entry.get("recipe", "own")
    network = entry["model"] + ("" if recipe == "own" else f", {Path(recipe).stem} recipe")
    return [entry["name"], network, size, str(entry["epochs_run"]), *figures, paper]


def _millions(entry: Entry) -> str:
    """Return a network's parameters, folded."""
    return f"{entry['counts']['parameters_folded'] / 1e6:.3f} M"


def _printed(*plans: str) -> dict[str, dict[str, float]]:
    """Return what packaged plans' papers print for each model, parameters in ``millions``; of two figures the later."""
    rows = {row.model: row.figures for plan in plans for row in read_printed(plan).models if row.figures}
    return {model: {**figures, "millions": figures["parameters"] / 1e6} for model, figures in rows.items()}


def mask_table(entries: list[Entry]) -> str:
    """Return a Markdown table of segmentation runs: boxes and masks on the test part beside the printed figures."""
    keys = {"map50": "box mAP50", "map": "box mAP50-95", "mask_map50": "mask mAP50", "mask_map": "mask mAP50-95"}
    rows = [
        [entry["name"], entry["model"], _millions(entry), str(entry["epochs_run"]), split, *_shares(results, keys)]
        for entry in entries
        for split, results in entry["results"].items()
    ]
    printed = _printed("wlnet-table2", "wlnet-table1")
    for model in dict.fromkeys(entry["model"] for entry in entries if entry["model"] in printed):
        size = f"{printed[model]['millions']:g} M"
        rows.append(["*printed in the paper*", model, size, "?", "?", *_shares(printed[model], keys)])
    table = markdown_table(["run", "network", "parameters", "epochs", "split", *keys.values()], rows)
    return "\n".join([table, "", *_footnotes(entries)]) + "\n"


def _shares(figures: Mapping[str, float], keys: Iterable[str]) -> list[str]:
    return [f"{figures[key]:.3f}" for key in keys]


def leak_table(entries: list[Entry]) -> str:
    """Return a Markdown table of what random, published and grouped splits of each data set leak, in per cent."""
    rows = [
        [
            entry["dataset"],
            str(sum(figures["images"].values())),
            str(entry["groups"]),
            split,
            *(_leak(figures, side) for side in ("val", "test")),
        ]
        for entry in entries
        for split, figures in entry["results"].items()
    ]
    table = markdown_table(["data set", "pictures", "groups", "split", "leak of val", "leak of test"], rows)
    facts = [
        f"{entry['dataset']}: groups {entry['group_sha256'][:12]}, the largest of {entry['largest']} pictures; random: "
        f"mean of {entry['draws']} splits, smallest and largest in brackets."
        for entry in entries
    ]
    return "\n\n".join([table, *facts]) + "\n"


def group_table(entries: list[Entry]) -> str:
    """Return a Markdown table of how long the search for pictures of one spot takes and how much it finds."""
    formats = {"seconds": ".0f", "cpu_seconds": ".0f", "pairs": "d", "recall": ".4f", "precision": ".4f"}
    rows = [
        [name, *(format(measured[key], digits) for key, digits in formats.items())]
        for entry in entries
        for name, measured in entry["results"].items()
    ]
    table = markdown_table(["pictures", "time in s", "processor time in s", "pairs", "recall", "precision"], rows)
    machines = [f"{entry['machine']['processor']}, {entry['machine']['cores']} cores." for entry in entries]
    return "\n\n".join([table, *machines]) + "\n"


def _leak(figures: dict[str, Any], side: str) -> str:
    if side not in figures["leak"]:
        return "-"
    spread = figures.get("range", {}).get(side)
    text = f"{100 * figures['leak'][side]:.1f} %"
    return f"{text} ({100 * spread[0]:.1f} to {100 * spread[1]:.1f})" if spread else text


def _footnotes(entries: list[Entry]) -> list[str]:
    """Say once what every figure above rests on: data, split, size, machine, versions."""
    facts = set()
    for entry in entries:
        data, machine = entry["data"], entry["machine"]
        facts.add(
            f"{data.get('dataset', data['yaml'])}, `{data.get('protocol', '?')}` split seed {data.get('seed', '?')} "
            f"(data {data.get('data_sha256', '?')[:12]}, split {data.get('split_sha256', '?')[:12]}), "
            f"{entry['arguments']['imgsz']} px; {machine['processor']}, {machine.get('gpu', 'CPU')}, "
            f"ultralytics {machine['versions'].get('ultralytics', '?')}, torch {machine['versions'].get('torch', '?')}."
        )
    return sorted(facts)


def ratio_table(entries: list[Entry]) -> str:
    """Return a Markdown table of how long a prediction takes beside the reference network's, all runtimes in a row.

    Only networks as a user runs them; other forms of them and times stand in `latency_table`.
    """
    rows: dict[tuple[Any, ...], dict[str, str]] = {}
    for entry in sorted(entries, key=_setting):
        for name, measured in entry["results"].items():
            if name != entry["reference"] and "," not in name:
                row = rows.setdefault((name, entry["reference"], *_setting(entry)), {})
                row[entry["runtime"]] = f"{measured['ratio']:.2f} ({_from_to(measured.get('ratio_quartiles'))})"
    headers = ["network", "beside", "side in px", "batch", "threads", *RUNTIME_NAMES.values()]
    cells = ([*map(str, key), *(row.get(name, "-") for name in RUNTIME_NAMES)] for key, row in sorted(rows.items()))
    return f"{markdown_table(headers, cells)}\n\nMedian of the ratios (quartiles). {_basis(entries)}\n"


def latency_table(entries: list[Entry]) -> str:
    """Return a Markdown table of the times of a prediction and their ratios to the reference network's."""
    rows = []
    for entry in sorted(entries, key=_setting):
        batch = entry["batch"]
        setting = [entry["runtime"], str(entry["imgsz"]), str(batch), str(entry["machine"]["threads"])]
        for name, measured in entry["results"].items():
            spread = measured.get("quartiles_s")
            times = [f"{1e3 * measured['median_s'] / batch:.2f}", _from_to(spread, 1e3 / batch)]
            rows.append([name, *setting, *times, *_ratio(measured)])
    headers = ["network", "runtime", "side in px", "batch", "threads", "ms per picture", "quartiles", *_RATIO]
    return f"{markdown_table(headers, rows)}\n\n{_basis(entries)}\n"


def predict_table(entries: list[Entry]) -> str:
    """Return a Markdown table of ``YOLO.predict`` on a folder: decoding, network and NMS."""
    headers = ["network", "side in px", "threads", "pictures per s", "time x reference", "quartiles"]
    headers += ["first picture in s", "peak memory in MiB", "above the packages", "detections per picture"]
    rows = []
    for entry in sorted(entries, key=_setting):
        for name, measured in entry["results"].items():
            setting = [str(entry["imgsz"]), str(entry["machine"]["threads"])]
            speed = [f"{measured['pictures_per_s']:.1f}", *_ratio(measured), f"{measured['start']['median_s']:.1f}"]
            memory = [f"{measured['peak_mib']:.0f}", f"{measured['grown_mib']:.0f}"]
            rows.append([name, *setting, *speed, *memory, f"{measured['detections']:.1f}"])
    return f"{markdown_table(headers, rows)}\n\n{_basis(entries)}\n"


def step_table(entries: list[Entry]) -> str:
    """Return a Markdown table of step times, their ratios to the reference's and, where measured, the memory."""
    rows = []
    for entry in sorted(entries, key=_setting):
        setting = [str(entry["imgsz"]), str(entry["batch"]), _device(entry)]
        for name, measured in entry["results"].items():
            memory = f"{measured['peak_mib']:.0f}" if "peak_mib" in measured else "-"
            rows.append([name, *setting, f"{measured['median_s']:.3f}", *_ratio(measured), memory])
    headers = ["network", "side in px", "batch", "device", "median step in s", *_RATIO, "memory in MiB"]
    return f"{markdown_table(headers, rows)}\n\n{_basis(entries)}\n"


def loading_table(entries: list[Entry]) -> str:
    """Return a Markdown table of how much of a training goes by waiting for pictures."""
    headers = ["network", "data", "side in px", "batch", "device", "loader processes", "step in s"]
    headers += ["wait for its pictures in s", "share of waiting"]
    rows = []
    for entry in sorted(entries, key=_setting):
        setting = [Path(entry["data"]).stem, str(entry["imgsz"]), str(entry["batch"]), _device(entry)]
        for name, measured in entry["results"].items():
            times = [f"{measured['step_s']:.3f}", f"{measured['wait_s']:.3f}", f"{100 * measured['waiting']:.0f} %"]
            rows.append([name, *setting, str(measured["workers"]), *times])
    return f"{markdown_table(headers, rows)}\n\n{_basis(entries)}\n"


def _setting(entry: Entry) -> tuple[int, int, int]:
    """Return what the rows are ordered by: side, pictures at a time, threads; equal ones stay in the order of names."""
    return entry["imgsz"], entry.get("batch", 1), entry["machine"].get("threads", 1)


_RATIO = ("x reference", "quartiles")


def _ratio(measured: Mapping[str, Any]) -> tuple[str, str]:
    """Return the cells below `_RATIO`."""
    return f"{measured['ratio']:.2f}", _from_to(measured.get("ratio_quartiles"))


def _from_to(ends: list[float] | None, factor: float = 1.0) -> str:
    return f"{factor * ends[0]:.2f} to {factor * ends[1]:.2f}" if ends else "-"


def _device(entry: Entry) -> str:
    if entry["device"] != "cpu":
        return str(entry["machine"].get("gpu", entry["device"]))
    return f"CPU, {entry['machine']['threads']} thread(s)"


def _basis(entries: list[Entry]) -> str:
    """Say what the ratios are to and where the times were measured."""
    packages = {"torch"} | {"onnxruntime" for e in entries if e.get("runtime") == "onnx"}
    packages |= {"openvino" for e in entries if e.get("runtime") == "openvino"}
    machines = set()
    for entry in entries:
        versions = entry["machine"]["versions"]
        text = ", ".join(f"{package} {versions[package]}" for package in sorted(packages) if package in versions)
        machines.add(f"{entry['machine']['processor']}, {text}")
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
    kinds = {kind for measured in results.values() for kind in _large(measured)}
    order = sorted(kinds, key=lambda kind: -max(_seconds(measured, kind) for measured in results.values()))
    heads = [head for name in results for head in (f"{name}: number", "us", "share")]

    def row(kind: str, cells: Callable[[dict[str, Any]], Sequence[str]]) -> list[str]:
        return [kind, *(cell for measured in results.values() for cell in cells(measured))]

    rows = [
        [kind, *(cell for measured in results.values() for cell in _cells(measured, measured["operators"].get(kind)))]
        for kind in order
    ]
    rows.append(row("others", lambda measured: _cells(measured, _added(measured, kinds))))
    rows.append(row("all operators", lambda measured: _cells(measured, _added(measured, set()))))
    rows.append(row("a call without the profile", lambda measured: ("", f"{1e6 * measured['whole_s']:.0f}", "")))
    machine = entry["machine"]
    package = {"onnx": "onnxruntime", "openvino": "openvino"}[entry["runtime"]]
    text = f"{machine['processor']}, 1 thread, {package} {machine['versions'][package]}"
    table = markdown_table([f"{entry['runtime']}, {entry['imgsz']} px", *heads], rows)
    return f"{table}\n\n{text}; {entry['rounds']} runs.\n"


def _large(measured: dict[str, Any]) -> list[str]:
    least = _SMALL * _added(measured, set())["seconds"]
    return [kind for kind, part in measured["operators"].items() if part["seconds"] >= least]


def _seconds(measured: dict[str, Any], kind: str) -> float:
    return float(measured["operators"].get(kind, {"seconds": 0.0})["seconds"])


def _added(measured: dict[str, Any], without: set[str]) -> dict[str, float]:
    """Add up the operators of all types but some."""
    small = [part for kind, part in measured["operators"].items() if kind not in without]
    return {"count": sum(part["count"] for part in small), "seconds": sum(part["seconds"] for part in small)}


def _cells(measured: dict[str, Any], part: dict[str, float] | None) -> tuple[str, str, str]:
    if part is None:
        return "-", "-", "-"
    return f"{part['count']:.0f}", f"{1e6 * part['seconds']:.0f}", _share(part["seconds"], measured)


def _share(seconds: float, measured: dict[str, Any]) -> str:
    return f"{100 * seconds / _added(measured, set())['seconds']:.0f} %"


def size_table(entries: list[Entry]) -> str:
    """Return a Markdown table of the share of defects that networks find, by the shorter side of the defect."""
    parts = []
    for entry in entries:
        bins = next(iter(entry["results"].values()))["bins"]
        heads = [f"{_range(one)} ({one['defects']})" for one in bins]
        rows = [
            [name, *(f"{one['found'] / one['defects']:.3f}" for one in measured["bins"]), f"{_alarms(measured):d}"]
            for name, measured in entry["results"].items()
        ]
        table = markdown_table(["network", *heads, "false alarms"], rows)
        text = (
            f"Recall on the test part of {entry['data']}, {entry['imgsz']} px, by the shorter side in pixels of the "
            "input; number of defects in brackets. Threshold: "
            f"{entry['false_alarms_per_picture']:g} false alarms a picture on val."
        )
        parts.append(f"{table}\n\n{text}\n")
    return "\n".join(parts)


def _range(one: Mapping[str, Any]) -> str:
    if "from_px" not in one:
        return "all"
    return f"{one['from_px']:g} to {one['below_px']:g}" if "below_px" in one else f"from {one['from_px']:g}"


def _alarms(measured: Mapping[str, Any]) -> int:
    return int(measured["bins"][-1]["false_alarms"])


def inspection_table(entries: list[Entry]) -> str:
    """Return a Markdown table of what inspections say of networks: missed and rejected on test, by class too."""
    parts = []
    for entry in entries:
        test, curves = entry["results"]["test"], entry["results"]["probability_of_detection"]
        unit = curves.get("unit", "px")
        heads = [*_KINDS.values(), f"nine of ten found from, {unit}"]
        rows = [
            [name, *(_counted(counts[kind]) for kind in _KINDS), _found_from(curves, name)]
            for name, counts in (*test["of_class"].items(), ("together", test["together"]))
        ]
        asked = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in _flat(entry["criterion"]))
        text = f"`{entry['run']}`, {entry['data']}, {entry['imgsz']} px; asked for: {asked}."
        parts.append(f"{markdown_table(['class', *heads], rows)}\n\n{text}\n")
    return "\n".join(parts)


_KINDS = {
    "missed defects": "missed defects",
    "missed parts": "missed pictures",
    "rejected good parts": "rejected good pictures",
}


def _counted(tally: Mapping[str, Any] | None) -> str:
    """Return a share in per cent with its interval, from how many of how many."""
    if not tally or not tally["total"]:
        return "-"
    low, high = (f"{100 * tally[end]:.1f}" for end in ("low", "high"))
    return f"{tally['events']} of {tally['total']}: {100 * tally['value']:.1f} % ({low} to {high})"


def _found_from(curves: Mapping[str, Any], name: str) -> str:
    size = curves.get(name, {}).get("a90")
    return f"{size['value']:.0f} ({size['low']:.0f} to {size['high']:.0f})" if size else "-"


def _flat(criterion: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, ", ".join(f"{name} {number:g}" for name, number in of.items())) for key, of in criterion.items()]


_TABLES: dict[str, Callable[[list[Entry]], str]] = {
    "table": result_table,
    "masks": mask_table,
    "steps": step_table,
    "latency": latency_table,
    "ratios": ratio_table,
    "operators": operator_table,
    "predict": predict_table,
    "loading": loading_table,
    "leaks": leak_table,
    "groups": group_table,
    "certificates": certificate_table,
    "sizes": size_table,
    "inspections": inspection_table,
}

_COMPARED: dict[str, Callable[[list[Entry], Path], str]] = {
    "differences": differences_markdown,
    "splits": splits_markdown,
}

_MARKED = re.compile(
    rf"(<!-- (?P<kind>{'|'.join([*_TABLES, *_COMPARED])}): (?P<patterns>[\w.*?\[\] -]+) -->\n)"
    r".*?(<!-- end of (?P=kind) -->)",
    re.DOTALL,
)

_NOTHING = "*Not measured yet.*\n"


def fill(text: str, ledger: Path) -> str:
    """Return a page with every marked table renewed from the ledger; a marker's patterns are those of `read_ledger`."""

    def filled(marked: re.Match[str]) -> str:
        entries = read_ledger(ledger, marked["patterns"])
        if not entries:
            table = _NOTHING
        elif compared := _COMPARED.get(marked["kind"]):
            table = compared(entries, ledger)
        else:
            table = _TABLES[marked["kind"]](entries)
        return f"{marked[1]}{table}{marked[4]}"

    return _MARKED.sub(filled, text)


def write_tables(pages: list[Path], ledger: Path) -> list[Path]:
    """Renew the tables of these pages; returns those that changed."""
    changed = []
    for page in pages:
        before = page.read_text(encoding="utf-8")
        after = fill(before, ledger)
        if after != before:
            page.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed


def main(argv: Sequence[str] | None = None) -> int:
    """Renew the tables and return the exit status: 0 done, 2 it could not run."""
    parser = argparse.ArgumentParser(description="Renew the marked tables of Markdown pages from the ledger.")
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE")
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")
    args = parser.parse_args(argv)
    try:
        changed = write_tables(args.pages, args.ledger)
    except (ImportError, OSError, ValueError) as error:
        sys.stderr.write(f"readme_tables: {error}\n")
        return 2
    sys.stdout.write("".join(f"renewed {page}\n" for page in changed) or "every table is up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
