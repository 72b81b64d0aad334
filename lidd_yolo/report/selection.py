"""Which training runs a report is about: entries by their name, or by the folder of their run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.report.blocks import Entry, training_entries
from lidd_yolo.results.ledger import read_ledger

_RUN = "run.json"  # what `lidd compare` writes into the folder of each run, whose name is the entry's


def chosen_entries(ledger: Path, words: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Return the training entries that any of the words names, and the names of runs that have no entry yet.

    Args:
        ledger: The ledger.
        words: Names or glob patterns of entries, such as ``neu-det-*``; or folders of ``lidd compare``, that of one
            run or that of all (``runs/compare``). None at all: every entry.

    Returns:
        entries: Each once, in the order of the words.
        left_out: Runs in the given folders that are not in the ledger: their training is not over.

    Raises:
        ValueError: If a pattern matches no training run of the ledger, a folder holds no run, or there is no entry.
    """
    found: dict[str, Entry] = {}
    left_out: list[str] = []
    for word in words or ["*"]:
        is_folder = Path(word).is_dir()
        for pattern in _runs_in(Path(word)) if is_folder else [word]:
            matching = training_entries(read_ledger(ledger, pattern))
            found |= {entry["name"]: entry for entry in matching}
            if matching:
                continue
            if not is_folder:
                raise ValueError(f"no training run {word} in {ledger}")
            left_out.append(pattern)
    if not found:
        raise ValueError(f"no training run of {', '.join(words)} is in {ledger} yet")
    return list(found.values()), left_out


def _runs_in(folder: Path) -> list[str]:
    """Return the names of the runs whose folders lie in this one, or of the run whose folder it is."""
    held = [folder / _RUN] if (folder / _RUN).is_file() else sorted(folder.glob(f"*/{_RUN}"))
    if not held:
        raise ValueError(f"{folder} holds no run of lidd compare")
    return [file.resolve().parent.name for file in held]
