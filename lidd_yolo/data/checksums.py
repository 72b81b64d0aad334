"""SHA-256 of files compared with a list, in the format of ``sha256sum``.

Own work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lidd_yolo.progress import progress


@dataclass(frozen=True)
class Verification:
    """What a comparison found, places below the folder with ``/`` between their parts.

    Args:
        equal: Number of files that are as listed.
        changed: Files that differ.
        missing: Files that are listed and not there.
        unlisted: Files that no list has.
    """

    equal: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def read_checksums(file: Path) -> dict[str, str]:
    """Return the SHA-256, in small letters, of each file of a list.

    Raises:
        ValueError: If a line has another form.
    """
    listed = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        value, _, place = line.partition("  ")
        if len(value) != 64 or not place or set(value) - set("0123456789abcdef"):
            raise ValueError(f"{file}, line {number}: no line of sha256sum")
        listed[place] = value
    return listed


def verify_files(folder: Path, listed: Mapping[str, str]) -> Verification:
    """Compare all files below a folder with a list.

    Args:
        folder: Where the files are.
        listed: SHA-256 of each, by its place below ``folder``.
    """
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    both = sorted(found.keys() & listed.keys())
    changed = [place for place in progress(both, len(both), "verifying") if _sha256(found[place]) != listed[place]]
    return Verification(
        len(both) - len(changed),
        tuple(changed),
        tuple(sorted(listed.keys() - found.keys())),
        tuple(sorted(found.keys() - listed.keys())),
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
