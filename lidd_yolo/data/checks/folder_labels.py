"""Folders of Pascal VOC, labelme or class-index masks, one file for each picture; COCO is in a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.checks.coco_labels import open_coco
from lidd_yolo.data.checks.folder import Check, Folder, check_voc_labels, with_known_classes
from lidd_yolo.data.checks.label import LabelFacts, label_facts
from lidd_yolo.data.checks.pairs import folder_pairs
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import read_mask
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.readers.data_yaml import PICTURES
from lidd_yolo.data.readers.layout import in_annotations, list_files

FORMATS = ("voc", "labelme", "mask", "coco")
_ANY_VALUE = tuple(f"value {value}" for value in range(1, 256))


def open_folder(source: Path, kind: str, class_names: Sequence[str]) -> Folder:
    """Return the pairs of a folder and how to check them.

    Args:
        source: The folder; for COCO perhaps the JSON file itself.
        kind: One of `FORMATS`.
        class_names: Classes that may occur, for masks in the order of their values; empty if any may.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it holds no annotation of that kind.
    """
    if kind == "coco":
        return open_coco(source, class_names)
    if not source.is_dir():
        raise FileNotFoundError(f"{source}: no such folder")
    names = tuple(class_names)
    checks: dict[str, tuple[list[Path], Check]] = {
        "voc": (list_files(source, {".xml"}), check_voc_labels),
        "labelme": (list_files(source, {".json"}), _check_labelme),
        "mask": (
            [path for path in list_files(source, PICTURES) if in_annotations(path, source)],
            lambda file, picture: _check_mask(file, picture, names or _ANY_VALUE),
        ),
    }
    files, check = checks[kind]
    if not files:
        raise ValueError(f"{source}: no annotation of the format {kind} below it")
    pairs, findings = folder_pairs(source, files)
    return Folder(pairs, check if kind == "mask" else with_known_classes(check, names), findings, names)


def _check_labelme(file: Path, picture: PictureFacts | None) -> LabelFacts:
    annotation, problems = read_labelme(file, picture.size if picture is not None else None)
    return label_facts(file, annotation, problems, _numbered(annotation))


def _check_mask(file: Path, picture: PictureFacts | None, names: Sequence[str]) -> LabelFacts:
    annotation, problems = read_mask(file, names, picture.size if picture is not None else None)
    # Traced outlines cannot cross themselves, and components cannot be there twice.
    return label_facts(file, annotation, problems, _numbered(annotation))


def _numbered(annotation: Annotation | None) -> list[str]:
    return [f"object {number}" for number, _ in enumerate(annotation.objects if annotation else (), start=1)]
