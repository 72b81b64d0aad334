"""Which annotation file belongs to which picture: by folders and names, however a data set lays them out.

Layouts differ in which folder comes first: ``images/train/a.jpg`` with ``labels/train/a.txt``,
``train/images/a.jpg`` with ``train/labels/a.txt``, ``JPEGImages/a.jpg`` with ``Annotations/a.xml``, or everything in
one folder. Without the folders that only say what kind of file they hold, all of these agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lidd_yolo.data.readers.data_yaml import PICTURES

OF_PICTURES = frozenset({"images", "image", "jpegimages", "imgs", "img", "pictures"})
"""Folders, in small letters, that only say that they hold pictures."""
OF_ANNOTATIONS = frozenset(
    {
        "annotations",
        "annotation",
        "labels",
        "label",
        "masks",
        "mask",
        "json",
        "xml",
        "segmentationclass",
        "ground_truth",
    }
)
"""Folders, in small letters, that only say that they hold annotations or masks."""
REPORTS = frozenset({"convert.json", "split.json", "groups.json", "enlarged.json"})
"""Files of our own that are no annotations."""
_SIDES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}

Key = tuple[str, ...]
"""Folders that tell files apart, then the name without its ending."""


def list_files(source: Path, endings: Iterable[str]) -> list[Path]:
    """Return the files below a folder, our reports aside, with one of some endings (dot, small letters), in order."""
    wanted = frozenset(endings)
    found = (path for path in source.rglob("*") if path.suffix.lower() in wanted and path.is_file())
    return sorted(path for path in found if path.name not in REPORTS)


def list_pictures(source: Path) -> list[Path]:
    """Return the pictures below a folder; those in folders of annotations only if there are no others."""
    found = list_files(source, PICTURES)
    return [path for path in found if not in_annotations(path, source)] or found


def in_annotations(path: Path, source: Path) -> bool:
    """Return whether a file below ``source`` lies in a folder that is named as one of annotations."""
    return any(part.lower() in OF_ANNOTATIONS for part in path.relative_to(source).parts[:-1])


def key_of(path: Path, source: Path) -> Key:
    """Return the folders between ``source`` and a file that tell files apart, and its name without ending."""
    *folders, name = path.relative_to(source).parts
    kept = [part for part in folders if part.lower() not in OF_PICTURES | OF_ANNOTATIONS]
    return (*kept, Path(name).stem)


def side_of(key: Key) -> tuple[str, Key]:
    """Return the side of the split that a file's folders name, ``train`` if none, and the key without that folder."""
    for place, part in enumerate(key[:-1]):
        if (side := side_named(part)) is not None:
            return side, (*key[:place], *key[place + 1 :])
    return "train", key


def side_named(word: str) -> str | None:
    """Return the side that a folder's name means, year numbers aside (``val2017``), or None."""
    return _SIDES.get(word.lower().rstrip("0123456789"))


class Pictures:
    """The pictures of a folder, to be found by the keys of their annotation files.

    Args:
        source: Folder that all keys are relative to.
        paths: The pictures.
    """

    def __init__(self, source: Path, paths: Sequence[Path]) -> None:
        self.keys: dict[Path, Key] = {path: key_of(path, source) for path in paths}
        """Key of each picture."""
        self.exact = frozenset(self.keys.values())
        """The keys themselves."""
        self._found: dict[Key, list[Path]] = {}
        for path, key in self.keys.items():
            for known in {key, ("", *side_of(key)[1]), ("", "", key[-1])}:
                self._found.setdefault(known, []).append(path)

    def find(self, *keys: Key) -> list[Path]:
        """Return the pictures that fit the first of some keys for which there are any.

        The whole key is tried first, then without the folder of its side, then the name alone.

        Args:
            keys: Keys that an annotation file may stand for.
        """
        looser = [("", *side_of(key)[1]) for key in keys]
        for key in (*keys, *looser, *(("", "", key[-1]) for key in keys)):
            if key in self._found:
                return self._found[key]
        return []
