"""The ledger: a folder of JSON entries, and a chain of their hashes that shows when one was changed afterwards.

``CHAIN.jsonl`` has a line for each time an entry was written: its name, the SHA-256 of its file's bytes and
the SHA-256 of the chain's line before (without the line break; empty for the first line). The chain only grows; of
several lines with one name the last counts. It shows careless and single edits. Someone who writes the whole chain
anew, or cuts its end off together with the entries, is found by comparing with the git history alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path, PureWindowsPath
from typing import Any

from filelock import FileLock

from lidd_yolo.files import write_beside

CHAIN = "CHAIN.jsonl"
"""File beside the entries, a line for each entry written."""
_LOCK = ".lock"


def read_ledger(folder: Path, pattern: str = "*") -> list[dict[str, Any]]:
    """Return the entries whose file name matches a glob pattern, in the order of their names.

    Args:
        folder: The ledger.
        pattern: Or several with spaces between them: the entries of the first, then further ones of the next.

    Raises:
        ValueError: If a file is not an entry; names it.
    """
    files = [file for part in pattern.split() for file in sorted(folder.glob(f"{part}.json"))]
    return [_read_entry(file) for file in dict.fromkeys(files)]


def _read_entry(file: Path) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        entry["results"], entry["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not a ledger entry: {error!r}") from error
    return entry


def append(entry: Mapping[str, Any], folder: Path, files: Mapping[str, Path] | None = None) -> Path:
    """Write an entry and the files it names into the ledger, then its line into the chain.

    Other processes that write into the same folder wait. Every file is written beside its place and renamed. A kill
    between two of the steps leaves what ``verify`` reports; writing the entry again puts it right.

    Args:
        entry: Plain numbers, strings, lists and dictionaries; ``name`` becomes the file's name. The written entry has
            the chain's hash besides, as ``previous``.
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
    _to_bytes(entry)  # what cannot be written must not leave a trace
    if wrong := _wrong_evidence(entry, {file: _sha256(content) for file, content in contents.items()}):
        raise ValueError(f"entry {name}: {wrong[0]}: pass the file that was recorded")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.json"
    with FileLock(folder / _LOCK), (folder / CHAIN).open("a+b") as chain:
        lines = _whole_lines(chain)
        previous = _sha256(lines[-1]) if lines else ""
        data = _to_bytes({**entry, "previous": previous})
        for file, content in contents.items():
            _put(folder / file, content)
        _put(target, data)
        _extend(chain, name, data, previous)
    return target


def verify(folder: Path) -> list[str]:
    """Compare every entry and every file it names with the chain, and the chain with itself.

    Nothing is locked, so that a ledger that may only be read can be checked: not while entries are being written.

    Returns:
        One sentence for each thing that is wrong: the file, what is wrong and what to do; empty if all is right.
    """
    if not (folder / CHAIN).is_file():
        return [f"{CHAIN} does not exist in {folder}: restore it from git"]
    lasts, findings = _check_chain((folder / CHAIN).read_bytes())
    files = {file.stem: file for file in sorted(folder.glob("*.json"))}
    for name, line in lasts.items():
        if name not in files:
            findings.append(f"{name}.json does not exist, but {CHAIN} names it: restore it from git")
        else:
            findings += _check_entry(files[name], line)
    findings += [
        f"{file.name} has no line in {CHAIN}: it was added by hand or its writing was killed; record it again"
        for name, file in files.items()
        if name not in lasts
    ]
    return findings


def _check_chain(text: bytes) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return the last line of every name, and what is wrong with the chain itself."""
    lasts: dict[str, dict[str, str]] = {}
    findings: list[str] = []
    *lines, rest = text.split(b"\n")
    previous = ""
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if row["previous"] != previous:
                findings.append(
                    f"{CHAIN} line {number} does not follow from the line before: a line was changed, removed or put "
                    "in; restore the file from git"
                )
            lasts[row["name"]] = {"sha256": row["sha256"], "previous": row["previous"]}
        except (ValueError, KeyError, TypeError):
            findings.append(f"{CHAIN} line {number} cannot be read: restore the file from git")
        previous = _sha256(line)
    if rest:
        findings.append(f"{CHAIN} ends in half a line, its writing was killed: record the missing entry again")
    return lasts, findings


def _check_entry(file: Path, line: Mapping[str, str]) -> list[str]:
    data = file.read_bytes()
    if _sha256(data) != line["sha256"]:
        return [
            f"{file.name} is not what {CHAIN} says: it was edited, or its writing was killed; restore it from git or "
            "record it again"
        ]
    entry = json.loads(data)
    findings = []
    if entry.get("previous", line["previous"]) != line["previous"]:
        findings.append(f"{file.name} names another entry before it than {CHAIN}: restore both from git")
    named = [file.parent / evidence["file"] for evidence in entry.get("evidence", {}).values()]
    hashes = {path.name: _sha256(path.read_bytes()) for path in named if path.is_file()}
    return findings + [
        f"{file.name}: {wrong}: restore it from git or record the entry again"
        for wrong in _wrong_evidence(entry, hashes)
    ]


def _wrong_evidence(entry: Mapping[str, Any], hashes: Mapping[str, str]) -> list[str]:
    """Say which files that an entry names are missing or other ones, given the hashes of those there are."""
    wrong = []
    for named in entry.get("evidence", {}).values():
        found = hashes.get(named["file"])
        if found != named["sha256"]:
            wrong.append(f"{named['file']} {'has another hash' if found else 'does not exist'}")
    return wrong


def _whole_lines(chain: Any) -> list[bytes]:
    """Return the chain's lines; half a line at the end, left by a kill, never counted and is cut off."""
    chain.seek(0)
    text = chain.read()
    whole = text.rfind(b"\n") + 1
    if whole != len(text):
        chain.truncate(whole)
    return list(text[:whole].split(b"\n")[:-1])


def _extend(chain: Any, name: str, data: bytes, previous: str) -> str:
    """Write a line at the chain's end and return its hash."""
    line = json.dumps({"name": name, "sha256": _sha256(data), "previous": previous}, ensure_ascii=False).encode()
    chain.write(line + b"\n")
    chain.flush()
    os.fsync(chain.fileno())
    return _sha256(line)


def _put(target: Path, data: bytes) -> None:
    """Write a file beside its place, then rename it, so that no half-written one can exist."""
    with write_beside(target) as beside:
        beside.write_bytes(data)


def _checked(name: str) -> str:
    if name.startswith(".") or PureWindowsPath(name).name != name or name in {"", CHAIN}:
        raise ValueError(f"{name!r} cannot be the name of a file in the ledger")
    return name


def _to_bytes(entry: Mapping[str, Any]) -> bytes:
    return (json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def keep(
    ledger: Path,
    name: str,
    results: Mapping[str, Any],
    *,
    threads: int | None = None,
    device: str = "",
    **facts: Any,
) -> Path:
    """Write measured times into the ledger and return the entry's file.

    Args:
        ledger: Folder of the ledger.
        name: Name of the entry.
        results: What was measured.
        threads: Threads of an operator; None for torch's present number.
        device: What torch calls the device that it was measured on, which the entry then says, with a GPU's name;
            empty where it can be a CPU alone.
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
