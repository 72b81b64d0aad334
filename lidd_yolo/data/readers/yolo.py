"""YOLO data set read by its data YAML, labels where Ultralytics looks for them.

Layout: Ultralytics, "Object Detection Datasets Overview".
"""

from __future__ import annotations

from pathlib import Path

from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.readers.data_yaml import label_file, read_yolo_set
from lidd_yolo.data.readers.item import Item, kept_item, name_below, picture_size
from lidd_yolo.progress import progress


def read_yolo_data(file: Path) -> tuple[list[Item], list[Problem], tuple[str, ...]]:
    """Read a YOLO data set by its data YAML; return the class names too. No label file means no defect.

    Raises:
        FileNotFoundError: If the YAML or a place that it names does not exist.
        ValueError: If the YAML is damaged.
    """
    data = read_yolo_set(file)
    items: list[Item] = []
    problems: list[Problem] = []
    for side, pictures in data.pictures.items():
        name_of = name_below(pictures)
        for picture in progress(pictures, len(pictures), f"reading {side}"):
            label = label_file(picture)
            size, wrong = picture_size(picture)
            problems += wrong
            if size is None:
                continue
            if not label.is_file():
                items.append(Item(picture, side, name_of(picture), Annotation(picture.name, *size), picture))
                continue
            annotation, wrong = read_yolo(label, data.names, size, picture.name)
            item = Item(picture, side, name_of(picture), annotation, label) if annotation is not None else None
            item, wrong = kept_item(item, wrong) if item is not None else (None, wrong)
            problems += wrong
            items += [item] if item is not None else []
    return items, problems, data.names
