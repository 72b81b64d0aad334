"""Run lengths of a COCO mask: how many pixels, column by column, are background, object, background, and so on.

Format: Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014, and the mask API that came with it. Read
only: outlines with holes are written as polygons, which every tool reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lidd_yolo.data.annotation import MAX_PIXELS
from lidd_yolo.data.outline import Mask


def decode_rle(counts: str | Sequence[int], width: int, height: int) -> Mask:
    """Return the mask that run lengths stand for.

    Args:
        counts: The lengths, as numbers or as the API's text.
        width: Width of the mask in pixels.
        height: Height of the mask in pixels.

    Returns:
        0/1 mask, shape ``(H, W)``.

    Raises:
        ValueError: If the text is damaged, a length is negative, they do not fill the mask, or it is too large.
    """
    lengths = _lengths(counts) if isinstance(counts, str) else [int(count) for count in counts]
    if any(length < 0 for length in lengths) or sum(lengths) != width * height:
        raise ValueError(f"its run lengths do not add up to {width}x{height} pixels")
    if width * height > MAX_PIXELS:
        raise ValueError(f"its mask of {width}x{height} pixels is larger than {MAX_PIXELS} pixels")
    values = (np.arange(len(lengths)) % 2).astype(np.uint8)
    mask: Mask = np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)
    return mask


def _lengths(text: str) -> list[int]:
    """Return the run lengths in a text: 5 bits a character, low bits first, from the fourth on as differences."""
    lengths: list[int] = []
    number, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"its run lengths hold the character {character!r}")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:  # the number goes on
            continue
        if bits & 16:  # the sign of its last five bits is its own
            number -= 1 << shift
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
        number, shift = 0, 0
    if shift:
        raise ValueError("its run lengths end within a number")
    return lengths
