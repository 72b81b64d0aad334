"""Releases fetched from the repositories of their publishers, at one commit, every listed file verified.

The checksums beside this file cover the part of each release that was at hand when they were made: 3 060 of
NEU-DET's files and 5 664 of the 8 940 of NEU-Seg. The others come from the same commit over HTTPS and are counted as
not verified. Standard library only.
"""

from __future__ import annotations

import http.client
import lzma
import shutil
import stat
import struct
import sys
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from lidd_yolo.files import all_or_nothing, check_new, sha256, write_beside
from lidd_yolo.progress import progress

_GITHUB = "https://github.com"
_CHECKSUMS = Path(__file__).resolve().parent / "checksums"
_SHOWN = 3  # files that differ
_CHUNK = 1 << 20
_TIMEOUT = 60  # seconds without a byte
_CHUNKS_A_LINE = 16  # chunks between two lines of progress
_MAX_BYTES = 2 << 30  # of an archive
_MAX_UNPACKED = 1 << 30  # bytes of all its files
_MAX_FILES = 100_000
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OverflowError,
    RuntimeError,
    UnicodeDecodeError,
)
"""What zipfile raises for a damaged archive, or for one of a kind that it does not know."""


class Publisher(NamedTuple):
    """Where a release is published: owner and name on GitHub, commit, folders to unpack, packaged checksums."""

    repository: str
    commit: str
    folders: tuple[str, ...]
    lists: tuple[str, ...]

    @property
    def address(self) -> str:
        """Archive of the commit."""
        return f"{_GITHUB}/{self.repository}/archive/{self.commit}.zip"

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of the files that are known."""
        lists = [read_checksums(_CHECKSUMS / f"{name}.sha256") for name in self.lists]
        return {place: value for listed in lists for place, value in listed.items()}


PUBLISHERS: Mapping[str, Publisher] = {
    "neu-det": Publisher(
        "siddhartamukherjee/NEU-DET-Steel-Surface-Defect-Detection",
        "351bee21b56bbf97a1e1d18262bceb202eb7ef41",
        ("IMAGES", "ANNOTATIONS", "Validation_Images", "Validation_Annotations"),
        ("neu-det",),
    ),
    "neu-seg": Publisher(
        "DHW-Master/NEU_Seg",
        "da8cebedb292beca4d101db8c442d5706fac3bfe",
        ("images/training", "images/test", "annotations/training", "annotations/test"),
        ("neu-seg-training", "neu-seg-test"),
    ),
}
"""Publisher of each release that can be fetched."""


class Verification(NamedTuple):
    """What a comparison gave: number of files that are as listed, and the places of the others below the folder."""

    equal: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def download_release(publisher: Publisher, folder: Path) -> Verification:
    """Fetch a release into a folder, complete or not there; one that is there is verified again and left as it is.

    Raises:
        ConnectionError: If the archive cannot be fetched.
        FileExistsError: If ``folder`` holds something else.
        ValueError: If the archive is damaged or dangerous, or a listed file differs or is missing.
    """
    if any((folder / name).is_dir() for name in publisher.folders):
        return _checked(folder, publisher, f"{folder}: remove it to fetch the release again")
    check_new(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with all_or_nothing(folder) as made:
        archive = made / f"{folder.name}.zip"
        fetch(publisher.address, archive)
        unpack(archive, made, publisher.folders)
        archive.unlink()
        return _checked(made, publisher, "nothing is kept")


def _checked(folder: Path, publisher: Publisher, remedy: str) -> Verification:
    """Return how the files compare with the lists; ``ValueError`` if a listed one differs or is missing."""
    done = verify_files(folder, publisher.checksums())
    wrong = [*(f"{place} differs" for place in done.changed), *(f"{place} is missing" for place in done.missing)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ValueError(
            f"the release is not the one of {publisher.repository} at {publisher.commit[:12]}: "
            f"{', '.join(wrong[:_SHOWN])}{more}; {remedy}"
        )
    return done


def fetch(url: str, file: Path) -> None:
    """Fetch a file by HTTP or HTTPS; one that is there is replaced on success only, what is not complete is removed.

    Raises:
        ConnectionError: If it cannot be fetched, or HTTPS leads to what is not encrypted; names address and reason.
        ValueError: If the address is of another kind, or the file is too large.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url}: only http and https addresses are fetched")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "lidd-yolo"})
        with (
            write_beside(file) as part,
            urllib.request.build_opener(_StaysEncrypted).open(request, timeout=_TIMEOUT) as answer,
            part.open("wb") as out,
        ):
            stated = _stated_size(answer.headers.get("Content-Length"))
            _check_size(url, stated)
            done = 0
            for chunk in _with_progress(iter(partial(answer.read, _CHUNK), b""), file.name, stated):
                done += len(chunk)
                _check_size(url, done)
                out.write(chunk)
            if stated and done != stated:
                raise ConnectionError(f"{url}: it ended after {done} of {stated} bytes; try again")
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(f"{url} cannot be fetched ({reason}); is there a network?") from error


class _StaysEncrypted(urllib.request.HTTPRedirectHandler):
    """Follows an HTTPS address to HTTPS ones alone, on every step of the way."""

    def redirect_request(self, req: urllib.request.Request, *args: Any) -> urllib.request.Request | None:
        made = super().redirect_request(req, *args)
        if made is not None and req.type == "https" and made.type != "https":
            raise ConnectionError(f"{req.full_url}: it leads to {made.full_url}, which is not encrypted")
        return made


def _stated_size(text: str | None) -> int:
    """Return the size that a server states; 0 if it states none that is a number."""
    return int(text) if text and text.isdecimal() and len(text) < 20 else 0


def _check_size(url: str, size: int) -> None:
    if size > _MAX_BYTES:
        raise ValueError(f"{url}: it is larger than {_MAX_BYTES} bytes")


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


def unpack(archive: Path, folder: Path, folders: Sequence[str]) -> None:
    """Unpack some folders of a ZIP file whose entries all lie in one outer folder, as GitHub makes them.

    ``folders`` are those below the outer one, with ``/`` between their parts; the outer one is left out.

    Raises:
        ValueError: If the archive is damaged, too large, encrypted, or names a place outside ``folder``; nothing may
            have been written then.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen = _chosen(archive, opened.infolist(), folders)
            total = sum(info.file_size for info in chosen.values())
            if total > _MAX_UNPACKED:
                raise ValueError(f"{archive}: unpacked it would have {total} bytes, more than {_MAX_UNPACKED}")
            for place, info in chosen.items():
                goal = folder / place
                goal.parent.mkdir(parents=True, exist_ok=True)
                # Reading stops at the size that was stated and judged, whatever follows.
                with opened.open(info) as source, goal.open("xb") as out:
                    shutil.copyfileobj(source, out)
    except _DAMAGED as error:
        raise ValueError(f"{archive}: it cannot be unpacked ({error})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{archive}: it cannot be unpacked ({error})") from error  # bz2


def _chosen(archive: Path, infos: Sequence[zipfile.ZipInfo], folders: Sequence[str]) -> dict[str, zipfile.ZipInfo]:
    """Return the files of some folders by their place below the outer folder.

    ``ValueError`` if any entry, chosen or not, names a place outside, or a chosen one is no plain file.
    """
    if len(infos) > _MAX_FILES:
        raise ValueError(f"{archive}: it has {len(infos)} entries, more than {_MAX_FILES}")
    heads = [PurePosixPath(name).parts for name in folders]
    chosen: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # The name as it is in the file: zipfile itself replaces and cuts some.
        name = info.orig_filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or not name.isprintable() or any(sign in name for sign in "\\:"):
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
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    both = sorted(files.keys() & listed.keys())
    changed = [place for place in progress(both, len(both), "verifying") if sha256(files[place]) != listed[place]]
    missing, unlisted = sorted(listed.keys() - files.keys()), sorted(files.keys() - listed.keys())
    return Verification(len(both) - len(changed), tuple(changed), tuple(missing), tuple(unlisted))
