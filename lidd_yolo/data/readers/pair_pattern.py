"""A pattern that says which annotation file belongs to which picture, where folders and names do not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lidd_yolo.data.readers.data_yaml import PICTURES
from lidd_yolo.data.readers.layout import Pairing, list_files
from lidd_yolo.errors import InputError

_FIELD = re.compile(r"\{([A-Za-z_]\w*)\}")
_FOLDER = "folder"


class PairPattern:
    """``{folder}/{stem}_test.jpg = {folder}_not/{stem}.txt``: pictures, and the annotation file that each of them has.

    Places are those below the source folder, with ``/``. ``{folder}`` stands for one folder or for several, any other
    word in braces for a part of a name; a picture that does not fit is none of the data set.

    Raises:
        InputError: If the text is not so, or a word stands on the right alone.
    """

    def __init__(self, text: str) -> None:
        sides = [side.strip() for side in text.split("=")]
        words = [set(_FIELD.findall(side)) for side in sides]
        example = "write PICTURE = ANNOTATION, such as '{folder}/{stem}_test.jpg = {folder}_not/{stem}.txt'"
        if len(sides) != 2 or not all(sides) or not words[0]:
            raise InputError(f"--pair {text!r}: {example}")
        if alone := words[1] - words[0]:
            raise InputError(f"--pair {text!r}: {{{min(alone)}}} stands on the right alone; {example}")
        for side in sides:
            if re.search(r"[{}]", _FIELD.sub("", side)):
                raise InputError(f"--pair {text!r}: a brace without its partner; {example}")
        self._picture, self._label = (_expression(side) for side in sides)
        self._label_text = sides[1]

    def pair(self, source: Path, endings: Iterable[str]) -> tuple[Pairing, list[Path]]:
        """Return which annotation file with one of some endings belongs to which picture; and pictures that do not fit.

        A file that two pictures fit belongs to none.
        """
        labels = [path for path in list_files(source, endings) if self._label.fullmatch(_below(path, source))]
        known = frozenset(labels)
        pictures = [path for path in list_files(source, PICTURES) if path not in known]
        pairing, others = Pairing({}, {path: [] for path in labels}), []
        for picture in pictures:
            if (match := self._picture.fullmatch(_below(picture, source))) is None:
                others.append(picture)
                continue
            label = source / _FIELD.sub(lambda field, words=match: words[field[1]], self._label_text)  # type: ignore[misc]
            pairing.labels[picture] = None
            if label in known:
                pairing.alone[label].append(picture)
        for label, named in list(pairing.alone.items()):
            if len(named) == 1:
                pairing.labels[named[0]] = label
                del pairing.alone[label]
        return pairing, others


def _expression(side: str) -> re.Pattern[str]:
    """Return a regular expression for the places that fit one side."""
    known: set[str] = set()
    parts = []
    for number, part in enumerate(_FIELD.split(side)):
        if number % 2 == 0:
            parts.append(re.escape(part))
        elif part in known:
            parts.append(f"(?P={part})")
        else:
            known.add(part)
            parts.append(f"(?P<{part}>{'.+' if part == _FOLDER else '[^/]+'})")
    return re.compile("".join(parts))


def _below(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix()
