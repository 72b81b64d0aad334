"""Text file of boxes in pixels, one line for each: corners and class in any order of columns, as many tools write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lidd_yolo.data.formats.yolo import read_text
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place, Size
from lidd_yolo.data.labels.problems import Kind, Problems, Reading, UnusableError
from lidd_yolo.data.labels.validity import check_box

_CORNERS = ("x1", "y1", "x2", "y2")


def read_columns(
    path: Path,
    class_names: Sequence[str],
    image_size: Size,
    columns: Sequence[str],
    separator: str = "",
    first_class: int = 0,
) -> Reading:
    """Read one file; ``x2`` and ``y2`` are the far edges, so that ``x2 - x1`` is the width.

    Args:
        path: The file.
        class_names: Classes in the order of their numbers; empty to take what stands in the file for their names.
        image_size: Width and height of the picture in pixels.
        columns: ``x1``, ``y1``, ``x2``, ``y2`` and ``class`` in the order of the file; others are not read. Without
            ``class`` all objects are of the first class.
        separator: What stands between the columns; empty for spaces and tabs.
        first_class: Number of the first class.
    """
    problems = Problems(path)
    objects: list[DefectObject] = []
    with problems.collect():
        for number, line in enumerate(read_text(path).splitlines(), start=1):
            if not line.strip():
                continue
            with problems.collect(Place("line", number)):
                row = _row(line, columns, separator)
                name = _class_name(row.get("class"), class_names, first_class)
                box = check_box(_box(row), image_size, problems)
                objects.append(DefectObject(name, box, place=problems.place))
        return Annotation(path.stem, *image_size, tuple(objects)), problems
    return None, problems


def _row(line: str, columns: Sequence[str], separator: str) -> dict[str, str]:
    fields = [word.strip() for word in line.split(separator or None)]
    if len(fields) != len(columns):
        reason = f"{len(fields)} fields where there are {len(columns)} columns ({','.join(columns)})"
        raise UnusableError(Kind.COLUMNS, reason, "line left out")
    return dict(zip(columns, fields, strict=True))


def _box(row: Mapping[str, str]) -> Box:
    try:
        return Box(*(float(row[corner]) for corner in _CORNERS))
    except ValueError as error:
        reason = f"{' '.join(row[corner] for corner in _CORNERS)!r} are not four numbers"
        raise UnusableError(Kind.NOT_NUMERIC, reason, "line left out") from error


def _class_name(stated: str | None, class_names: Sequence[str], first: int) -> str:
    """Return the class of a line, by its number or its name."""
    if stated is None:
        return class_names[0]
    try:
        number = float(stated)
    except ValueError:
        return stated
    if not class_names:
        return stated
    if not number.is_integer() or not 0 <= number - first < len(class_names):
        reason = f"class {stated} is none of {first} to {first + len(class_names) - 1}"
        raise UnusableError(Kind.CLASS_RANGE, reason, "line left out")
    return class_names[int(number) - first]
