"""What became of runs, and the lines that tell a user of it. Own work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lidd_yolo.compare.folder import LOG, progress_of
from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.status import DONE, FAILED, TIME_IS_UP

_TELL_EVERY = 20.0


@dataclass
class Outcome:
    """What became of the runs: names by how they ended, ``left`` for those that the time limit kept from it."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """Exit status: 75 while the time limit left something, else 1 if something failed, else 0."""
        return TIME_IS_UP if self.left else FAILED if self.failed else DONE


class Teller:
    """Tells how far one run is, not too often, and how it ended."""

    def __init__(self, run: Run, folder: Path, say: Callable[[str], None]) -> None:
        self.run = run
        self.folder = folder
        self.say = say
        self._epoch = progress_of(folder)[0]
        self._told = 0.0

    def progress(self, *, at_once: bool = False) -> None:
        """Tell of a new epoch, at once or if nothing was told for a while."""
        epoch, map50 = progress_of(self.folder)
        if epoch != self._epoch and (at_once or time.time() - self._told > _TELL_EVERY):
            self._epoch, self._told = epoch, time.time()
            self.say(f"{self.run.name}: epoch {epoch}/{self.run.epochs}, mAP50 {map50:.3f}")

    def ended(self, status: int, outcome: Outcome, reason: str = "") -> None:
        """Tell how a run ended and count it.

        Args:
            status: Exit status of the worker.
            outcome: Where it is counted.
            reason: Why it failed; empty takes the last line of its log.
        """
        self.progress(at_once=True)
        if status == DONE:
            outcome.done.append(self.run.name)
            self.say(f"{self.run.name}: done")
        elif status == TIME_IS_UP:
            outcome.left.append(self.run.name)
            self.say(f"{self.run.name}: stopped at the time limit")
        else:
            outcome.failed.append(self.run.name)
            log = self.folder / LOG
            self.say(f"{self.run.name}: failed: {reason or f'{_last_line(log)} ({log})'}")


def _last_line(log: Path) -> str:
    """Return what a log ends with: the error's message."""
    if not log.is_file():
        return "without a word"
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "without a word"
