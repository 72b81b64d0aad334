"""One self-contained HTML page: the tables, what they rest on, which differences are shown, and charts.

Jinja2 with autoescape; style, charts and pictures are in the page, which asks the network for nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lidd_yolo import __version__
from lidd_yolo.errors import InputError
from lidd_yolo.files import write_beside
from lidd_yolo.optional import load_extra
from lidd_yolo.report.blocks import Block, Entry, chosen_entries, group_entries
from lidd_yolo.report.bootstrap import RESAMPLES
from lidd_yolo.report.certificate_chart import SERIES
from lidd_yolo.report.certificates import COLUMNS, certificate_section
from lidd_yolo.report.charts import Chart, block_charts
from lidd_yolo.report.comparisons import Pairs, compare_pairs
from lidd_yolo.report.figures import ACCURACIES, arrange
from lidd_yolo.report.footnotes import block_facts, run_notes, warnings
from lidd_yolo.report.leak_worth import NOTE, SPLITS, compare_splits
from lidd_yolo.report.table import Table, main_table, second_table
from lidd_yolo.results.ledger import read_ledger, verify
from lidd_yolo.results.plan_file import NOTHING_PRINTED, PrintedTable, read_printed

_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True, repr=False)
class WrittenReport:
    """What `report` wrote.

    Args:
        page: The page.
        blocks: Networks that may be compared with each other, a block for each data split, input size and budget.
        certificates: Certificates on the page.
        warnings: What is wrong with the ledger, and runs that were left out.
    """

    page: Path
    blocks: tuple[Block, ...]
    certificates: tuple[Path, ...]
    warnings: tuple[str, ...]

    @property
    def runs(self) -> int:
        """Number of training runs on the page."""
        return sum(len(block.entries) for block in self.blocks)

    @property
    def contents(self) -> str:
        """What is on the page, in words: ``6 training runs, 1 certificate``."""
        parts = [f"{self.runs} training runs"] if self.blocks else []
        if count := len(self.certificates):
            parts.append(f"{count} certificate{'' if count == 1 else 's'}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        networks = [f"  {b.title}: {', '.join(contender.label for contender in b.contenders)}" for b in self.blocks]
        problems = [f"  ! {warning}" for warning in self.warnings]
        return "\n".join([f"WrittenReport({self.page}: {self.contents})", *networks, *problems])


def report(
    entries_or_ledger: str | Path | Sequence[Entry] | None = None,
    *,
    runs: Sequence[str] = (),
    out: str | Path = "report.html",
    plan: str | Path | None = None,
    certificates: Sequence[str | Path] = (),
    pictures: str | Path | None = None,
) -> WrittenReport:
    """Write the page of a ledger, of entries or of certificates; the file is there whole or as it was before.

    Args:
        entries_or_ledger: Folder of a ledger, whose figures are verified and whose networks are compared from their
            evidence files; or entries alone, which are not. None for a page of certificates.
        runs: Which of a ledger's training runs: names or patterns, such as ``neu-det-*``, or folders of their runs;
            all if empty.
        out: File to write.
        plan: File or name of a plan with printed figures and quoted rows.
        certificates: Files ``best.parity.json`` of ``lidd export``.
        pictures: Picture of detections side by side, .jpg or .png, as ``draw_side_by_side`` makes it.

    Raises:
        InputError: If there is neither a training run nor a certificate, or anything given cannot be used.
        FileNotFoundError: If there is no such plan or certificate.
        ImportError: If Jinja2 or SciPy is missing.
    """
    entries: list[Entry] = []
    findings: list[str] = []
    problems: list[str] = []
    ledger = None
    if isinstance(entries_or_ledger, (str, Path)):
        ledger = Path(entries_or_ledger)
        trainings, left_out = chosen_entries(ledger, runs)
        entries = [*trainings, *read_ledger(ledger, "latency-*")]
        findings = verify(ledger)
        if left_out:
            problems.append(f"left out, not in {ledger} yet: {', '.join(left_out)}")
    elif entries_or_ledger is not None:
        entries = list(entries_or_ledger)
    if findings:
        problems.append(f"the ledger is not what was written ({len(findings)}): see the page, or lidd report --verify")
    printed = read_printed(plan)
    files, out = [Path(file) for file in certificates], Path(out)
    page = report_page(
        entries,
        ledger,
        printed=printed,
        findings=findings,
        pictures=Path(pictures) if pictures else None,
        certificates=files,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(out) as beside:
        beside.write_text(page, encoding="utf-8")
    return WrittenReport(out, tuple(_arranged(entries, printed)), tuple(files), tuple(problems))


@dataclass(frozen=True)
class _Section:
    """What the template writes of one block; ``widest`` is the end of an interval that is farthest from 0."""

    block: Block
    facts: list[tuple[str, str]]
    warnings: list[str]
    notes: list[str]
    table: Table
    second: Table
    comparisons: Pairs
    widest: float
    charts: list[Chart]


def report_page(
    entries: Sequence[Entry],
    ledger: Path | None = None,
    *,
    printed: PrintedTable = NOTHING_PRINTED,
    findings: Sequence[str] = (),
    pictures: Path | None = None,
    certificates: Sequence[Path] = (),
) -> str:
    """Return the page of `report`; the findings about the ledger stand at its top."""
    blocks = _arranged(entries, printed)
    if not blocks and not certificates:
        raise InputError("no training run in the ledger")
    sections = [_section(block, blocks, printed, entries, ledger) for block in blocks]
    splits, unlike = compare_splits(blocks, ledger) if ledger else ([], [])
    return rendered(
        "page.html.j2",
        sections=sections,
        splits=splits,
        splits_title=SPLITS,
        splits_note=NOTE,
        splits_problems=unlike,
        accuracies=ACCURACIES,
        printed=printed,
        findings=findings,
        verified=ledger is not None and not findings,
        picture=_inline(pictures) if pictures else "",
        runs=sum(len(block.entries) for block in blocks),
        dates=sorted({str(entry["date"]) for block in blocks for entry in block.entries if "date" in entry}),
        version=__version__,
        resamples=RESAMPLES,
        certificates=[certificate_section(file) for file in certificates],
        certificate_columns=COLUMNS,
        certificate_series=SERIES,
    )


def rendered(template: str, **names: Any) -> str:
    """Return the page of a template of this folder.

    Raises:
        ImportError: If Jinja2 is missing.
    """
    jinja = load_extra("jinja2")
    templates = jinja.Environment(
        loader=jinja.PackageLoader("lidd_yolo", "report"),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = templates.get_template(template).render(**names)
    return page


def _arranged(entries: Sequence[Entry], printed: PrintedTable) -> list[Block]:
    return [arrange(printed, block) for block in group_entries(entries)]


def _section(
    block: Block, blocks: Sequence[Block], printed: PrintedTable, entries: Sequence[Entry], ledger: Path | None
) -> _Section:
    comparisons = compare_pairs(block, ledger) if ledger and len(block.contenders) > 1 else Pairs((), ())
    ends = [abs(end) for p in comparisons.pairs for d in p.differences.values() for end in (d.low, d.high, d.value)]
    return _Section(
        block,
        facts=block_facts(block),
        warnings=warnings(block, blocks, printed),
        notes=run_notes(block),
        table=main_table(block, printed),
        second=second_table(block),
        comparisons=comparisons,
        widest=max(ends, default=0) or 1.0,
        charts=block_charts(block, entries),
    )


def _inline(picture: Path) -> str:
    """Return a picture as the address that holds it."""
    kind = _TYPES.get(picture.suffix.lower())
    if kind is None:
        raise InputError(f"{picture} is no picture for a page: {', '.join(_TYPES)}")
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode('ascii')}"
