"""Data sets of one annotation file for each picture: Pascal VOC, labelme, masks, YOLO with and without a data YAML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_class_masks, read_mask
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.annotation import Size
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, Reading, UnusableError
from lidd_yolo.data.readers.data_yaml import PICTURES, check_own_names, label_file, read_yolo_set
from lidd_yolo.data.readers.layout import (
    OF_ANNOTATIONS,
    Item,
    Key,
    Pictures,
    in_annotations,
    list_files,
    list_pictures,
    name_below,
    pair_files,
    passed_over,
    picture_size,
    read_item,
    side_and_name,
    side_named,
    why_alone,
)
from lidd_yolo.progress import progress

_NAMES = {"voc": "XML file", "labelme": "JSON file", "mask": "mask"}
"""What a file of a format is called in messages."""
_UNSURE = "an annotation has its name and that of another picture"
_LEFT_OUT = "picture left out; nobody says what it shows"


def annotation_files(source: Path, kind: str) -> list[Path]:
    """Return the files below a folder that may be annotations of a format: ``voc``, ``labelme``, ``mask``, ``yolo``."""
    if kind == "mask":
        return [path for path in list_files(source, {*PICTURES, ".gif"}) if in_annotations(path, source)]
    ending = {"voc": ".xml", "labelme": ".json", "yolo": ".txt"}[kind]
    return [path for path in list_files(source, {ending}) if path.name != "classes.txt"]


def read_pairs(source: Path, kind: str, class_names: Sequence[str] = ()) -> tuple[list[Item], list[Problem]]:
    """Read a folder of one annotation file for each picture; without one, only a picture of YOLO has no defects.

    Kinds are ``voc``, ``labelme``, ``mask`` (class-index masks in a folder of their own) and ``yolo`` (without a data
    YAML, labels beside or parallel to pictures); the last two need class names.

    Raises:
        ValueError: If no folder holds masks.
    """
    files = annotation_files(source, kind)
    if kind == "mask" and not files:
        raise ValueError(f"{source}: no masks; they belong into a folder called masks, annotations or labels")
    readers: dict[str, Callable[[Path, Size], Reading]] = {
        "voc": read_voc,
        "labelme": read_labelme,
        "mask": lambda path, size: read_mask(path, class_names, size),
        "yolo": lambda path, size: read_yolo(path, class_names, size),
    }
    pairing = pair_files(source, files)
    problems = Problems(source)
    problems += passed_over(source)
    problems += [Problem(f, Kind.NO_PICTURE, why_alone(named), "file left out") for f, named in pairing.alone.items()]
    unsure = {picture for named in pairing.alone.values() if len(named) > 1 for picture in named}
    items: list[Item] = []
    for picture, label in progress(pairing.labels.items(), len(pairing.labels), "reading"):
        if label is None and (kind in _NAMES or picture in unsure):
            reason = f"it has no {_NAMES[kind]}" if kind in _NAMES else _UNSURE
            problems.append(Problem(picture, Kind.NO_LABEL, reason, _LEFT_OUT))
            continue
        item = read_item(picture, *side_and_name(picture, source), label, readers[kind], problems)
        items += [item] if item is not None else []
    return items, problems


def read_yolo_data(file: Path) -> tuple[list[Item], list[Problem], tuple[str, ...]]:
    """Read a YOLO data set by its data YAML, see `read_yolo_set`; return the class names too. No labels, no defects."""
    data = read_yolo_set(file)
    check_own_names(data)
    items: list[Item] = []
    problems = Problems(file)
    problems += data.problems
    for side, pictures in data.pictures.items():
        name_of = name_below(pictures)
        for picture in progress(pictures, len(pictures), f"reading {side}"):
            label = label_file(picture) if label_file(picture).is_file() else None
            item = read_item(
                picture, side, name_of(picture), label, lambda path, size: read_yolo(path, data.names, size), problems
            )
            items += [item] if item is not None else []
    return items, problems, data.names


def read_class_mask_folder(
    source: Path, class_names: Sequence[str] | None
) -> tuple[list[Item], list[Problem], tuple[str, ...]]:
    """Read all pictures and the masks of each; return the class names too, those of the folders, sorted, if None.

    Raises:
        ValueError: If no folder holds masks.
    """
    masks = annotation_files(source, "mask")
    if not masks:
        raise ValueError(f"{source}: no masks; they belong into masks/CLASS/, one folder for each class")
    known = set(masks)
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in known])
    masks_of: dict[Path, dict[str, Path]] = {path: {} for path in pictures.keys}
    problems = Problems(source)
    problems += passed_over(source)
    unsure: set[Path] = set()
    for mask in masks:
        name, keys = _class_and_keys(mask, source)
        named = pictures.find(*keys)
        if len(named) > 1 and (class_names is None or name in class_names):
            unsure.update(named)
        with problems.collect(file=mask):
            _assign(mask, name, named, class_names, masks_of)
    names = tuple(class_names or sorted({name for of_picture in masks_of.values() for name in of_picture}))
    items: list[Item] = []
    for picture, of_class in progress(masks_of.items(), len(masks_of), "reading"):
        if picture in unsure:
            problems.append(Problem(picture, Kind.NO_LABEL, _UNSURE, _LEFT_OUT))
            continue
        with problems.collect(file=picture):
            of_picture = {name: of_class[name] for name in names if name in of_class}
            annotation, wrong = read_class_masks(of_picture, picture_size(picture), picture.name)
            problems += wrong
            if annotation.objects or not wrong:
                # Without a usable mask it would teach that there is no defect.
                source_file = next(iter(of_picture.values()), picture)
                items.append(Item(picture, *side_and_name(picture, source), annotation, source_file))
    return items, problems, names


def _assign(
    mask: Path,
    name: str,
    pictures: list[Path],
    class_names: Sequence[str] | None,
    masks_of: dict[Path, dict[str, Path]],
) -> None:
    """Give a mask to its picture; raises `UnusableError` if it has none."""
    if not name:
        raise UnusableError(Kind.CLASS_NAME, "no folder says its class", "mask left out; move it to masks/CLASS/")
    if class_names is not None and name not in class_names:
        raise UnusableError(Kind.CLASS_NAME, f"class {name!r} is none of {', '.join(class_names)}", "mask left out")
    if len(pictures) != 1:
        raise UnusableError(Kind.NO_PICTURE, why_alone(pictures), "mask left out")
    if name in masks_of[pictures[0]]:
        reason = f"a mask of {name!r} for {pictures[0].name} came before"
        raise UnusableError(Kind.NO_PICTURE, reason, "mask left out")
    masks_of[pictures[0]][name] = mask


def _class_and_keys(mask: Path, source: Path) -> tuple[str, list[Key]]:
    """Return the class that a mask's folders name, empty if none does, and the keys that its picture may have."""
    *folders, name = mask.relative_to(source).parts
    kept = [part for part in folders if part.lower() not in OF_ANNOTATIONS]
    named = [part for part in kept if side_named(part) is None]
    if not named:
        return "", []
    stem = Path(name).stem
    stems = dict.fromkeys((stem, stem.removesuffix("_mask")))
    without = list(kept)
    without.remove(named[0])
    # MVTec AD's pictures stand in a folder of the class as well; there, names alone are not unique.
    return named[0], [(*part, stem) for part in (kept, without) for stem in stems]
