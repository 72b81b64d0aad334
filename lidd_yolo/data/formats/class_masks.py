"""Binary masks, one grey 8-bit picture for each class: 0 is background, one other value is the class.

Format: that of MVTec AD and many tools of annotation. Objects are 8-connected components, as in
`lidd_yolo.data.formats.mask`; here the classes of a picture may overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lidd_yolo.data.annotation import Annotation, DefectObject
from lidd_yolo.data.formats.mask import annotate_mask, draw_mask, load_values
from lidd_yolo.data.outline import Mask
from lidd_yolo.data.problems import Problem


def read_class_masks(
    paths: Mapping[str, Path], image_size: tuple[int, int], image: str
) -> tuple[Annotation, list[Problem]]:
    """Read the masks of one picture.

    Args:
        paths: The mask of each class that the picture has one for.
        image_size: Width and height of the picture in pixels.
        image: File name of the picture.

    Returns:
        The annotation, objects in the order of ``paths``, without the classes whose mask is unusable; and why these
        are.
    """
    objects: list[DefectObject] = []
    problems: list[Problem] = []
    for name, path in paths.items():
        mask, wrong = load_values(path, image_size)
        problems += wrong
        if mask is None:
            continue
        if len(values := np.unique(mask[mask > 0])) > 1:
            reason = f"it has {len(values)} values besides 0: {', '.join(map(str, values[:5]))}"
            problems.append(Problem(path, "", reason, "mask left out; export it without smoothed edges"))
            continue
        objects += annotate_mask((mask > 0).astype(np.uint8), (name,), image).objects
    return Annotation(image, *image_size, tuple(objects)), problems


def draw_class_masks(annotation: Annotation, class_names: Sequence[str]) -> dict[str, Mask]:
    """Return the mask of each class, 0 and 255, shape ``(H, W)``.

    Args:
        annotation: One picture's objects.
        class_names: Classes to draw.

    Raises:
        ValueError: If an object's class is not among ``class_names``.
    """
    if unknown := {item.class_name for item in annotation.objects} - set(class_names):
        raise ValueError(f"{annotation.image}: class {min(unknown)!r} is none of {', '.join(class_names)}")
    drawn = {}
    for name in class_names:
        of_class = tuple(item for item in annotation.objects if item.class_name == name)
        drawn[name] = 255 * draw_mask(replace(annotation, objects=of_class), (name,))
    return drawn
