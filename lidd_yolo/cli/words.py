"""Words that several commands take and lists that several commands print."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from lidd_yolo.errors import InputError

SHOWN = 20
"""Lines of a list on the screen; the rest is counted."""


class _Problem(Protocol):
    @property
    def repaired(self) -> bool: ...


def key_values(words: Iterable[str]) -> dict[str, Any]:
    """Return ``["lr0=0.01", "amp=False"]`` as arguments, each value read as YAML.

    Raises:
        InputError: If a word has no ``=`` or no key, or its value is no YAML.
    """
    from lidd_yolo.yaml_text import parse_yaml  # noqa: PLC0415 - `--help` answers without yaml

    values = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key.isidentifier():
            raise InputError(f"'{word}' is not written key=value")
        values[key] = parse_yaml(value, f"'{word}'")
    return values


def add_tile_and_scale(parser: argparse.ArgumentParser, tile_default: str = "") -> None:
    """Add ``--tile`` and ``--mm-per-pixel`` of the commands that show pictures to a network."""
    text = f"cut large pictures into tiles: side and overlap in pixels (overlap: a fifth of the side{tile_default})"
    parser.add_argument("--tile", metavar="S[:OVERLAP]", help=text)
    ways = "a number, a CSV file (picture,mm_per_pixel), or two points and their distance in mm, x1,y1,x2,y2=LENGTH"
    parser.add_argument("--mm-per-pixel", metavar="X", help=f"millimetres per pixel: {ways}")


def named_files(words: Iterable[str]) -> dict[str, Path]:
    """Return ``["ours=best.pt", "other.pt"]`` as files by name; a file without a name has its own."""
    parts = (word.rpartition("=") for word in words)
    return {name or Path(file).stem: Path(file) for name, _, file in parts}


def first_lines(lines: Sequence[object], see: str = "", *, shown: int = SHOWN, indent: str = "") -> list[str]:
    """Return the first lines of a list, and how many more there are and where all stand, such as ``split.json``."""
    rest = len(lines) - shown
    more = [f"{indent}and {rest} more{see and f', see {see}'}"] if rest > 0 else []
    return [*(f"{indent}{line}" for line in lines[:shown]), *more]


def problem_lines(problems: Sequence[_Problem], see: str) -> list[str]:
    """Return what was left out and what was repaired, each with its number in front; ``see`` as for `first_lines`."""
    lines = []
    for repaired, title in ((False, "left out"), (True, "repaired")):
        of_kind = [problem for problem in problems if problem.repaired is repaired]
        lines += ["", f"{len(of_kind)} {title}:", *first_lines(of_kind, see, indent="  ")] if of_kind else []
    return lines
