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

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place, Size
from lidd_yolo.data.labels.problems import Kind, Problems, Reading, UnusableError
from lidd_yolo.data.labels.validity import check_box

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_NO_SIZE = "it states no usable <size>"


def read_voc(path: Path, image_size: Size | None = None) -> Reading:
    """Read one VOC file; without the size of its picture, the file's ``<size>`` is believed.

    Boxes become 0-based, half open and inside the picture; ``image`` is the ``<filename>``, or the XML file's own name
    where that is missing.
    """
    problems = Problems(path)
    with problems.collect():
        return read_voc_tree(parse_voc(path), image_size, problems), problems
    return None, problems


def read_voc_tree(root: Element, image_size: Size | None, problems: Problems) -> Annotation:
    """Read a parsed file, see `read_voc`; raises `UnusableError` if its size is not known."""
    size = _size(root, image_size, problems)
    objects: list[DefectObject] = []
    for number, element in enumerate(root.iter("object"), start=1):
        with problems.collect(Place("object", number)):
            objects.append(_read_object(element, size, problems))
    name = Path((root.findtext("filename") or "").strip()).name or problems.file.stem
    return Annotation(name, *size, tuple(objects))


def parse_voc(path: Path) -> Element:
    """Return the root element; raises `UnusableError` if there is none of VOC."""
    try:
        root: Any = parse(path, forbid_dtd=True).getroot()
    except ParseError as error:
        line, column = error.position
        reason = f"damaged XML ({str(error).split(':', 1)[0]}, column {column + 1})"
        remedy = "file left out; repair or export it again"
        raise UnusableError(Kind.LABEL_UNREADABLE, reason, remedy, Place("line", line)) from error
    except DefusedXmlException as error:
        reason = "the XML defines a DTD or entities, which annotations never need and attacks do"
        raise UnusableError(Kind.XML_DTD, reason, "file left out; remove the <!DOCTYPE ...> part") from error
    except (OSError, ValueError, LookupError) as error:
        raise UnusableError(Kind.LABEL_UNREADABLE, f"cannot be read ({error})", "file left out") from error
    if root.tag != "annotation":
        reason = f"the outermost element is <{root.tag}>, not <annotation>"
        raise UnusableError(Kind.WRONG_FORMAT, reason, "file left out; it is no VOC annotation")
    return root  # type: ignore[no-any-return]


def _size(root: Element, image_size: Size | None, problems: Problems) -> Size:
    """Return the picture's own size if it is known, else the one that the file states."""
    try:
        stated = (int(root.findtext("size/width", "")), int(root.findtext("size/height", "")))
    except ValueError:
        stated = (0, 0)
    known = min(stated) > 0
    if image_size is None and not known:
        raise UnusableError(Kind.NO_STATED_SIZE, _NO_SIZE, "file left out; its picture is needed for it")
    size = image_size or stated
    if size != stated:
        kind = Kind.WRONG_SIZE if known else Kind.NO_STATED_SIZE
        reason = f"<size> says {stated[0]}x{stated[1]}" if known else _NO_SIZE
        problems.note(kind, reason, f"the picture's own size {size[0]}x{size[1]} is used", repaired=True)
    return size


def _read_object(element: Element, size: Size, problems: Problems) -> DefectObject:
    if twice := [word for word in ("name", "bndbox") if len(element.findall(word)) > 1]:
        raise UnusableError(Kind.OBJECT_DAMAGED, f"it has more than one <{twice[0]}>", "object left out")
    name = (element.findtext("name") or "").strip()
    if not name:
        raise UnusableError(Kind.OBJECT_DAMAGED, "it has no <name>", "object left out")
    try:
        x1, y1, x2, y2 = (float(element.findtext(f"bndbox/{corner}", "")) for corner in _CORNERS)
    except ValueError as error:
        reason = f"its <bndbox> lacks a number for one of {', '.join(_CORNERS)}"
        raise UnusableError(Kind.OBJECT_DAMAGED, reason, "object left out") from error
    # Pixel 1 of VOC is pixel 0 here, and the last pixel's far edge is its own 1-based number.
    box = check_box(Box(x1 - 1, y1 - 1, x2, y2), size, problems)
    difficult = (element.findtext("difficult") or "").strip() == "1"
    return DefectObject(name, box, difficult=difficult, place=problems.place)
