"""A file fetched over the network: whole or not at all, with progress, a size limit and one clear message on failure.

Own work; standard library only.
"""

from __future__ import annotations

import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_CHUNK = 1 << 20
_TIMEOUT = 60  # seconds without a byte
_TOLD = 16  # chunks between two lines of progress
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
            for chunk in _told(_chunks(answer), file.name, stated):
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


def _told(chunks: Iterator[bytes], name: str, total: int) -> Iterator[bytes]:
    """Yield the chunks and say on stderr how much is there, in one moving line on a terminal."""
    done, moving = 0, sys.stderr.isatty()
    of_total = f" of {total / 1e6:.1f}" if total else ""
    for number, chunk in enumerate(chunks):
        done += len(chunk)
        yield chunk
        if moving or number % _TOLD == 0:
            line = f"fetching {name}: {done / 1e6:.1f}{of_total} MB"
            sys.stderr.write(f"\r{line}" if moving else f"{line}\n")
            sys.stderr.flush()
    if moving and done:
        sys.stderr.write("\n")
