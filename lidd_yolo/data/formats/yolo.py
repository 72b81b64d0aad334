"""YOLO label file: one line per object, a box ``class cx cy w h`` or an outline, as fractions of the picture.

Format: Ultralytics, "Object Detection Datasets Overview". A box in whole pixels survives writing and reading exactly in
pictures up to 300 000 pixels wide, because six decimals resolve less than half a pixel there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place, Size
from lidd_yolo.data.labels.bridges import join_rings
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, Reading, UnusableError
from lidd_yolo.data.labels.validity import check_box, check_outline

_STEP = 1e-6
"""Resolution of the six decimals written, as a fraction of the picture."""


def write_yolo(annotation: Annotation, class_names: Sequence[str], *, segments: bool = False) -> str:
    """Return the label file's text; the empty string for a picture without defects.

    Args:
        annotation: Objects in pixels, inside the picture.
        class_names: Names in the order of their class numbers.
        segments: Whether to write outlines, for all objects: Ultralytics refuses a file that has both.

    Raises:
        ValueError: If an object's class is not among ``class_names``.
    """
    numbers = {name: number for number, name in enumerate(class_names)}
    lines = []
    for item in annotation.objects:
        if item.class_name not in numbers:
            raise ValueError(f"{annotation.image}: class {item.class_name!r} is none of {', '.join(class_names)}")
        shape = (_write_outline if segments else _write_box)(item, annotation)
        lines.append(f"{numbers[item.class_name]} {shape}")
    return "".join(line + "\n" for line in lines)


def read_yolo(path: Path, class_names: Sequence[str], image_size: Size, image: str = "") -> Reading:
    """Read one label file; the annotation has the file's own name without ending if no ``image`` is given.

    Returns:
        The annotation with boxes and outlines in pixels, or None if the file cannot be read as text; and every problem
        found, with its line.
    """
    problems = Problems(path)
    with problems.collect():
        return parse_yolo(read_text(path), class_names, image_size, file=path, image=image or path.stem)
    return None, problems


def read_text(path: Path) -> str:
    """Return the text of a label file; raises `UnusableError` if it is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read as text ({error})"
        raise UnusableError(Kind.LABEL_UNREADABLE, reason, "file left out") from error


def parse_yolo(
    text: str, class_names: Sequence[str], image_size: Size, *, file: Path, image: str
) -> tuple[Annotation, list[Problem]]:
    """Return what the text of a label file says, and every problem found, with its line; see `read_yolo`."""
    objects: list[DefectObject] = []
    problems = Problems(file)
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            with problems.collect(Place("line", number)):
                objects.append(_read_line(line, class_names, image_size, problems))
    return Annotation(image, *image_size, tuple(objects)), problems


def class_number(field: str) -> int:
    """Return the class of a line; ``1.0`` is 1, as in training, which other tools write.

    Raises:
        ValueError: If it is no whole number.
    """
    number = float(field)
    if not number.is_integer():
        raise ValueError(f"{field!r} is no whole number")
    return int(number)


def _write_box(item: DefectObject, annotation: Annotation) -> str:
    """Return centre and size of an object's box as fractions of the picture."""
    b, w, h = item.box, annotation.width, annotation.height
    fractions = ((b.x1 + b.x2) / 2 / w, (b.y1 + b.y2) / 2 / h, b.width / w, b.height / h)
    return " ".join(f"{value:.6f}" for value in fractions)


def _write_outline(item: DefectObject, annotation: Annotation) -> str:
    """Return the corners of an object as fractions of the picture; those of its box if it has no outline."""
    polygon = join_rings(item.polygons or (item.box.corners,))
    return " ".join(f"{x / annotation.width:.6f} {y / annotation.height:.6f}" for x, y in polygon)


def _read_line(line: str, class_names: Sequence[str], size: Size, problems: Problems) -> DefectObject:
    first, *rest = line.split()
    if len(rest) != 4 and (len(rest) < 6 or len(rest) % 2):
        reason = f"{1 + len(rest)} fields where a box has 5 and an outline 7, 9, 11 or more"
        raise UnusableError(Kind.COLUMNS, reason, "line left out")
    try:
        number, values = class_number(first), [float(field) for field in rest]
    except ValueError as error:
        reason = f"{_short(line)!r} is not a whole number and {len(rest)} numbers"
        raise UnusableError(Kind.NOT_NUMERIC, reason, "line left out") from error
    if not 0 <= number < len(class_names):
        reason = f"class {number} is none of 0 to {len(class_names) - 1}"
        raise UnusableError(Kind.CLASS_RANGE, reason, "line left out")
    if len(values) == 4:
        return DefectObject(class_names[number], check_box(_box(values, size), size, problems), place=problems.place)
    corners = [(x * size[0], y * size[1]) for x, y in zip(values[::2], values[1::2], strict=True)]
    return DefectObject(class_names[number], *check_outline(corners, size, problems), place=problems.place)


def _box(values: Sequence[float], size: Size) -> Box:
    """Return the box, in pixels, of centre and size as fractions of the picture."""
    cx, cy, w, h = values
    edges = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    return Box(*(_snap(edge * length, length) for edge, length in zip(edges, size * 2, strict=True)))


def _short(line: str) -> str:
    """Return a line for a message, the middle left out of a long one."""
    line = line.strip()
    return line if len(line) <= 60 else f"{line[:40]} ... {line[-15:]}"


def _snap(value: float, length: int) -> float:
    """Return the whole pixel that ``value`` stands for within the text's resolution, else ``value`` itself."""
    # Centre and half the size are rounded separately: at most 0.5 + 0.25 steps.
    nearest = float(round(value)) if abs(value) < float("inf") else value
    return nearest if abs(value - nearest) <= _STEP * length else value
