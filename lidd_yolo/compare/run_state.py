"""How far each run of a plan is: in the ledger, begun, missing, or there with other arguments or data."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ultralytics.data.utils import check_det_dataset
from ultralytics.nn.tasks import yaml_model_load
from ultralytics.utils import DEFAULT_CFG_DICT

from lidd_yolo.compare.plan import Run, recipe_arguments
from lidd_yolo.compare.run_folder import has_snapshot, identity_in, is_trained, progress_of
from lidd_yolo.data.splits.report import data_identity, training_list
from lidd_yolo.errors import InputError
from lidd_yolo.files import sha256
from lidd_yolo.models import pretrained
from lidd_yolo.results.ledger import find_file


@dataclass(frozen=True)
class RunState:
    """How far a run is.

    Attributes:
        run: The run.
        kind: ``there`` (in the ledger), ``begun``, ``missing`` or ``blocked`` (something else is in its place).
        detail: What a user needs to know of it.
        identity: What the run asks for: `identity_of` and ``data``.
        outdated: Its folder holds another training, which is to be removed.
    """

    run: Run
    kind: str
    detail: str
    identity: Mapping[str, Any]
    outdated: bool = False


def state_of(run: Run, *, ledger: Path, project: Path, again: bool = False) -> RunState:
    """Return how far a run is; with ``again``, what is there with other arguments or data counts as missing."""
    try:
        requested = {**identity_of(run), "data": data_of(run.data)}
        file = find_file(ledger, f"{run.name}.json")
        if file.is_file():
            wrong = _wrong_entry(file, requested)
            if not wrong:
                return RunState(run, "there", str(file), requested)
            if not again:
                return RunState(run, "blocked", f"{file}: {wrong}; --again trains it anew", requested)
        return _begun(run, requested, project / run.name, again=again)
    except (OSError, ValueError) as error:
        return RunState(run, "blocked", str(error), {})


def _begun(run: Run, requested: Mapping[str, Any], folder: Path, *, again: bool) -> RunState:
    """Return how far a run that is not in the ledger is."""
    existing = identity_in(folder)
    wrong = "" if existing is None else "; ".join(differences(existing, requested))
    if wrong and not again and (has_snapshot(folder) or is_trained(folder)):
        return RunState(run, "blocked", f"{folder}: {wrong}; --again trains it anew", requested)
    if wrong:
        return RunState(run, "missing", f"{folder}: {wrong}; it is trained anew", requested, outdated=True)
    epoch, _ = progress_of(folder)
    return RunState(run, "begun" if epoch else "missing", f"{epoch} of {run.epochs} epochs", requested)


def _wrong_entry(file: Path, requested: Mapping[str, Any]) -> str:
    """Say what of a ledger entry is not as requested."""
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
        return "; ".join(differences({**entry["asked"], "data": entry["data"]}, requested))
    except (ValueError, KeyError, TypeError):
        return "not an entry of a plan's run"


_OF_A_MACHINE = frozenset({"device", "workers", "cache", "plots", "verbose"})
"""Training arguments that say where and how fast, not what."""
_OF_THE_PLAN = frozenset({"model", "data", "seed", "imgsz", "epochs", "batch"})
_WRONG_DATA = (OSError, RuntimeError, SyntaxError, TypeError, ValueError)
"""What Ultralytics raises for a data set that is not there or not right."""
_OF_THE_RUN = frozenset({"mode", "task", "project", "name", "save_dir", "exist_ok", "resume", "save", "time"})


def train_arguments(run: Run) -> dict[str, Any]:
    """Return what a run passes to ``YOLO(...).train``, places aside.

    Raises:
        InputError: If the recipe does not exist, or an argument is unknown or given by the plan.
    """
    recipe = recipe_arguments(run.recipe)
    _check_arguments(recipe.keys() - {"batch"} | run.extra.keys())
    batch = {} if run.batch is None else {"batch": run.batch}
    fixed = {"epochs": run.epochs, "imgsz": run.imgsz, "seed": run.seed, **batch}
    return {"plots": False, **recipe, **fixed, **run.extra}


def _check_arguments(keys: Set[str]) -> None:
    if fixed := sorted(keys & _OF_THE_PLAN):
        raise InputError(f"{', '.join(fixed)}: given by the plan or its option, not as a further training argument")
    if wrong := sorted(keys & _OF_THE_RUN | keys - DEFAULT_CFG_DICT.keys()):
        raise InputError(f"{', '.join(wrong)}: no argument of yolo train that a plan may give")


def identity_of(run: Run) -> dict[str, Any]:
    """Return a run's identity but for its data: name and content of the model, and the arguments that shape it.

    Raises:
        FileNotFoundError: If the model does not exist.
        InputError: If the recipe or an argument is wrong.
    """
    arguments = {key: value for key, value in train_arguments(run).items() if key not in _OF_A_MACHINE}
    return {
        "model": Path(run.model).name,
        "model_sha256": model_hash(run.model),
        "arguments": json.loads(json.dumps(arguments, sort_keys=True, default=str)),
    }


@cache
def model_hash(model: str) -> str:
    """Return the SHA-256 of a model: of a checkpoint's bytes, or of a YAML's content whatever its comments and order.

    A checkpoint that is to be downloaded has no hash yet and gives an empty string.

    Raises:
        FileNotFoundError: If there is no such YAML.
    """
    if Path(model).suffix not in {".yaml", ".yml"}:
        file = pretrained.find(model) or Path(model)
        return sha256(file) if file.is_file() else ""
    content = {key: value for key, value in yaml_model_load(model).items() if key != "yaml_file"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@cache
def data_of(data: str) -> Mapping[str, Any]:
    """Return the identity of a data set, its hashes among it where it has any; its name alone if it is not here."""
    try:
        checked = check_det_dataset(data, autodownload=False)
        return data_identity(data, Path(checked["path"]), checked["train"])
    except _WRONG_DATA:
        return {"yaml": Path(data).name}


def make_data(data: str) -> str:
    """Let Ultralytics fetch or generate a data set that is not here; return what is wrong with it, or ''."""
    try:
        checked = check_det_dataset(data)
        training_list(Path(checked["path"]), checked["train"])  # Ultralytics looks for the pictures of val alone
    except _WRONG_DATA as error:
        return str(error)
    data_of.cache_clear()
    return ""


def check_here(run: Run, requested: Mapping[str, Any]) -> None:
    """Refuse a run on a machine that has another model or other data than the one that made the plan.

    Raises:
        InputError: If the data set is not here, or something differs from the identity there, ``requested``.
    """
    where = platform.node()
    try:
        check_det_dataset(run.data, autodownload=False)
    except _WRONG_DATA as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{where} does not see the data set {run.data}: {reason}") from error
    existing = {**identity_of(run), "data": data_of(run.data)}
    if lost := sorted(requested["data"].keys() - existing["data"].keys()):
        raise InputError(f"{where}: {run.data} is another data set than on the machine that asks: it has no {lost[0]}")
    if wrong := differences(existing, requested):
        raise InputError(f"{where} differs from the machine that asks: {'; '.join(wrong)}")


def differences(existing: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    """Say, a line each, in what an existing training differs from the one that a plan asks for.

    Both are identities of runs; hashes of data are compared only where both sides know them.
    """
    before, now = existing.get("arguments", {}), requested["arguments"]
    arguments = [
        f"{key} was {before.get(key, 'not set')}, the plan says {now.get(key, 'nothing')}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    return [
        *_model_differences(existing, requested),
        *arguments,
        *_data_differences(existing.get("data", {}), requested["data"]),
    ]


def _model_differences(existing: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    if existing.get("model") != requested["model"]:
        return [f"model was {existing.get('model')}, the plan says {requested['model']}"]
    changed = existing.get("model_sha256") != requested["model_sha256"]
    return [f"{requested['model']} has changed since"] if changed else []


def _data_differences(existing: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    if existing.get("yaml") != requested.get("yaml"):
        return [f"data was {existing.get('yaml')}, the plan says {requested.get('yaml')}"]
    changed = [
        f"{key} of {requested['yaml']} was {existing[key][:12]}, now it is {requested[key][:12]}"
        for key in ("data_sha256", "split_sha256", "train_sha256")
        if key in existing and key in requested and existing[key] != requested[key]
    ]
    before, now = (data.get("images", {}).get("train") for data in (existing, requested))
    if not changed and None not in (before, now) and before != now:
        changed = [f"{requested['yaml']} had {before} training pictures, now it has {now}"]
    return changed
