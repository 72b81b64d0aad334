"""Draw pictures of a data set beside their labels and what networks find in them.

Paper: WLNet, figure 4; LIDD-Net, figure 9. Works for every data set and every model that Ultralytics can load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.formats.yolo import read_yolo
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.readers.data_yaml import YoloSet, label_file, read_yolo_set
from lidd_yolo.errors import InputError
from lidd_yolo.files import write_beside
from lidd_yolo.progress import progress

Picture = NDArray[np.uint8]

_SIDE = 320  # pixels of a cell; small pictures are enlarged, or lines and words would hide them
_HEAD = 28  # pixels of a column's heading
_WHITE = (255, 255, 255)
# Okabe and Ito's colours, told apart by the colour-blind and on grey steel, as blue, green, red
_COLOURS = ((0, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240), (178, 114, 0), (0, 94, 213), (167, 121, 204))
_OVERLAP = 0.5  # IoU of two boxes of which only the surer is drawn


@dataclass(frozen=True)
class Shape:
    """One defect to draw, in shares of the picture: edges ``(4,)`` left, upper, right, lower, and corners ``(N, 2)``.

    The number of the class names the colour. Rings are filled by the even-odd rule; there are none for a box.
    """

    number: int
    text: str
    box: NDArray[np.float64]
    rings: tuple[NDArray[np.float64], ...] = ()


def draw_side_by_side(
    models: Mapping[str, Path],
    data: str,
    target: Path,
    *,
    split: str = "val",
    count: int = 4,
    conf: float = 0.25,
    imgsz: int | None = None,
    seed: int = 0,
) -> list[Path]:
    """Write one picture: a row for each picture of the split, columns original, label and one for each model.

    Where boxes overlap the surest is drawn, whatever the classes: several names over one defect cannot be read.

    Args:
        models: Heading -> checkpoint or exported model.
        data: Data YAML.
        target: File to write; its suffix names the format.
        split: Split to take pictures from.
        count: Number of pictures; every class that occurs is shown if there is room.
        conf: Smallest confidence that is drawn.
        imgsz: Input size; None takes each checkpoint's own.
        seed: Seed of the choice.

    Returns:
        The pictures drawn.

    Raises:
        InputError: If no picture is asked for, the split has none, a model does not exist or cannot be loaded, or the
            file type cannot be written.
    """
    if count < 1:
        raise InputError(f"cannot draw {count} pictures; ask for 1 or more")
    if missing := next((file for file in models.values() if not file.exists()), None):
        raise InputError(f"no model {missing}")
    data_set = read_yolo_set(data)
    names = data_set.names
    labelled = choose(read_split(data_set, split), names, count, seed)
    rows = [[_prepared(file), _drawn(_prepared(file), _of_label(label, names))] for file, label in labelled]
    for weights in progress(iter(models.values()), len(models), "predicting"):
        model = _loaded(weights)
        size = {"imgsz": imgsz} if imgsz else {}
        for row, (file, _) in zip(rows, labelled, strict=True):
            (result,) = model.predict(str(file), conf=conf, iou=_OVERLAP, agnostic_nms=True, verbose=False, **size)
            row.append(_drawn(_prepared(file), _of_result(result)))
    sheet = _sheet(rows, ["picture", "label", *models])
    if not cv2.haveImageWriter(str(target)):
        raise InputError(f"{target} cannot be written as a picture; end its name in .jpg or .png")
    target.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(target) as beside:
        beside.write_bytes(cv2.imencode(target.suffix, sheet)[1].tobytes())
    return [file for file, _ in labelled]


def _loaded(weights: Path) -> Any:
    """Return a checkpoint or exported model, ready to predict."""
    from ultralytics import YOLO  # noqa: PLC0415 - seconds to import

    try:
        return YOLO(weights)
    except Exception as error:  # whatever torch and the runtimes raise over a file that is no model
        raise InputError(f"{weights} cannot be loaded as a model: {error}") from error


def read_split(data: YoloSet, split: str) -> list[tuple[Path, Annotation]]:
    """Return the pictures of one split with their labels.

    Raises:
        InputError: If the data set has no such split, or it holds no picture.
    """
    files = data.pictures.get(split, ())
    if not files:
        raise InputError(f"{data.file}: no picture in {split}")
    pairs = []
    for file in files:
        height, width = _read(file).shape[:2]
        label = label_file(file)
        annotation = read_yolo(label, data.names, (width, height), file.name)[0] if label.is_file() else None
        pairs.append((file, annotation or Annotation(file.name, width, height)))
    return pairs


def choose(
    pairs: Sequence[tuple[Path, Annotation]], names: Sequence[str], count: int, seed: int
) -> list[tuple[Path, Annotation]]:
    """Return ``count`` pictures in the order of the draw: first one of each class, as far as there is room."""
    shuffled = [pairs[i] for i in np.random.default_rng(seed).permutation(len(pairs))]
    chosen: list[tuple[Path, Annotation]] = []
    for name in names:
        chosen += [p for p in shuffled if p not in chosen and any(o.class_name == name for o in p[1].objects)][:1]
    chosen += [p for p in shuffled if p not in chosen]
    return chosen[:count]


def _read(file: Path) -> Picture:
    # from bytes, since OpenCV cannot open every path on every system
    picture = cv2.imdecode(np.frombuffer(file.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError(f"{file} cannot be read as a picture")
    return picture.astype(np.uint8)


def _prepared(file: Path) -> Picture:
    """Return a picture scaled to fit into a cell."""
    picture = _read(file)
    factor = _SIDE / max(picture.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how).astype(np.uint8)


def _of_label(annotation: Annotation, names: Sequence[str]) -> list[Shape]:
    size = np.array([annotation.width, annotation.height])
    return [
        Shape(
            names.index(item.class_name),
            item.class_name,
            np.array(astuple(item.box)) / np.tile(size, 2),
            tuple(np.array(ring) / size for ring in item.polygons),
        )
        for item in annotation.objects
    ]


def _of_result(result: Any) -> list[Shape]:
    outlines = result.masks.xyn if result.masks is not None else [()] * len(result.boxes)
    shapes = []
    for box, outline in zip(result.boxes, outlines, strict=True):
        number = int(box.cls)
        rings = (np.asarray(outline, dtype=np.float64),) if len(outline) else ()
        edges = np.array(box.xyxyn[0].tolist())
        shapes.append(Shape(number, f"{result.names[number]} {float(box.conf):.2f}", edges, rings))
    return shapes


def _drawn(picture: Picture, shapes: Sequence[Shape]) -> Picture:
    """Return the picture with outlines, or boxes where there are none, and their words."""
    drawn: Picture = picture.copy()
    size = np.array(picture.shape[1::-1])
    for shape in shapes:
        color = _COLOURS[shape.number % len(_COLOURS)]
        if shape.rings:
            rings = [np.rint(ring * size).astype(np.int32) for ring in shape.rings]
            filled = drawn.copy()
            cv2.fillPoly(filled, rings, color)
            drawn = cv2.addWeighted(filled, 0.35, drawn, 0.65, 0).astype(np.uint8)
            cv2.polylines(drawn, rings, True, color, 2, cv2.LINE_AA)
        else:
            x1, y1, x2, y2 = np.rint(shape.box * np.tile(size, 2)).astype(int).tolist()
            cv2.rectangle(drawn, (x1, y1), (x2, y2), color, 2, cv2.LINE_AA)
    for shape in shapes:  # words over all colours
        _write(drawn, shape.text, (int(shape.box[0] * size[0]) + 2, max(int(shape.box[1] * size[1]), 10) + 4))
    return drawn


def _write(picture: Picture, text: str, place: tuple[int, int]) -> None:
    """Write dark text with a light edge, readable on any ground."""
    for color, width in ((_WHITE, 3), ((0, 0, 0), 1)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, color, width, cv2.LINE_AA)


def _sheet(rows: Sequence[Sequence[Picture]], headings: Sequence[str]) -> Picture:
    """Return all cells in one picture, a heading above each column, shape ``(H, W, 3)``."""
    gap = 4
    sheet = np.full((_HEAD + len(rows) * (_SIDE + gap), len(headings) * (_SIDE + gap), 3), 255, dtype=np.uint8)
    for column, heading in enumerate(headings):
        _write(sheet, heading, (column * (_SIDE + gap) + 6, _HEAD - 9))
        for row, cells in enumerate(rows):
            cell, top, left = cells[column], _HEAD + row * (_SIDE + gap), column * (_SIDE + gap)
            sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheet
