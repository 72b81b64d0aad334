"""COCO run lengths of a mask, written the slow way."""

from itertools import groupby

from tests.helpers.masks import Mask


def run_lengths(mask: Mask) -> list[int]:
    """Return the lengths of the runs of 0, 1, 0, ... down the columns; the first may be 0."""
    lengths = [(int(value), len(list(run))) for value, run in groupby(mask.T.ravel().tolist())]
    return [0] * lengths[0][0] + [length for _, length in lengths]


def as_text(lengths: list[int]) -> str:
    """Return run lengths as COCO's text: from the fourth on as the difference to the one two before."""
    text = ""
    for k, length in enumerate(lengths):
        number, more = length - (lengths[k - 2] if k > 2 else 0), True
        while more:
            bits = number % 32
            number //= 32
            more = number != (-1 if bits >= 16 else 0)
            text += chr(48 + bits + 32 * more)
    return text
