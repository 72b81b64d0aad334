"""Data sets of annotation files beside pictures: Pascal VOC, labelme, masks, columns of text, YOLO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lidd_yolo.data.formats.columns import read_columns
from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_class_masks, read_mask
from lidd_yolo.data.formats.voc import read_voc
from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.annotation import Size
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, Reading, UnusableError
from lidd_yolo.data.readers.data_yaml import PICTURES, YoloSet, check_own_names, label_file, read_yolo_set
from lidd_yolo.data.readers.layout import (
    OF_ANNOTATIONS,
    OF_PICTURES,
    Item,
    Key,
    Pairing,
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
from lidd_yolo.data.readers.source import ReadRule, SourceFolder, check_pairing, doubtful_names, is_good
from lidd_yolo.progress import progress

_NAMES = {"voc": "XML file", "labelme": "JSON file", "mask": "mask", "yolo": "label file", "xyxy": "label file"}
"""What a file of a format is called in messages."""
_ENDINGS = {"voc": (".xml",), "labelme": (".json",), "yolo": (".txt",), "xyxy": (".txt", ".csv")}
_MASKS = (*sorted(PICTURES), ".gif")
_UNSURE = "an annotation has its name and that of another picture"


def annotation_files(source: Path, kind: str, suffix: str = "") -> list[Path]:
    """Return the files below a folder that may be annotations of a format: one of ``_ENDINGS``, or ``mask``.

    Masks lie in a folder of annotations, or their names end with ``suffix``.
    """
    if kind == "mask":
        if suffix:
            files = list_files(source, (*_MASKS, suffix[suffix.rfind(".") :].lower()) if "." in suffix else _MASKS)
            return [path for path in files if path.name.endswith(suffix)]
        return [path for path in list_files(source, _MASKS) if in_annotations(path, source)]
    return [path for path in list_files(source, _ENDINGS[kind]) if path.name != "classes.txt"]


def read_pairs(source: Path, kind: str, class_names: Sequence[str] = (), rule: ReadRule | None = None) -> SourceFolder:
    """Read a folder of one annotation file for each picture.

    Kinds are ``voc``, ``labelme``, ``mask`` (values are the numbers of ``class_names``, or the folder is the class),
    ``yolo`` (without a data YAML, labels beside or parallel to pictures; needs class names) and ``xyxy``.

    Raises:
        ValueError: If no folder holds masks, or fewer than half of the annotation files have a picture.
    """
    rule = rule or ReadRule()
    others: list[Path] = []
    if rule.pattern is not None:
        pairing, others = rule.pattern.pair(source, _MASKS if kind == "mask" else _ENDINGS[kind])
    else:
        files = annotation_files(source, kind, rule.mask_suffix)
        if kind == "mask" and not files:
            where = f"no picture's name ends with {rule.mask_suffix}" if rule.mask_suffix else _WHERE_MASKS
            raise ValueError(f"{source}: no masks; {where}")
        pairing = pair_files(source, files, rule.mask_suffix)
    check_pairing(source, pairing, _NAMES[kind])
    problems = Problems(source)
    problems += passed_over(source)
    problems += [Problem(f, Kind.NO_PICTURE, why_alone(named), "file left out") for f, named in pairing.alone.items()]
    reason = f"its name does not fit --pair {rule.pair}"
    problems += [Problem(picture, Kind.NO_LABEL, reason, "picture left out") for picture in others]
    read = _reader(source, kind, class_names, rule)
    doubtful = doubtful_names(pairing.alone)
    items: list[Item] = []
    for picture, label in progress(pairing.labels.items(), len(pairing.labels), "reading"):
        if label is not None or is_good(picture, rule, doubtful, f"it has no {_NAMES[kind]}", problems):
            item = read_item(picture, *side_and_name(picture, source), label, read, problems)
            items += [item] if item is not None else []
    return SourceFolder(items, problems, {**pairing.labels, **dict.fromkeys(others)})


def _reader(source: Path, kind: str, names: Sequence[str], rule: ReadRule) -> Callable[[Path, Size], Reading]:
    """Return what reads an annotation file of a picture of some size."""
    readers: dict[str, Callable[[Path, Size], Reading]] = {
        "voc": read_voc,
        "labelme": read_labelme,
        "yolo": lambda path, size: read_yolo(path, names, size),
        "xyxy": lambda path, size: read_columns(path, names, size, rule.columns, rule.separator, rule.first_class),
        "mask": lambda path, size: read_mask(path, names, size),
    }
    if kind == "mask" and rule.class_from == "folder":
        return lambda path, size: _read_class_mask(path, _class_folder(path, source), size, rule)
    if kind == "mask" and rule.mask_threshold is not None:
        return lambda path, size: _read_class_mask(path, names[0], size, rule)
    return readers[kind]


def _read_class_mask(path: Path, name: str, size: Size, rule: ReadRule) -> Reading:
    problems = Problems(path)
    with problems.collect():
        if not name:
            raise UnusableError(Kind.CLASS_NAME, "no folder says its class", "mask left out")
        annotation, wrong = read_class_masks({name: path}, size, path.name, rule.mask_threshold)
        return None if wrong else annotation, [*problems, *wrong]
    return None, problems


def _class_folder(path: Path, source: Path) -> str:
    """Return the innermost folder that does not only say what it holds, or on which side; empty if there is none."""
    said = OF_PICTURES | OF_ANNOTATIONS
    folders = path.relative_to(source).parts[:-1]
    return next((part for part in reversed(folders) if part.lower() not in said and side_named(part) is None), "")


def read_yolo_data(file: Path, rule: ReadRule | None = None) -> tuple[SourceFolder, tuple[str, ...]]:
    """Read a YOLO data set by its data YAML, see `read_yolo_set`; return the class names too.

    Raises:
        ValueError: If label files lie beside it, and fewer than half of them have a picture.
    """
    rule = rule or ReadRule()
    data = read_yolo_set(file)
    check_own_names(data)
    pairing = _pair_as_training(data)
    check_pairing(data.root, pairing, _NAMES["yolo"])
    doubtful = doubtful_names(pairing.alone)
    items: list[Item] = []
    problems = Problems(file)
    problems += data.problems
    problems += [Problem(f, Kind.NO_PICTURE, why_alone(()), "file left out") for f in pairing.alone]
    for side, pictures in data.pictures.items():
        name_of = name_below(pictures)
        for picture in progress(pictures, len(pictures), f"reading {side}"):
            label = pairing.labels[picture]
            if label is None and not is_good(picture, rule, doubtful, f"no file {label_file(picture)}", problems):
                continue
            item = read_item(
                picture, side, name_of(picture), label, lambda path, size: read_yolo(path, data.names, size), problems
            )
            items += [item] if item is not None else []
    return SourceFolder(items, problems, pairing.labels), data.names


def _pair_as_training(data: YoloSet) -> Pairing:
    """Return the label file of every picture, where training looks for it, and those there that have no picture."""
    files = {picture: label_file(picture) for pictures in data.pictures.values() for picture in pictures}
    labels = {picture: file if file.is_file() else None for picture, file in files.items()}
    known = {file.resolve() for file in files.values()}
    folders = {file.parent for file in known}
    beside = sorted(file for folder in folders for file in folder.glob("*.txt") if file.name != "classes.txt")
    return Pairing(labels, {file: [] for file in beside if file.resolve() not in known})


_WHERE_MASKS = (
    "they belong into a folder called masks, annotations or labels, or say their end: --mask-suffix _mask.png"
)


def read_class_mask_folder(
    source: Path, class_names: Sequence[str] | None, rule: ReadRule | None = None
) -> tuple[SourceFolder, tuple[str, ...]]:
    """Read all pictures and the masks of each; return the class names too, those of the folders, sorted, if None.

    Raises:
        ValueError: If no folder holds masks, or fewer than half of the masks have a picture.
    """
    rule = rule or ReadRule()
    masks = annotation_files(source, "mask")
    if not masks:
        raise ValueError(f"{source}: no masks; they belong into masks/CLASS/, one folder for each class")
    known = set(masks)
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in known])
    masks_of: dict[Path, dict[str, Path]] = {path: {} for path in pictures.keys}
    alone: dict[Path, list[Path]] = {}
    unused: dict[Path, list[Path]] = {}
    problems = Problems(source)
    problems += passed_over(source)
    unsure: set[Path] = set()
    for mask in masks:
        name, keys = _class_and_keys(mask, source)
        named = unused[mask] = pictures.find(*keys)
        if name and len(named) != 1:
            alone[mask] = named
            unsure.update(named if class_names is None or name in class_names else ())
        with problems.collect(file=mask):
            _assign(mask, name, named, class_names, masks_of)
            del unused[mask]
    labels = {picture: next(iter(of_class.values()), None) for picture, of_class in masks_of.items()}
    check_pairing(source, Pairing(labels, alone), _NAMES["mask"])
    doubtful = doubtful_names(unused)
    names = tuple(class_names or sorted({name for of_picture in masks_of.values() for name in of_picture}))
    items: list[Item] = []
    for picture, of_class in progress(masks_of.items(), len(masks_of), "reading"):
        if picture in unsure:
            problems.append(Problem(picture, Kind.NO_LABEL, _UNSURE, "picture left out; nobody says what it shows"))
            continue
        if not of_class and not is_good(picture, rule, doubtful, "it has no mask", problems):
            continue
        with problems.collect(file=picture):
            of_picture = {name: of_class[name] for name in names if name in of_class}
            annotation, wrong = read_class_masks(of_picture, picture_size(picture), picture.name, rule.mask_threshold)
            problems += wrong
            if annotation.objects or not wrong:
                # Without a usable mask it would teach that there is no defect.
                source_file = next(iter(of_picture.values()), picture)
                items.append(Item(picture, *side_and_name(picture, source), annotation, source_file))
    return SourceFolder(items, problems, labels), names


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
