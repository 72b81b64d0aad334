"""A file fetched over the network: whole or not at all, with progress, a size limit and one clear message on failure.

Standard library only.
"""

from __future__ import annotations

import http.client
import os
import shutil
import stat
import sys
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from lidd_yolo.files import sha256
from lidd_yolo.progress import progress

_CHUNK = 1 << 20
_TIMEOUT = 60  # seconds without a byte
_CHUNKS_A_LINE = 16  # chunks between two lines of progress
MAX_BYTES = 2 << 30
"""Largest file fetched unless said otherwise, in bytes."""


def fetch(url: str, file: Path, *, limit: int = MAX_BYTES) -> None:
    """Fetch a file; what is not complete is removed.

    Args:
        url: ``http`` or ``https``.
        file: Where to put it; replaced if it exists, on success only.
        limit: Largest size in bytes.

    Raises:
        ConnectionError: If it cannot be fetched; names address and reason.
        ValueError: If the address is of another kind, or the file is larger than ``limit``.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url}: only http and https addresses are fetched")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "lidd-yolo"})
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, part.open("wb") as out:
            stated = int(answer.headers.get("Content-Length") or 0)
            _check_size(url, stated, limit)
            done = 0
            for chunk in _with_progress(_chunks(answer), file.name, stated):
                done += len(chunk)
                _check_size(url, done, limit)
                out.write(chunk)
        if stated and done != stated:
            raise ConnectionError(f"{url}: it ended after {done} of {stated} bytes; try again")
        part.replace(file)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(f"{url} cannot be fetched ({reason}); is there a network?") from error
    finally:
        part.unlink(missing_ok=True)


def _check_size(url: str, size: int, limit: int) -> None:
    if size > limit:
        raise ValueError(f"{url}: it is larger than {limit} bytes")


def _chunks(answer: IO[bytes]) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK):
        yield chunk


def _with_progress(chunks: Iterator[bytes], name: str, total: int) -> Iterator[bytes]:
    """Yield the chunks and say on stderr how much is there, in one moving line on a terminal."""
    done, moving = 0, sys.stderr.isatty()
    of_total = f" of {total / 1e6:.1f}" if total else ""
    for number, chunk in enumerate(chunks):
        done += len(chunk)
        yield chunk
        if moving or number % _CHUNKS_A_LINE == 0:
            line = f"fetching {name}: {done / 1e6:.1f}{of_total} MB"
            sys.stderr.write(f"\r{line}" if moving else f"{line}\n")
            sys.stderr.flush()
    if moving and done:
        sys.stderr.write("\n")


MAX_UNPACKED = 1 << 30
"""Largest sum of the files' sizes unless said otherwise, in bytes."""
MAX_FILES = 100_000
"""Largest number of entries."""


def unpack(archive: Path, folder: Path, folders: Sequence[str], *, limit: int = MAX_UNPACKED) -> int:
    """Unpack some folders of an archive whose entries all lie in one outer folder, as GitHub makes them.

    Args:
        archive: The ZIP file.
        folder: Where to put them, without the outer folder.
        folders: Folders below the outer one, with ``/`` between their parts.
        limit: Largest sum of the sizes of all that is unpacked, in bytes.

    Returns:
        Number of files.

    Raises:
        ValueError: If the archive is damaged, too large, encrypted, or names a place outside ``folder``; nothing may
            have been written then.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen = _chosen(archive, opened.infolist(), folders)
            total = sum(info.file_size for info in chosen.values())
            if total > limit:
                raise ValueError(f"{archive}: unpacked it would have {total} bytes, more than {limit}")
            for place, info in chosen.items():
                goal = folder / place
                goal.parent.mkdir(parents=True, exist_ok=True)
                # Reading stops at the size that was stated and judged, whatever follows.
                with opened.open(info) as source, goal.open("xb") as out:
                    shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{archive}: it cannot be unpacked ({error})") from error
    return len(chosen)


def _chosen(archive: Path, infos: Sequence[zipfile.ZipInfo], folders: Sequence[str]) -> dict[str, zipfile.ZipInfo]:
    """Return the files of some folders by their place below the outer folder.

    ``ValueError`` if any entry, chosen or not, names a place outside, or a chosen one is no plain file.
    """
    if len(infos) > MAX_FILES:
        raise ValueError(f"{archive}: it has {len(infos)} entries, more than {MAX_FILES}")
    heads = [PurePosixPath(name).parts for name in folders]
    chosen: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # The name as it is in the file: zipfile itself replaces and cuts some.
        name = info.orig_filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or any(sign in name for sign in "\\:\0"):
            raise ValueError(f"{archive}: the entry {name!r} lies outside the archive; nothing is unpacked")
        inner = parts[1:]
        if info.is_dir() or not any(inner[: len(head)] == head for head in heads):
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        place = "/".join(inner)
        if kind not in (0, stat.S_IFREG) or place in chosen:
            reason = "is there twice" if place in chosen else "is no plain file"
            raise ValueError(f"{archive}: the entry {name!r} {reason}; nothing is unpacked")
        chosen[place] = info
    return chosen


@dataclass(frozen=True)
class Verification:
    """What a comparison found: number of files that are as listed, and the places of the others below the folder."""

    equal: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def read_checksums(file: Path) -> dict[str, str]:
    """Return the SHA-256, in small letters, of each file of a list; ``ValueError`` if a line has another form."""
    listed = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        value, _, place = line.partition("  ")
        if len(value) != 64 or not place or set(value) - set("0123456789abcdef"):
            raise ValueError(f"{file}, line {number}: no line of sha256sum")
        listed[place] = value
    return listed


def verify_files(folder: Path, listed: Mapping[str, str]) -> Verification:
    """Compare all files below a folder with a list: SHA-256 of each, by its place below ``folder``."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    both = sorted(found.keys() & listed.keys())
    changed = [place for place in progress(both, len(both), "verifying") if sha256(found[place]) != listed[place]]
    return Verification(
        len(both) - len(changed),
        tuple(changed),
        tuple(sorted(listed.keys() - found.keys())),
        tuple(sorted(found.keys() - listed.keys())),
    )
