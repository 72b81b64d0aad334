"""Pascal VOC annotation: one XML file per picture, boxes 1-based with the last pixel included.

Format: Everingham et al., "The PASCAL Visual Object Classes Challenge", IJCV 88, 2010 (development kit, annotation).
Differs from it: the picture's own size, where known, counts more than the one in the file, and documents that define
entities or a DTD are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place
from lidd_yolo.data.labels.problems import Kind, Problem, Reading
from lidd_yolo.data.labels.validity import check_box

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_NO_SIZE = "it states no usable <size>"


def read_voc(path: Path, image_size: tuple[int, int] | None = None) -> Reading:
    """Read one VOC file.

    Args:
        path: The XML file.
        image_size: Width and height of the picture in pixels; without it the file's ``<size>`` is believed.

    Returns:
        The annotation with 0-based half-open boxes inside the picture, or None if the file as a whole is unusable
        (damaged, not VOC, or of unknown size); and every problem found. Its ``image`` is the file's ``<filename>``,
        or the XML file's own name where that is missing.
    """
    root, damage = parse_voc(path)
    return read_voc_tree(root, path, image_size) if root is not None else (None, damage)


def read_voc_tree(root: Element, path: Path, image_size: tuple[int, int] | None) -> Reading:
    """Read a parsed file, see `read_voc`."""
    size, problems = _size(root, path, image_size)
    if size is None:
        return None, problems
    objects = []
    for number, element in enumerate(root.iter("object"), start=1):
        item, wrong = _read_object(element, size, path, Place("object", number))
        objects += [item] if item is not None else []
        problems += wrong
    name = Path((root.findtext("filename") or "").strip()).name or path.stem
    return Annotation(name, *size, tuple(objects)), problems


def parse_voc(path: Path) -> tuple[Element | None, list[Problem]]:
    """Return the root element, or None and why there is none."""
    try:
        root: Any = parse(path, forbid_dtd=True).getroot()
    except ParseError as error:
        line, column = error.position
        reason = f"damaged XML ({str(error).split(':', 1)[0]}, column {column + 1})"
        remedy = "file left out; repair or export it again"
        return None, [Problem(path, Kind.LABEL_UNREADABLE, reason, remedy, Place("line", line))]
    except DefusedXmlException:
        reason = "the XML defines a DTD or entities, which annotations never need and attacks do"
        return None, [Problem(path, Kind.XML_DTD, reason, "file left out; remove the <!DOCTYPE ...> part")]
    except (OSError, ValueError, LookupError) as error:
        return None, [Problem(path, Kind.LABEL_UNREADABLE, f"cannot be read ({error})", "file left out")]
    if root.tag != "annotation":
        reason = f"the outermost element is <{root.tag}>, not <annotation>"
        return None, [Problem(path, Kind.WRONG_FORMAT, reason, "file left out; it is no VOC annotation")]
    return root, []


def _size(
    root: Element, path: Path, image_size: tuple[int, int] | None
) -> tuple[tuple[int, int] | None, list[Problem]]:
    """Return width and height of the picture, and what is wrong with the file's own statement."""
    try:
        stated = (int(root.findtext("size/width", "")), int(root.findtext("size/height", "")))
    except ValueError:
        stated = (0, 0)
    known = min(stated) > 0
    if image_size is None:
        if known:
            return stated, []
        remedy = "file left out; its picture is needed for it"
        return None, [Problem(path, Kind.NO_STATED_SIZE, _NO_SIZE, remedy)]
    if stated == image_size:
        return image_size, []
    kind = Kind.WRONG_SIZE if known else Kind.NO_STATED_SIZE
    reason = f"<size> says {stated[0]}x{stated[1]}" if known else _NO_SIZE
    remedy = f"the picture's own size {image_size[0]}x{image_size[1]} is used"
    return image_size, [Problem(path, kind, reason, remedy, repaired=True)]


def _read_object(
    element: Element, size: tuple[int, int], path: Path, where: Place
) -> tuple[DefectObject | None, list[Problem]]:
    """Return one object with its box moved to 0-based half-open pixels, and what was wrong with it."""
    name = (element.findtext("name") or "").strip()
    if not name:
        return None, [Problem(path, Kind.OBJECT_DAMAGED, "it has no <name>", "object left out", where)]
    try:
        x1, y1, x2, y2 = (float(element.findtext(f"bndbox/{corner}", "")) for corner in _CORNERS)
    except ValueError:
        reason = f"its <bndbox> lacks a number for one of {', '.join(_CORNERS)}"
        return None, [Problem(path, Kind.OBJECT_DAMAGED, reason, "object left out", where)]
    # Pixel 1 of VOC is pixel 0 here, and the last pixel's far edge is its own 1-based number.
    box, problems = check_box(Box(x1 - 1, y1 - 1, x2, y2), *size, file=path, where=where)
    if box is None:
        return None, problems
    difficult = (element.findtext("difficult") or "").strip() == "1"
    return DefectObject(name, box, difficult=difficult, place=where), problems
