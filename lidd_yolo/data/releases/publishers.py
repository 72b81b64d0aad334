"""Releases fetched from the repositories of their publishers, at one commit, every listed file verified.

The checksums beside this file cover the part of each release that was at hand when they were made: 3 060 of
NEU-DET's files and 5 664 of the 8 940 of NEU-Seg. The others come from the same commit over HTTPS and are counted as
not verified.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from lidd_yolo.data.releases.download import Verification, fetch, read_checksums, unpack, verify_files
from lidd_yolo.files import all_or_nothing, check_new

_CHECKSUMS = Path(__file__).resolve().parent / "checksums"
_SHOWN = 3


class Publisher(NamedTuple):
    """Where a release is published: owner and name on GitHub, commit, folders to unpack, packaged checksums."""

    repository: str
    commit: str
    folders: tuple[str, ...]
    lists: tuple[str, ...]

    @property
    def address(self) -> str:
        """Archive of the commit."""
        return f"https://github.com/{self.repository}/archive/{self.commit}.zip"

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


def download_release(publisher: Publisher, folder: Path, address: str | None = None) -> Verification:
    """Fetch a release into a folder, complete or not there; one that is there is verified again and left as it is.

    ``address`` is where to fetch the archive instead of the publisher's.

    Raises:
        ConnectionError: If the archive cannot be fetched.
        FileExistsError: If ``folder`` holds something else.
        ValueError: If the archive is damaged or dangerous, or a listed file differs or is missing.
    """
    if any((folder / name).is_dir() for name in publisher.folders):
        return _checked(folder, publisher, f"{folder}: remove it to fetch the release again")
    check_new(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
        archive = Path(place) / f"{folder.name}.zip"
        fetch(address or publisher.address, archive)
        with all_or_nothing(folder) as made:
            unpack(archive, made, publisher.folders)
            return _checked(made, publisher, "nothing is kept")


def _checked(folder: Path, publisher: Publisher, remedy: str) -> Verification:
    """Return what the comparison with the lists found; ``ValueError`` if a listed file differs or is missing."""
    found = verify_files(folder, publisher.checksums())
    wrong = [*(f"{place} differs" for place in found.changed), *(f"{place} is missing" for place in found.missing)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ValueError(
            f"the release is not the one of {publisher.repository} at {publisher.commit[:12]}: "
            f"{', '.join(wrong[:_SHOWN])}{more}; {remedy}"
        )
    return found
