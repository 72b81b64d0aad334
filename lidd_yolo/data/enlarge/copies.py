"""The changed copies of one annotated picture.

Paper: LIDD-Net, section 2.3, where 1 800 pictures become 9 000: four copies of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from lidd_yolo.data.enlarge.change import Change, Image, Settings, change_picture, draw_change, encode_picture
from lidd_yolo.data.enlarge.labels import change_annotation
from lidd_yolo.data.labels.annotation import Annotation


@dataclass(frozen=True)
class Copy:
    """One changed copy.

    Args:
        name: The original's, folders included, with ``-e1``, ``-e2``, ... before its ending.
        data: The picture's file.
        image: The picture before it was encoded.
        annotation: Its objects.
        change: What was done.
        dropped: Number of objects of which too little was left.
    """

    name: str
    data: bytes
    image: Image
    annotation: Annotation
    change: Change
    dropped: int

    def facts(self) -> dict[str, Any]:
        """Return change and dropped objects for JSON."""
        return {**asdict(self.change), "dropped": self.dropped}


def make_copies(name: str, image: Image, annotation: Annotation, settings: Settings) -> Iterator[Copy]:
    """Yield the copies of one picture.

    Args:
        name: Of the original, folders with ``/`` between them.
        image: The original, shape ``(H, W)`` or ``(H, W, 3)``.
        annotation: Its objects.
        settings: What to do, ``times - 1`` times.

    Raises:
        ValueError: If the annotation is of another size, or the picture cannot be encoded.
    """
    if image.shape[:2] != (annotation.height, annotation.width):
        raise ValueError(f"{name}: {image.shape[1]}x{image.shape[0]}, labels {annotation.width}x{annotation.height}")
    place = PurePosixPath(name)
    for number in range(1, settings.times):
        change = draw_change(settings, name, number)
        changed = change_picture(image, change, settings.border)
        data, ending = encode_picture(changed, place.suffix)
        called = str(place.with_name(f"{place.stem}-e{number}{ending}"))
        objects, dropped = change_annotation(annotation, change, settings)
        objects = replace(objects, image=PurePosixPath(called).name)
        yield Copy(called, data, changed, objects, change, dropped)
