"""Parity certificates of ``lidd export`` as files: read, checked to be one, compared with the files they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Certificate = Mapping[str, Any]

_PARTS = {"weights": ("file", "sha256"), "fold": ("passed",), "formats": ()}
AS_CERTIFIED, CHANGED, ELSEWHERE = "as certified", "changed since", "not beside the certificate"


def read_certificate(file: Path) -> Certificate:
    """Return what a certificate says.

    Args:
        file: ``best.parity.json``.

    Raises:
        ValueError: If it is no certificate; names the file and what is wrong with it.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"{file}: no JSON: {error}") from error
    if wrong := _wrong(content):
        raise ValueError(f"{file}: no certificate of lidd export: {wrong}")
    found: Certificate = content
    return found


def _wrong(content: Any) -> str:
    if not isinstance(content, dict):
        return "it holds no object"
    for part, keys in _PARTS.items():
        if not isinstance(content.get(part), dict):
            return f"'{part}' is missing"
        if missing := [key for key in keys if key not in content[part]]:
            return f"'{part}' has no '{missing[0]}'"
    bad = [name for name, entry in content["formats"].items() if not isinstance(entry, dict) or "passed" not in entry]
    return f"'{bad[0]}' of its formats does not say whether it passed" if bad else ""


def file_states(file: Path, certificate: Certificate) -> dict[str, dict[str, tuple[str, str]]]:
    """Return hash and state of every file that a certificate names.

    Args:
        file: The certificate; the files are looked for beside it.
        certificate: What it says.

    Returns:
        ``weights`` or the format -> file -> SHA-256 and `AS_CERTIFIED`, `CHANGED` or `ELSEWHERE`.
    """
    weights = certificate["weights"]
    named = {"weights": {weights["file"]: weights["sha256"]}}
    named |= {name: entry["files"] for name, entry in certificate["formats"].items() if entry.get("files")}
    return {
        part: {name: (digest, _state(file.parent / name, digest)) for name, digest in files.items()}
        for part, files in named.items()
    }


def _state(path: Path, digest: str) -> str:
    if not path.is_file():
        return ELSEWHERE
    return AS_CERTIFIED if hashlib.sha256(path.read_bytes()).hexdigest() == digest else CHANGED
