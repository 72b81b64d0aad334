"""One finding of a check: of what kind, where, why, and what to do.

Own work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lidd_yolo.data.checks.kinds import KINDS, kind_of
from lidd_yolo.data.problems import Problem


@dataclass(frozen=True)
class Finding:
    """What is wrong in one place.

    Args:
        kind: Its kind, a key of `lidd_yolo.data.checks.kinds.KINDS`.
        file: The file it was found in.
        where: Place in the file, such as ``line 3`` or ``object 2``; empty for the whole file.
        reason: What is wrong, in one clause.
    """

    kind: str
    file: Path
    where: str
    reason: str

    @classmethod
    def of_reader(cls, problem: Problem) -> Finding:
        """Return a reader's problem as a finding."""
        return cls(kind_of(problem.reason), problem.file, problem.where, problem.reason)

    @property
    def fix(self) -> str:
        """What a person can do about it."""
        return KINDS[self.kind].fix

    def __str__(self) -> str:
        """Return ``file, place: reason; fix``."""
        place = f"{self.file}, {self.where}" if self.where else str(self.file)
        return f"{place}: {self.reason}; {self.fix}"

    def as_dict(self) -> dict[str, str]:
        """Return a form for JSON."""
        return {
            "kind": self.kind,
            "file": str(self.file),
            "where": self.where,
            "reason": self.reason,
            "fix": self.fix,
        }
