"""Progress of a long loop on stderr: one moving line on a terminal, a line every tenth elsewhere.

No package of ours is loaded for it, and a log file gets eleven lines instead of thousands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], total: int, label: str, stream: TextIO | None = None) -> Iterator[T]:
    """Yield ``items`` unchanged and report what share of ``total`` is done, behind a label; on stderr by default."""
    out = sys.stderr if stream is None else stream
    moving = out.isatty()
    step = 1 if moving else 10
    shown = -1
    for done, item in enumerate(items, start=1):
        yield item
        percent = 100 * done // max(total, 1)
        if percent // step > shown:
            shown = percent // step
            out.write(f"\r{label}: {percent:3d} %" if moving else f"{label}: {percent} %\n")
            out.flush()
    if moving and shown >= 0:
        out.write("\n")
