"""Label files of every format checked: what their reader reports, and what they say beside that.

What a COCO file names is looked for by name below the folder, never opened by its path. In a YOLO label file a byte
that is no text costs its line, not the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lidd_yolo.data.checks.label import check_objects
from lidd_yolo.data.checks.pairs import Check, Pair, folder_pairs
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_mask
from lidd_yolo.data.formats.voc import parse_voc, read_voc_tree
from lidd_yolo.data.formats.yolo import parse_yolo
from lidd_yolo.data.labels.annotation import Annotation, Place, Size
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, Reading
from lidd_yolo.data.readers.coco import pair_coco_folder
from lidd_yolo.data.readers.folders import annotation_files
from lidd_yolo.data.readers.layout import passed_over

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FORMATS = ("voc", "labelme", "mask", "coco")
"""Of folders that are no YOLO sets."""
MAX_BYTES = 20_000_000
"""Largest YOLO label file that is read."""

_ANY_VALUE = tuple(f"value {value}" for value in range(1, 256))
_UNKNOWN = (1, 1)
_SLACK = 0.001
"""Part of the picture by which rounded numbers may reach over its edge; half a pixel in large pictures."""


def open_folder(source: Path, kind: str, class_names: Sequence[str]) -> tuple[list[Pair], Check, list[Problem]]:
    """Return every picture of a folder with its annotation file, how to check that, and what is alone or damaged.

    Args:
        source: The folder; for COCO perhaps the JSON file itself, its pictures beside or below it.
        kind: One of `FORMATS`.
        class_names: Classes that may occur, for masks in the order of their values; empty if any may.

    Raises:
        FileNotFoundError: If there is no such folder, or no JSON file of COCO.
        ValueError: If it holds no annotation of that kind.
    """
    names = tuple(class_names)
    if kind == "coco":
        pairs, check, problems = _open_coco(source)
        return pairs, _with_known_classes(check, names), problems
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder")
    files = annotation_files(source, kind)
    if not files:
        raise ValueError(f"{source}: no annotation of the format {kind} below it")
    readers: dict[str, Callable[[Path, Size | None], Reading]] = {
        "labelme": read_labelme,
        "mask": lambda file, size: read_mask(file, names or _ANY_VALUE, size),
    }

    def check_one(file: Path, picture: PictureFacts | None) -> Reading:
        return _with_objects(readers[kind](file, picture.size if picture is not None else None), file)

    pairs, problems = folder_pairs(source, files)
    return pairs, _with_known_classes(check_voc if kind == "voc" else check_one, names), problems


def check_voc(file: Path, picture: PictureFacts | None) -> Reading:
    """Check one XML file of Pascal VOC; ``picture`` is None if it has none."""
    problems = Problems(file)
    with problems.collect():
        root = parse_voc(file)
        annotation = read_voc_tree(root, picture.size if picture is not None else None, problems)
        problems += check_objects(annotation, file)
        problems += _about_picture(file, root, picture)
        return annotation, problems
    return None, problems


def check_yolo_labels(file: Path, class_names: Sequence[str], size: Size | None) -> Reading:
    """Check one YOLO label file; ``size`` is width and height of its picture, None if that is unknown."""
    try:
        text, problems = read_label_text(file)
    except (OSError, ValueError) as error:
        return None, [Problem(file, Kind.LABEL_UNREADABLE, f"it cannot be read ({error})")]
    lines = text.splitlines()
    reading = parse_yolo(text, class_names, size or _UNKNOWN, file=file, image=file.stem)
    annotation, wrong = _with_objects(reading, file)
    wrong = [problem for problem in wrong if not _only_rounded(problem, lines, size or _UNKNOWN)]
    if size is None:
        wrong = [replace(p, reason=p.reason.replace("the 1x1 picture", "its picture")) for p in wrong]
        wrong = [problem for problem in wrong if problem.kind != Kind.SPECK]
    return annotation, [*problems, *wrong, *_mixed(file, lines, annotation)]


def read_label_text(file: Path) -> tuple[str, list[Problem]]:
    """Return the text of a label file, what is no text replaced by U+FFFD, and its encoding if that is the wrong one.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is too large for a label file.
    """
    if (length := file.stat().st_size) > MAX_BYTES:
        raise ValueError(f"{length} bytes, more than {MAX_BYTES}")
    data = file.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in data:
        reason = "it is UTF-16, which training cannot read"
        return data.decode("utf-16", errors="replace"), [Problem(file, Kind.LABEL_ENCODING, reason)]
    return data.decode("utf-8-sig", errors="replace"), []


def leads_out(name: str) -> bool:
    """Return whether a file name in an annotation leads out of the folder of the pictures."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def _with_objects(reading: Reading, file: Path) -> Reading:
    """Add what the objects show among themselves."""
    annotation, problems = reading
    return annotation, [*problems, *check_objects(annotation, file)]


def _with_known_classes(check: Check, names: tuple[str, ...]) -> Check:
    """Return a check that also reports classes other than ``names``, if there are any names."""

    def checked(file: Path, picture: PictureFacts | None) -> Reading:
        annotation, problems = check(file, picture)
        unknown = [item for item in (annotation.objects if annotation else ()) if item.class_name not in names]
        reason = f"class {{!r}} is none of {', '.join(names)}"
        wrong = [Problem(file, Kind.CLASS_NAME, reason.format(o.class_name), place=o.place) for o in unknown]
        return annotation, problems + wrong

    return checked if names else check


def _open_coco(source: Path) -> tuple[list[Pair], Check, list[Problem]]:
    folder = pair_coco_folder(source)
    pairs: list[Pair] = []
    problems = passed_over(folder.root)
    annotations: dict[Path, Annotation] = {}
    for path, content, pictures in folder.files:
        problems += content.problems
        outside = [(number, name) for number, name in content.file_names.items() if leads_out(name)]
        problems += [_leads_out(path, name, Place("image", number)) for number, name in outside]
        for annotation, matching in pictures:
            if len(matching) == 1 and matching[0] not in annotations:
                pairs.append(Pair(path.stem, matching[0], path))
                annotations[matching[0]] = annotation
                continue
            reasons = ("it is not there", "the picture came before", f"{len(matching)} pictures have this name")
            reason, place = reasons[min(len(matching), 2)], Place(PurePosixPath(annotation.image).name)
            problems.append(Problem(path, Kind.PICTURE_MISSING, reason, place=place))
            problems += check_objects(annotation, path)

    def check(file: Path, picture: PictureFacts | None) -> Reading:
        if picture is None:
            return None, []
        annotation = annotations[picture.path]
        wrong = list(check_objects(annotation, file))
        if picture.size is not None and picture.size != (annotation.width, annotation.height):
            size = f"{picture.size[0]}x{picture.size[1]}"
            reason = f"it says {annotation.width}x{annotation.height}, the picture is {size}"
            wrong.append(Problem(file, Kind.WRONG_SIZE, reason, place=Place(picture.path.name)))
        return annotation, wrong

    problems += [Problem(path, Kind.NO_LABEL, "no JSON file names it") for path in folder.unnamed]
    return pairs + [Pair("", path, None) for path in folder.unnamed], check, problems


def _leads_out(file: Path, name: str, place: Place) -> Problem:
    return Problem(file, Kind.PATH_TRAVERSAL, f"{name!r} leads out of the folder of the pictures", place=place)


def _about_picture(file: Path, root: Element, picture: PictureFacts | None) -> Iterator[Problem]:
    """Yield what an XML file says wrongly about the name and the channels of its picture."""
    stated = (root.findtext("filename") or "").strip()
    if leads_out(stated):
        yield _leads_out(file, stated, Place("<filename>"))
    elif picture is not None and stated and stated != picture.path.name:
        reason = f"it says {stated!r}, its picture is {picture.path.name!r}"
        yield Problem(file, Kind.WRONG_FILENAME, reason, place=Place("<filename>"))
    depth = (root.findtext("size/depth") or "").strip()
    if picture is not None and picture.channels and depth and depth != str(picture.channels):
        reason = f"it says {depth} channels, its picture has {picture.channels}"
        yield Problem(file, Kind.WRONG_DEPTH, reason, place=Place("<size>"))


def _only_rounded(problem: Problem, lines: Sequence[str], size: Size) -> bool:
    """Return whether a shape reaches over the edge by no more than the rounding of its numbers."""
    if problem.kind != Kind.OVER_EDGE:
        return False
    values = [float(field) for field in lines[problem.place.number - 1].split()[1:]]
    if len(values) == 4:
        cx, cy, w, h = values
        values = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
    slack = [min(_SLACK, 0.5 / length) if size != _UNKNOWN else _SLACK for length in size]
    return all(-slack[k % 2] <= value <= 1 + slack[k % 2] for k, value in enumerate(values))


def _mixed(file: Path, lines: Sequence[str], annotation: Annotation | None) -> Iterator[Problem]:
    """Yield the boxes of a file that holds outlines: training would take each for an outline of two corners."""
    if annotation is None or not any(len(line.split()) > 6 for line in lines):
        return
    reason = "a box, or an outline of two corners, in a file of outlines; training takes it for the latter"
    for item in annotation.objects:
        if not item.polygons:
            yield Problem(file, Kind.MIXED, reason, place=item.place)
