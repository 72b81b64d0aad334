"""One self-contained HTML page: the tables, what they rest on, which differences are shown, and plots.

Jinja2 with autoescape; style, plots and pictures are in the page, which asks the network for nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lidd_yolo import __version__
from lidd_yolo.optional import load_extra
from lidd_yolo.report.block_charts import block_charts
from lidd_yolo.report.blocks import Block, Entry, group_entries
from lidd_yolo.report.bootstrap import RESAMPLES
from lidd_yolo.report.certificate_chart import SERIES
from lidd_yolo.report.certificates import COLUMNS, certificate_section
from lidd_yolo.report.charts import Chart
from lidd_yolo.report.comparisons import Pairs, compare_pairs
from lidd_yolo.report.figures import ACCURACIES, arrange
from lidd_yolo.report.footnotes import block_facts, run_notes, warnings
from lidd_yolo.report.leak_worth import NOTE, SPLITS, compare_splits
from lidd_yolo.report.table import Table, further_lines, result_lines, signed
from lidd_yolo.results.plan_file import NOTHING_PRINTED, PrintedTable

_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True)
class Verdict:
    """One figure of a pair.

    Args:
        told: Difference and interval.
        verdict: What may be said.
        shown: Whether a difference is shown.
        places: Low end, value and high end on a line from 0 to 100 with no difference at 50.
    """

    told: str
    verdict: str
    shown: bool
    places: tuple[float, float, float]


@dataclass(frozen=True)
class Section:
    """What the template writes of one block."""

    title: str
    facts: list[tuple[str, str]]
    warnings: list[str]
    notes: list[str]
    table: Table
    further: Table
    pairs: list[tuple[str, str, list[Verdict]]]
    figures: list[str]
    pairs_note: str
    problems: tuple[str, ...]
    charts: list[Chart]
    labels: list[str]


def report_page(
    entries: Sequence[Entry],
    ledger: Path,
    *,
    printed: PrintedTable = NOTHING_PRINTED,
    findings: Sequence[str] = (),
    pictures: Path | None = None,
    certificates: Sequence[Path] = (),
) -> str:
    """Return the page.

    Args:
        entries: Ledger entries of any kind: trainings become tables, times of predictions a plot.
        ledger: Folder of the entries and their evidence files.
        printed: Printed figures and quoted rows of a plan.
        findings: What is wrong with the ledger; stands at the top.
        pictures: Picture of detections side by side, .jpg or .png.
        certificates: Files of ``lidd export``; with one, there need be no training run.

    Raises:
        ValueError: If there is neither a training run nor a certificate, or an entry or a certificate cannot be used.
        ImportError: If Jinja2 or SciPy is missing.
    """
    blocks = [arrange(printed, block) for block in group_entries(entries)]
    if not blocks and not certificates:
        raise ValueError("no training run in the ledger")
    sections = [_section(block, blocks, printed, entries, ledger) for block in blocks]
    splits, unlike = compare_splits(blocks, ledger)
    jinja = load_extra("jinja2")
    templates = jinja.Environment(
        loader=jinja.PackageLoader("lidd_yolo", "report"),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = templates.get_template("page.html.j2").render(
        sections=sections,
        splits=splits,
        splits_title=SPLITS,
        splits_note=NOTE,
        splits_problems=unlike,
        accuracies=ACCURACIES,
        printed=printed,
        findings=findings,
        picture=_inline(pictures) if pictures else "",
        runs=sum(len(block.entries) for block in blocks),
        dates=sorted({str(entry["date"]) for block in blocks for entry in block.entries if "date" in entry}),
        version=__version__,
        resamples=RESAMPLES,
        certificates=[certificate_section(file) for file in certificates],
        certificate_columns=COLUMNS,
        certificate_series=SERIES,
    )
    return page


def _section(
    block: Block, blocks: Sequence[Block], printed: PrintedTable, entries: Sequence[Entry], ledger: Path
) -> Section:
    pairs = compare_pairs(block, ledger)
    return Section(
        title=block.title,
        facts=block_facts(block),
        warnings=warnings(block, blocks, printed),
        notes=run_notes(block),
        table=result_lines(block, printed),
        further=further_lines(block),
        pairs=_verdicts(pairs),
        figures=[ACCURACIES[key] for key in pairs.pairs[0].differences] if pairs.pairs else [],
        pairs_note=pairs.note,
        problems=pairs.problems if len(block.contenders) > 1 else (),
        charts=block_charts(block, entries),
        labels=[contender.label for contender in block.contenders],
    )


def _verdicts(found: Pairs) -> list[tuple[str, str, list[Verdict]]]:
    ends = [abs(end) for pair in found.pairs for d in pair.differences.values() for end in (d.low, d.high, d.value)]
    widest = max(ends, default=0) or 1.0

    def place(difference: float) -> float:
        return round(50 + 46 * difference / widest, 1)

    return [
        (
            pair.first,
            pair.second,
            [
                Verdict(
                    f"{signed(d.value)} ({signed(d.low)} to {signed(d.high)})",
                    pair.verdict(key),
                    d.shown,
                    (place(d.low), place(d.value), place(d.high)),
                )
                for key, d in pair.differences.items()
            ],
        )
        for pair in found.pairs
    ]


def _inline(picture: Path) -> str:
    """Return a picture as the address that holds it."""
    kind = _TYPES.get(picture.suffix.lower())
    if kind is None:
        raise ValueError(f"{picture} is no picture for a page: {', '.join(_TYPES)}")
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode('ascii')}"
