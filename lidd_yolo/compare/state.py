"""How far each run of a plan is: in the ledger, begun, missing, or there with other arguments or data. Own work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lidd_yolo.compare.folder import identity_in, is_trained, progress_of
from lidd_yolo.compare.identity import asked_of, data_of, differences
from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.snapshot import has_snapshot


@dataclass(frozen=True)
class RunState:
    """How far a run is.

    Attributes:
        run: The run.
        kind: ``there`` (in the ledger), ``begun``, ``missing`` or ``blocked`` (something else is in its place).
        detail: What a user needs to know of it.
        asked: The run's identity.
        outdated: Its folder holds another training, which is to be removed.
    """

    run: Run
    kind: str
    detail: str
    asked: Mapping[str, Any]
    outdated: bool = False


def state_of(run: Run, *, ledger: Path, project: Path, again: bool = False) -> RunState:
    """Return how far a run is.

    Args:
        run: The run.
        ledger: Folder of the ledger.
        project: Folder that holds the runs' folders.
        again: What is there with other arguments or data counts as missing.
    """
    try:
        asked = {**asked_of(run), "data": data_of(run.data)}
        entry, wrong = _in_ledger(run, asked, ledger)
        if entry and not wrong:
            return RunState(run, "there", f"{ledger / run.name}.json", asked)
        if wrong and not again:
            return RunState(run, "blocked", f"{ledger / run.name}.json: {wrong}; --again trains it anew", asked)
        return _begun(run, asked, project / run.name, again=again)
    except (OSError, ValueError) as error:
        return RunState(run, "blocked", str(error), {})


def _begun(run: Run, asked: Mapping[str, Any], folder: Path, *, again: bool) -> RunState:
    """Return how far a run that is not in the ledger is."""
    wrong = _in_folder(folder, asked)
    if wrong and not again and (has_snapshot(folder) or is_trained(folder)):
        return RunState(run, "blocked", f"{folder}: {wrong}; --again trains it anew", asked)
    if wrong:
        return RunState(run, "missing", f"{folder}: {wrong}; it is trained anew", asked, outdated=True)
    epoch, _ = progress_of(folder)
    return RunState(run, "begun" if epoch else "missing", f"{epoch} of {run.epochs} epochs", asked)


def _in_ledger(run: Run, asked: Mapping[str, Any], ledger: Path) -> tuple[bool, str]:
    """Tell whether a run's entry exists, and what of it is not as asked."""
    file = ledger / f"{run.name}.json"
    if not file.is_file():
        return False, ""
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
        found = {**entry["asked"], "data": entry["data"]}
    except (ValueError, KeyError, TypeError):
        return True, "not an entry of a plan's run"
    return True, "; ".join(differences(found, asked))


def _in_folder(folder: Path, asked: Mapping[str, Any]) -> str:
    """Say what of the training in a run's folder is not as asked; empty for an empty folder."""
    found = identity_in(folder)
    return "" if found is None else "; ".join(differences(found, asked))
