"""Folders with one annotation file for each picture: Pascal VOC, labelme, class-index masks, YOLO without a data YAML.

Own work; the formats themselves are in `lidd_yolo.data.formats`, which file belongs to which picture is decided in
`lidd_yolo.data.sources.pairing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_mask
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.sources.item import Item, Size, item_of, kept_item, picture_size
from lidd_yolo.data.sources.pairing import Key, Pictures, in_annotations, key_of, list_files, list_pictures
from lidd_yolo.data.yolo_set import PICTURES
from lidd_yolo.progress import progress

_Read = Callable[[Path, Size], tuple[Annotation | None, list[Problem]]]


def read_voc_folder(source: Path) -> tuple[list[Item], list[Problem]]:
    """Read Pascal VOC: one XML file for each picture, boxes 1-based with the last pixel included."""
    return _read_pairs(source, list_files(source, {".xml"}), read_voc, "XML file")


def read_labelme_folder(source: Path) -> tuple[list[Item], list[Problem]]:
    """Read labelme: one JSON file for each picture."""
    return _read_pairs(source, list_files(source, {".json"}), read_labelme, "JSON file")


def read_mask_folder(source: Path, class_names: Sequence[str]) -> tuple[list[Item], list[Problem]]:
    """Read class-index masks in a folder of their own, ``masks`` or ``annotations`` for example.

    Raises:
        ValueError: If no folder holds masks.
    """
    masks = [path for path in list_files(source, PICTURES) if in_annotations(path, source)]
    if not masks:
        raise ValueError(f"{source}: no masks; they belong into a folder called masks, annotations or labels")
    return _read_pairs(source, masks, lambda path, size: read_mask(path, class_names, size), "mask")


def read_yolo_folder(source: Path, class_names: Sequence[str]) -> tuple[list[Item], list[Problem]]:
    """Read YOLO labels beside or parallel to pictures, without a data YAML; no label file means no defect."""
    texts = [path for path in list_files(source, {".txt"}) if path.name != "classes.txt"]
    return _read_pairs(source, texts, lambda path, size: read_yolo(path, class_names, size), "")


def _read_pairs(source: Path, files: Sequence[Path], read: _Read, kind: str) -> tuple[list[Item], list[Problem]]:
    """Read annotation files of one for each picture.

    Args:
        source: Folder of everything.
        files: The annotation files.
        read: Reads one.
        kind: What a file is called in messages; empty if a picture without one has no defects.
    """
    annotated = frozenset(files)
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in annotated])
    problems: list[Problem] = []
    partner: dict[Path, Path] = {}
    keys = {file: key_of(file, source) for file in files}
    # The surest first: a file in the picture's own folder goes before one of the same name elsewhere.
    for file in sorted(files, key=lambda file: keys[file] not in pictures.exact):
        found = pictures.find(keys[file])
        if len(found) == 1 and found[0] not in partner:
            partner[found[0]] = file
            continue
        again = f"the annotation of {found[0].name} came before" if len(found) == 1 else ""
        reason = again or (f"{len(found)} pictures have its name" if found else "it has no picture")
        problems.append(Problem(file, "", reason, "file left out"))
    items: list[Item] = []
    for picture, key in progress(pictures.keys.items(), len(pictures.keys), "reading"):
        item, wrong = _read_one(picture, key, partner.get(picture), read, kind)
        problems += wrong
        items += [item] if item is not None else []
    return items, problems


def _read_one(picture: Path, key: Key, file: Path | None, read: _Read, kind: str) -> tuple[Item | None, list[Problem]]:
    """Return one picture with its annotation, or None, and what was wrong with its two files."""
    if file is None and kind:
        return None, [Problem(picture, "", f"it has no {kind}", "picture left out; nobody says what it shows")]
    size, problems = picture_size(picture)
    if size is None:
        return None, problems
    if file is None:
        return item_of(picture, key, Annotation(picture.name, *size), picture), []
    annotation, problems = read(file, size)
    if annotation is None:
        return None, problems
    return kept_item(item_of(picture, key, annotation, file), problems)
