"""Write the tables of README and docs from the ledger: between two marker comments stands what the JSONs say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lidd_yolo.report.blocks import Entry
from lidd_yolo.report.certificates import certificate_table
from lidd_yolo.report.markdown import differences_markdown, splits_markdown
from lidd_yolo.report.speed_tables import (
    latency_table,
    loading_table,
    operator_table,
    predict_table,
    ratio_table,
    step_table,
)
from lidd_yolo.results.ledger import read_ledger
from lidd_yolo.results.plan_file import read_printed

_PRINTED_ON = {"neu-det": ("lidd-table3", "lidd-table2"), "aluminium-sheet": ("lidd-table4",)}
_OTHER_PICTURES = frozenset({"aluminium-sheet"})  # the paper's are not published


def result_table(entries: list[dict[str, Any]]) -> str:
    """Return a Markdown table: a line for each run, measured beside printed figures, and what they rest on."""
    lines = [
        "| run | network | parameters | epochs | val mAP50 | val mAP50-95 | test mAP50 | test mAP50-95 | paper |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(entry) for entry in entries]
    return "\n".join([*lines, "", *_footnotes(entries)]) + "\n"


def _row(entry: dict[str, Any]) -> str:
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
    return f"| {entry['name']} | {network} | {size} | {entry['epochs_run']} | {' | '.join(figures)} | {paper} |"


def _millions(entry: dict[str, Any]) -> str:
    """Return a network's parameters, folded; entries of schema 1 keep them elsewhere."""
    return f"{entry.get('counts', entry['size'])['parameters_folded'] / 1e6:.3f} M"


def _printed(*plans: str) -> dict[str, dict[str, float]]:
    """Return what packaged plans' papers print for each model, parameters in ``millions``; of two figures the later."""
    rows = {row.model: row.figures for plan in plans for row in read_printed(plan).models if row.figures}
    return {model: {**figures, "millions": figures["parameters"] / 1e6} for model, figures in rows.items()}


def mask_table(entries: list[dict[str, Any]]) -> str:
    """Return a Markdown table of segmentation runs: boxes and masks on the test part beside the printed figures."""
    lines = [
        "| run | network | parameters | epochs | split | box mAP50 | box mAP50-95 | mask mAP50 | mask mAP50-95 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    keys = ("map50", "map", "mask_map50", "mask_map")
    for entry in entries:
        size = _millions(entry)
        start = f"| {entry['name']} | {entry['model']} | {size} | {entry['epochs_run']} |"
        for split, results in entry["results"].items():
            lines.append(f"{start} {split} | {' | '.join(f'{results[key]:.3f}' for key in keys)} |")
    printed = _printed("wlnet-table2", "wlnet-table1")
    for model in dict.fromkeys(entry["model"] for entry in entries if entry["model"] in printed):
        cells = " | ".join(f"{printed[model][key]:.3f}" for key in keys)
        lines.append(f"| *printed in the paper* | {model} | {printed[model]['millions']:g} M | ? | ? | {cells} |")
    return "\n".join([*lines, "", *_footnotes(entries)]) + "\n"


def leak_table(entries: list[dict[str, Any]]) -> str:
    """Return a Markdown table of what random, published and grouped splits of each data set leak, in per cent."""
    lines = ["| data set | pictures | groups | split | leak of val | leak of test |"]
    lines.append("|---|---|---|---|---|---|")
    for entry in entries:
        for split, figures in entry["results"].items():
            start = f"| {entry['dataset']} | {sum(figures['images'].values())} | {entry['groups']} |"
            cells = (_leak(figures, side) for side in ("val", "test"))
            lines.append(f"{start} {split} | {' | '.join(cells)} |")
    facts = [
        f"{entry['dataset']}: groups {entry['group_sha256'][:12]}, the largest of {entry['largest']} pictures; random: "
        f"mean of {entry['draws']} splits, smallest and largest in brackets."
        for entry in entries
    ]
    return "\n\n".join(["\n".join(lines), *facts]) + "\n"


def group_table(entries: list[dict[str, Any]]) -> str:
    """Return a Markdown table of how long the search for pictures of one spot takes and how much it finds."""
    lines = ["| pictures | time in s | processor time in s | pairs | recall | precision |", "|---|---|---|---|---|---|"]
    for entry in entries:
        for name, found in entry["results"].items():
            cells = f"{found['seconds']:.0f} | {found['cpu_seconds']:.0f} | {found['pairs']}"
            lines.append(f"| {name} | {cells} | {found['recall']:.4f} | {found['precision']:.4f} |")
        lines += ["", f"{entry['machine']['processor']}, {entry['machine']['cores']} cores."]
    return "\n".join(lines) + "\n"


def _leak(figures: dict[str, Any], side: str) -> str:
    if side not in figures["leak"]:
        return "-"
    spread = figures.get("range", {}).get(side)
    told = f"{100 * figures['leak'][side]:.1f} %"
    return f"{told} ({100 * spread[0]:.1f} to {100 * spread[1]:.1f})" if spread else told


def _footnotes(entries: list[dict[str, Any]]) -> list[str]:
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
