"""A ZIP archive from elsewhere unpacked so that it cannot write outside its folder or fill the disk.

Own work. Everything is judged by the archive's list before the first byte is written: names that leave the folder,
links, sizes, names that are there twice. What is refused is refused as a whole.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

MAX_UNPACKED = 1 << 30
"""Largest sum of the files' sizes unless said otherwise, in bytes."""
MAX_FILES = 100_000
"""Largest number of entries."""


def unpack(archive: Path, folder: Path, wanted: Sequence[str], *, limit: int = MAX_UNPACKED) -> int:
    """Unpack some folders of an archive whose entries all lie in one outer folder, as GitHub makes them.

    Args:
        archive: The ZIP file.
        folder: Where to put them, without the outer folder.
        wanted: Folders below the outer one, with ``/`` between their parts.
        limit: Largest sum of the sizes of all that is unpacked, in bytes.

    Returns:
        Number of files.

    Raises:
        ValueError: If the archive is damaged, too large, encrypted, or names a place outside ``folder``; nothing may
            have been written then.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen = _chosen(archive, opened.infolist(), wanted)
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


def _chosen(archive: Path, infos: Sequence[zipfile.ZipInfo], wanted: Sequence[str]) -> dict[str, zipfile.ZipInfo]:
    """Return the wanted files by their place below the outer folder.

    Raises:
        ValueError: If any entry, wanted or not, names a place outside, or a wanted one is no plain file.
    """
    if len(infos) > MAX_FILES:
        raise ValueError(f"{archive}: it has {len(infos)} entries, more than {MAX_FILES}")
    folders = [PurePosixPath(name).parts for name in wanted]
    chosen: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # The name as it is in the file: zipfile itself replaces and cuts some.
        name = info.orig_filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or any(sign in name for sign in "\\:\0"):
            raise ValueError(f"{archive}: the entry {name!r} lies outside the archive; nothing is unpacked")
        inner = parts[1:]
        if info.is_dir() or not any(inner[: len(folder)] == folder for folder in folders):
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        place = "/".join(inner)
        if kind not in (0, stat.S_IFREG) or place in chosen:
            reason = "is there twice" if place in chosen else "is no plain file"
            raise ValueError(f"{archive}: the entry {name!r} {reason}; nothing is unpacked")
        chosen[place] = info
    return chosen
