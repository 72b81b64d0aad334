"""YOLO label file: one line per box, ``class cx cy w h``, as fractions of the picture.

Format: Ultralytics, "Object Detection Datasets Overview". Boxes only; a box in whole pixels survives writing and
reading exactly in pictures up to 300 000 pixels wide, because six decimals resolve less than half a pixel there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.formats.boxes import check_box
from lidd_yolo.data.problems import Problem

_STEP = 1e-6
"""Resolution of the six decimals written, as a fraction of the picture."""


def write_yolo(annotation: Annotation, class_names: Sequence[str]) -> str:
    """Return the label file's text; the empty string for a picture without defects.

    Args:
        annotation: Boxes in pixels, inside the picture.
        class_names: Names in the order of their class numbers.

    Raises:
        ValueError: If an object's class is not among ``class_names``.
    """
    numbers = {name: number for number, name in enumerate(class_names)}
    lines = []
    for item in annotation.objects:
        if item.class_name not in numbers:
            raise ValueError(f"{annotation.image}: class {item.class_name!r} is none of {', '.join(class_names)}")
        b, w, h = item.box, annotation.width, annotation.height
        fractions = ((b.x1 + b.x2) / 2 / w, (b.y1 + b.y2) / 2 / h, b.width / w, b.height / h)
        lines.append(f"{numbers[item.class_name]} " + " ".join(f"{value:.6f}" for value in fractions))
    return "".join(line + "\n" for line in lines)


def read_yolo(
    path: Path, class_names: Sequence[str], image_size: tuple[int, int], image: str = ""
) -> tuple[Annotation | None, list[Problem]]:
    """Read one label file.

    Args:
        path: The text file.
        class_names: Names in the order of their class numbers.
        image_size: Width and height of the picture in pixels.
        image: File name of the picture; the label file's own name without ending if empty.

    Returns:
        The annotation with boxes in pixels, or None if the file cannot be read as text; and every problem found, with
        its line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(path, "", f"cannot be read as text ({error})", "file left out")]
    objects, problems = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found, problem = _read_line(line, class_names, image_size, path, f"line {number}")
        objects += [found] if found is not None else []
        problems += [problem] if problem is not None else []
    return Annotation(image or path.stem, *image_size, tuple(objects)), problems


def _read_line(
    line: str, class_names: Sequence[str], size: tuple[int, int], path: Path, where: str
) -> tuple[DefectObject | None, Problem | None]:
    """Return the object of one line, and what was wrong with it."""
    fields = line.split()
    if len(fields) != 5:
        return None, Problem(path, where, f"{len(fields)} fields where a box has 5", "line left out")
    try:
        number, (cx, cy, w, h) = int(fields[0]), map(float, fields[1:])
    except ValueError:
        return None, Problem(path, where, f"{line.strip()!r} is not a whole number and 4 numbers", "line left out")
    if not 0 <= number < len(class_names):
        return None, Problem(path, where, f"class {number} is none of 0 to {len(class_names) - 1}", "line left out")
    box = Box(
        *(_snap(c * n, n) for c, n in zip((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), size * 2, strict=True))
    )
    checked, problem = check_box(box, *size, file=path, where=where)
    return (DefectObject(class_names[number], checked) if checked is not None else None), problem


def _snap(value: float, length: int) -> float:
    """Return the whole pixel that ``value`` stands for within the text's resolution, else ``value`` itself."""
    # Centre and half the size are rounded separately: at most 0.5 + 0.25 steps.
    nearest = float(round(value)) if abs(value) < float("inf") else value
    return nearest if abs(value - nearest) <= _STEP * length else value
