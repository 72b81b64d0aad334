"""What was wrong in which file: collected while converting, so that one bad line never costs the good ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NONE_USABLE = "none of its objects is usable"
"""Reason to leave a picture out: without objects it would teach that it shows no defect."""


@dataclass(frozen=True)
class Problem:
    """One finding in one file.

    Args:
        file: The file it was found in.
        where: Place in the file, such as ``line 3`` or ``object 2``; empty for the whole file.
        reason: What is wrong, in one clause.
        remedy: What was done or what to do about it.
        repaired: Whether everything in question was kept, perhaps corrected (a note); False if something was left out.
    """

    file: Path
    where: str
    reason: str
    remedy: str
    repaired: bool = False

    def __str__(self) -> str:
        """Return ``file, place: reason; remedy``."""
        place = f"{self.file}, {self.where}" if self.where else str(self.file)
        return f"{place}: {self.reason}; {self.remedy}"

    def as_dict(self) -> dict[str, str | bool]:
        """Return a form for JSON; the file by its name alone."""
        return {
            "file": self.file.name,
            "where": self.where,
            "reason": self.reason,
            "remedy": self.remedy,
            "repaired": self.repaired,
        }
