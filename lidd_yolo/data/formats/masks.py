"""Class-index mask: one grey 8-bit picture, 0 is background, value ``k + 1`` is class ``k``.

Format: that of NEU-Seg and of most segmentation benchmarks. Objects are the 8-connected components of each class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject, Place, Size
from lidd_yolo.data.labels.outline import Mask, fill_rings, trace_exactly
from lidd_yolo.data.labels.problems import Kind, Problem, Problems, Reading, UnusableError
from lidd_yolo.data.pictures.decoding import decode_within
from lidd_yolo.data.pictures.header import read_header


def read_mask(path: Path, class_names: Sequence[str], image_size: Size | None = None) -> Reading:
    """Read one mask, value 1 the first class, of a picture of its own name; None and why if it is unusable."""
    mask, found = load_mask(path, len(class_names), image_size)
    problems = Problems(path)
    problems += found
    with problems.collect():
        return None if mask is None else _annotated(mask, class_names, path.name), problems
    return None, problems


def _annotated(mask: Mask, class_names: Sequence[str], image: str) -> Annotation:
    """Return the objects of a mask, see `annotate_mask`; raises `UnusableError` if they or their holes are too many."""
    try:
        return annotate_mask(mask, class_names, image)
    except ValueError as error:
        remedy = "mask left out; close its small holes and take out its specks, or paint fewer"
        raise UnusableError(Kind.LONG_OUTLINE, str(error), remedy) from error


def load_mask(path: Path, class_count: int, image_size: Size | None = None) -> tuple[Mask | None, list[Problem]]:
    """Read the values of one mask of ``class_count`` classes and, if that is given, of a picture's size.

    Returns:
        The values, shape ``(H, W)``, or None if the file cannot be decoded, has colours or another depth, size or value
        than it should: a guess would label the wrong thing. And the problem that says so.
    """
    problems = Problems(path)
    with problems.collect():
        mask = _load_values(path, image_size)
        unknown = [str(value) for value in np.unique(mask) if value > class_count]
        if not unknown:
            return mask, problems
        shown = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        pixels = int((mask > class_count).sum())
        reason = f"value{'s'[: len(unknown) - 1]} {shown} in {pixels} pixels, but the classes are 1 to {class_count}"
        remedy = "mask left out; a lossy format or a copy for display looks like this"
        raise UnusableError(Kind.MASK_VALUE, reason, remedy)
    return None, problems


def _load_values(path: Path, image_size: Size | None) -> Mask:
    """Read a mask, shape ``(H, W)``, whatever its values mean; raises `UnusableError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
        raise UnusableError(Kind.LABEL_UNREADABLE, reason, "mask left out") from error
    values, reason = decode_within(data, cv2.IMREAD_UNCHANGED)
    if values is None:
        raise UnusableError(Kind.LABEL_UNREADABLE, reason, "mask left out; copy it again")
    mask = np.asarray(values)
    if reason := _wrong_values(mask, data):
        remedy = "mask left out; save the class numbers themselves as grey, 8 bit"
        raise UnusableError(Kind.MASK_KIND, reason, remedy)
    height, width = mask.shape
    if image_size is not None and image_size != (width, height):
        reason = f"it is {width}x{height}, its picture {image_size[0]}x{image_size[1]}"
        raise UnusableError(Kind.MASK_SIZE, reason, "mask left out; export it at the picture's size")
    return mask.astype(np.uint8)


def _wrong_values(mask: NDArray[Any], data: bytes) -> str:
    """Return why a decoded mask is no grey picture of whole numbers up to 255; empty if it is one."""
    if mask.ndim == 3:
        header = read_header(data)
        palette = header is not None and header.colour == "palette"
        return "it has a colour palette" if palette else f"it has colours ({mask.shape[2]} channels)"
    if mask.dtype.kind in "iu" and mask.min() >= 0 and mask.max() <= 255:
        return ""  # class numbers, however many bits they were saved with
    return f"it has {8 * mask.dtype.itemsize} bits a pixel, not 8, and values that are no class numbers"


MAX_OBJECTS = 5000
"""Objects in one mask: more are noise, such as that of a lossy format, or a halftone, and take minutes to trace."""


def drop_specks(mask: Mask, min_pixels: int) -> tuple[Mask, list[tuple[int, int]]]:
    """Return a mask without components of fewer than ``min_pixels`` pixels, and value and pixels of each of these."""
    kept, specks = mask.copy(), []
    for value, _, part, inside in _components(mask):
        if (pixels := int(part.sum())) < min_pixels:
            kept[inside][part > 0] = 0
            specks.append((value, pixels))
    return kept, specks


def annotate_mask(mask: Mask, class_names: Sequence[str], image: str) -> Annotation:
    """Return the objects of a mask, value 1 the first class: every 8-connected component of a class, with its holes.

    In order of class, then from the top; outlines by `lidd_yolo.data.labels.outline.trace_exactly`.
    """
    components = _components(mask)
    if len(components) > MAX_OBJECTS:
        raise ValueError(f"{len(components)} objects, more than {MAX_OBJECTS}")
    objects = []
    for number, (value, box, part, _) in enumerate(components, start=1):
        rings = tuple(tuple((x + box.x1, y + box.y1) for x, y in ring) for ring in trace_exactly(part))
        objects.append(DefectObject(class_names[value - 1], box, rings, place=Place("object", number)))
    return Annotation(image, mask.shape[1], mask.shape[0], tuple(objects))


def draw_mask(annotation: Annotation, class_names: Sequence[str]) -> Mask:
    """Return the mask that an annotation stands for, objects without outline as their boxes, value 1 the first class.

    Where several objects cover a pixel, the smallest has it, as in Ultralytics.

    Raises:
        ValueError: If a class is not among ``class_names``, or there are more than 255.
    """
    if len(class_names) > 255:
        raise ValueError(f"{len(class_names)} classes do not fit into a mask of 8 bits")
    values = {name: value for value, name in enumerate(class_names, start=1)}
    drawn = []
    for item in annotation.objects:
        if item.class_name not in values:
            raise ValueError(f"{annotation.image}: class {item.class_name!r} is none of {', '.join(class_names)}")
        b = item.box
        # fills the box's whole pixels: a quarter inside, as all our outlines
        edge = Box(b.x1 + 0.25, b.y1 + 0.25, b.x2 - 0.25, b.y2 - 0.25).corners
        filled = fill_rings(item.polygons or (edge,), annotation.width, annotation.height)
        drawn.append((int(filled.sum()), values[item.class_name], filled))
    mask = np.zeros((annotation.height, annotation.width), dtype=np.uint8)
    for _, value, filled in sorted(drawn, key=lambda entry: -entry[0]):
        mask[filled > 0] = value
    return mask


def _components(mask: Mask) -> list[tuple[int, Box, Mask, tuple[slice, slice]]]:
    """Return value, box, 0/1 mask inside the box and the box as an index of each 8-connected component."""
    components = []
    for value in np.unique(mask[mask > 0]).tolist():
        count, numbers, stats, _ = cv2.connectedComponentsWithStats((mask == value).astype(np.uint8), connectivity=8)
        for number in range(1, count):
            x, y, w, h = (int(n) for n in stats[number, :4])
            inside = (slice(y, y + h), slice(x, x + w))
            box = Box(float(x), float(y), float(x + w), float(y + h))
            components.append((value, box, (numbers[inside] == number).astype(np.uint8), inside))
    return components


def read_class_masks(
    paths: Mapping[str, Path], image_size: Size, image: str, threshold: int | None = None
) -> tuple[Annotation, list[Problem]]:
    """Return the objects of the masks of one picture, by the class that each is of, and what is wrong with masks.

    Pixels of at least ``threshold`` are of the class, if one is given; else all that are not 0, of one other value.
    """
    objects: list[DefectObject] = []
    problems = Problems(Path(image))
    for name, path in paths.items():
        with problems.collect(file=path):
            mask = _load_values(path, image_size)
            if threshold is None and len(values := np.unique(mask[mask > 0])) > 1:
                reason = f"it has {len(values)} values besides 0: {', '.join(map(str, values[:5]))}"
                remedy = "mask left out; say from which value on it is a defect (--mask-threshold 128)"
                raise UnusableError(Kind.MASK_VALUE, reason, remedy)
            objects += _annotated((mask >= (threshold or 1)).astype(np.uint8), (name,), image).objects
    return Annotation(image, *image_size, tuple(objects)), problems
