"""The ledger: JSON entries of trainings and measurements, in a folder for each kind, beside the evidence of trainings.

The folders are ``trainings/PLAN``, ``trials``, ``inspections``, ``speed``, ``certificates`` and ``data``; entries that
lie in none, as older releases wrote them, are read too. An entry is found by its name, which no other has. What an
entry does not know is absent from it. ``verify`` computes the figures of a training again from its evidence; what has
none (times, sizes, leaks), and a figure that was edited together with the difference recorded for it, is guarded by
git alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path, PureWindowsPath
from typing import Any

from lidd_yolo.files import one_at_a_time, sha256, write_beside

LEDGER = Path("benchmarks/results")
"""Where commands look for it."""
RUN_FILE = "run.json"
"""What ``lidd compare`` writes into the folder of each run, whose name is the entry's."""
_FOLDERS = ("trainings", "trainings/*", "trials", "inspections", "speed", "certificates", "data")
_TRAINING = frozenset({"model", "data", "arguments", "results"})
_ROUNDING = 2e-5  # of two numbers of five digits
_UNRECORDED = 0.01  # of older entries: what the detections behind the 100 surest of a picture may change a figure by


def read_ledger(folder: Path, pattern: str = "*") -> list[dict[str, Any]]:
    """Return the entries whose name matches a glob pattern, in the order of their names.

    Of several patterns, with spaces between them, the entries of the first come first, then further ones of the next.

    Raises:
        ValueError: If a file is not an entry, or two have one name; names them.
    """
    files = [file for part in pattern.split() for file in _files(folder, f"{part}.json")]
    return [_read_entry(file) for file in dict.fromkeys(files)]


def find_file(folder: Path, name: str) -> Path:
    """Return the place of an entry or evidence file of this name; if there is none, one that does not exist."""
    return next((place / name for place in _places(folder) if (place / name).is_file()), folder / name)


def _files(folder: Path, pattern: str) -> list[Path]:
    files = sorted((file for place in _places(folder) for file in place.glob(pattern)), key=lambda file: file.name)
    for one, other in pairwise(files):
        if one.name == other.name:
            raise ValueError(f"{one} and {other} have one name: remove one")
    return files


def _places(folder: Path) -> list[Path]:
    return [folder, *(place for part in _FOLDERS for place in sorted(folder.glob(part)) if place.is_dir())]


def _read_entry(file: Path) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        entry["results"], entry["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a ledger entry: {error!r}") from error
    return entry


def append(entry: Mapping[str, Any], folder: Path, files: Mapping[str, Path] | None = None) -> Path:
    """Write an entry and the files it names into the ledger: where its name is already, else into its kind's folder.

    Every file is written beside its place and renamed; who writes another entry meanwhile waits. A kill between two of
    the steps leaves what ``verify`` reports; writing the entry again puts it right.

    Args:
        entry: Plain numbers, strings, lists and dictionaries; ``name`` becomes the file's name.
        folder: Ledger; made if it does not exist.
        files: Name in the ledger -> file to copy: what the entry's ``evidence`` names.

    Returns:
        The entry's file.

    Raises:
        ValueError: If a name is no plain file name, a number is not finite, or a file that the entry names is missing
            or has another hash.
        TypeError: If the entry holds something that JSON cannot.
    """
    contents = {_checked(file): source.read_bytes() for file, source in (files or {}).items()}
    name = _checked(str(entry["name"]))
    data = (json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    if wrong := _wrong_evidence(entry, {file: hashlib.sha256(c).hexdigest() for file, c in contents.items()}):
        raise ValueError(f"entry {name}: {wrong[0]}: pass the file that was recorded")
    kind = folder / _kind(entry)
    folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder):  # or two of one name could mix entry and evidence
        target = find_file(folder, f"{name}.json")
        if not target.is_file():
            target = kind / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        for place, content in {**{target.with_name(file): c for file, c in contents.items()}, target: data}.items():
            with write_beside(place) as beside:
                beside.write_bytes(content)
    return target


def _kind(entry: Mapping[str, Any]) -> str:
    """Return the folder of a new entry; plans named ``trial...`` are trials."""
    if entry.keys() >= _TRAINING:
        plan = str(entry.get("plan", ""))
        return "trials" if plan.startswith("trial") else f"trainings/{_checked(plan) if plan else ''}"
    kind = str(entry["name"]).partition("-")[0]
    folders = {"certificate": "certificates", "data": "data", "leak": "data", "inspection": "inspections"}
    return folders.get(kind, "speed")


def verify(folder: Path) -> list[str]:
    """Compute the figures of every entry again from its evidence, and compare the hashes of the evidence.

    Returns:
        One sentence for each thing that is wrong: entry, figure, the value stated and the value computed, or the file
        that is missing or another one; empty if all is right.

    Raises:
        ValueError: If a file is not an entry, or two have one name.
    """
    return [finding for entry in read_ledger(folder) for finding in _findings(entry, folder)]


def without_evidence(folder: Path) -> list[str]:
    """Return the names of the entries whose figures do not follow from evidence, with the split if it is one of two."""
    return [
        f"{entry['name']} ({', '.join(bare)})" if entry.get("evidence") else entry["name"]
        for entry in read_ledger(folder)
        if (bare := [split for split in entry["results"] if split not in entry.get("evidence", {})])
    ]


def _findings(entry: Mapping[str, Any], folder: Path) -> Iterator[str]:
    from lidd_yolo.results.evidence import Evidence, named_figures  # noqa: PLC0415 - loads NumPy; reading entries does not

    files = {split: find_file(folder, named["file"]) for split, named in entry.get("evidence", {}).items()}
    hashes = {file.name: sha256(file) for file in files.values() if file.is_file()}
    yield from (
        f"{entry['name']}: {wrong}: restore it from git or record the entry again"
        for wrong in _wrong_evidence(entry, hashes)
    )
    for split, file in files.items():
        if not file.is_file():
            continue
        stated = entry["results"].get(split, {})
        try:
            computed = named_figures(Evidence.load(file), stated)
        except ValueError as error:
            yield f"{entry['name']}: {error}"
            continue
        numbers, recorded = dict(_single(stated)), dict(_single(entry["evidence"][split].get("difference", {})))
        for key, value in _single(computed):
            if key in numbers and not _follows(numbers[key], value, recorded.get(key)):
                yield f"{entry['name']}: {split} {key} is {numbers[key]} in the entry, {value:.5f} from its evidence"


def _follows(stated: float, computed: float, recorded: float | None) -> bool:
    """Tell whether a figure is what its evidence gives, but for the difference there was when it was recorded."""
    apart = computed - stated
    return abs(apart) <= _UNRECORDED if recorded is None else abs(apart - recorded) <= _ROUNDING


def _single(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield every figure with its key, those of classes as ``key class``."""
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from ((f"{key} {name}", number) for name, number in _single(value))
        elif isinstance(value, float | int):
            yield key, value


def _wrong_evidence(entry: Mapping[str, Any], hashes: Mapping[str, str]) -> list[str]:
    """Say which files that an entry names are missing or other ones, given the hashes of those there are."""
    wrong = []
    for named in entry.get("evidence", {}).values():
        digest = hashes.get(named["file"])
        if digest != named["sha256"]:
            wrong.append(f"{named['file']} {'has another hash' if digest else 'does not exist'}")
    return wrong


def _checked(name: str) -> str:
    if name.startswith(".") or PureWindowsPath(name).name != name or not name:
        raise ValueError(f"{name!r} cannot be the name of a file in the ledger")
    return name


def append_measurement(
    ledger: Path,
    name: str,
    results: Mapping[str, Any],
    *,
    threads: int | None = None,
    device: str = "",
    **facts: Any,
) -> Path:
    """Write measured times and further facts into the ledger and return the entry's file.

    Args:
        ledger: Folder of the ledger.
        name: Name of the entry.
        results: What was measured.
        threads: Threads of an operator; None for torch's present number.
        device: What torch calls the device, which the entry then says; empty where it can be a CPU alone.
        facts: What else the entry says.
    """
    from lidd_yolo.results.machine import commit, describe_machine  # noqa: PLC0415 - loads torch

    entry = {
        "name": name,
        "date": datetime.now(timezone.utc).date().isoformat(),
        **facts,
        **({"device": device} if device else {}),
        "results": results,
        "commit": commit(Path(__file__).parent),
        "machine": {**describe_machine(device), **({"threads": threads} if threads else {})},
    }
    return append(entry, ledger)
