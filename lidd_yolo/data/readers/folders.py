"""Folders with one annotation file for each picture: Pascal VOC, labelme, class-index masks, YOLO without a data YAML.

The formats themselves are in `lidd_yolo.data.formats`, which file belongs to which picture is decided in
`lidd_yolo.data.readers.layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_class_masks, read_mask
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.readers.data_yaml import PICTURES
from lidd_yolo.data.readers.item import Item, Size, item_of, kept_item, picture_size
from lidd_yolo.data.readers.layout import (
    OF_ANNOTATIONS,
    Key,
    Pictures,
    in_annotations,
    key_of,
    list_files,
    list_pictures,
    side_named,
)
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


_MASK = "_mask"


def read_class_mask_folder(
    source: Path, class_names: Sequence[str] | None
) -> tuple[list[Item], list[Problem], tuple[str, ...]]:
    """Read all pictures and the masks of each; return the class names too.

    Args:
        source: Folder of everything.
        class_names: Classes wanted, in order; the names of the folders in alphabetical order if None.

    Raises:
        ValueError: If no folder holds masks.
    """
    masks = [path for path in list_files(source, PICTURES) if in_annotations(path, source)]
    if not masks:
        raise ValueError(f"{source}: no masks; they belong into masks/CLASS/, one folder for each class")
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in set(masks)])
    found: dict[Path, dict[str, Path]] = {path: {} for path in pictures.keys}
    problems: list[Problem] = []
    for mask in masks:
        name, keys = _class_and_keys(mask, source)
        problem = _assign(mask, name, pictures.find(*keys), class_names, found)
        problems += [problem] if problem is not None else []
    names = tuple(class_names or sorted({name for of_picture in found.values() for name in of_picture}))
    items: list[Item] = []
    for picture, key in progress(pictures.keys.items(), len(pictures.keys), "reading"):
        size, wrong = picture_size(picture)
        problems += wrong
        if size is None:
            continue
        of_picture = {name: found[picture][name] for name in names if name in found[picture]}
        annotation, wrong = read_class_masks(of_picture, size, picture.name)
        problems += wrong
        if annotation.objects or not wrong:
            # Without a usable mask it would teach that there is no defect.
            items.append(item_of(picture, key, annotation, next(iter(of_picture.values()), picture)))
    return items, problems, names


def _assign(
    mask: Path,
    name: str,
    pictures: list[Path],
    class_names: Sequence[str] | None,
    found: dict[Path, dict[str, Path]],
) -> Problem | None:
    """Give a mask to its picture, or return why it has none."""
    if not name:
        return Problem(mask, "", "no folder says its class", "mask left out; move it to masks/CLASS/")
    if class_names is not None and name not in class_names:
        return Problem(mask, "", f"class {name!r} is none of {', '.join(class_names)}", "mask left out")
    if len(pictures) != 1:
        reason = f"{len(pictures)} pictures have its name" if pictures else "it has no picture"
        return Problem(mask, "", reason, "mask left out")
    if name in found[pictures[0]]:
        return Problem(mask, "", f"a mask of {name!r} for {pictures[0].name} came before", "mask left out")
    found[pictures[0]][name] = mask
    return None


def _class_and_keys(mask: Path, source: Path) -> tuple[str, list[Key]]:
    """Return the class that a mask's folders name, empty if none does, and the keys that its picture may have."""
    *folders, name = mask.relative_to(source).parts
    kept = [part for part in folders if part.lower() not in OF_ANNOTATIONS]
    named = [part for part in kept if side_named(part) is None]
    if not named:
        return "", []
    stem = Path(name).stem
    stems = [stem, *([stem.removesuffix(_MASK)] if stem.endswith(_MASK) else [])]
    without = list(kept)
    without.remove(named[0])
    # MVTec AD's pictures stand in a folder of the class as well; there, names alone are not unique.
    return named[0], [(*part, stem) for part in (kept, without) for stem in stems]
