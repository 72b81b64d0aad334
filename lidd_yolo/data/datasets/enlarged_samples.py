"""Samples of a release enlarged before they are split, as the LIDD-Net paper does.

Paper: LIDD-Net, section 2.3. Copies stand on both sides of such a split; `lidd_yolo.data.enlarge.data_set` enlarges
one side of a split that is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import cv2
import numpy as np

from lidd_yolo.data.datasets.release import Sample
from lidd_yolo.data.enlarge.change import Settings, decode_picture
from lidd_yolo.data.enlarge.copies import make_copies
from lidd_yolo.data.enlarge.record import describe_enlargement
from lidd_yolo.progress import progress


class EnlargedSamples(NamedTuple):
    """Originals and copies.

    Args:
        samples: Originals and copies in order of their names.
        groups: Group of each; a copy is in that of its original.
        copies: Name and facts of each copy, by the name of its original.
    """

    samples: list[Sample]
    groups: list[int]
    copies: dict[str, list[tuple[str, dict[str, Any]]]]


def enlarge_samples(samples: Sequence[Sample], groups: Sequence[int], settings: Settings) -> EnlargedSamples:
    """Return the samples and ``times - 1`` copies of each.

    Args:
        samples: Originals.
        groups: Group of each.
        settings: What to do.

    Raises:
        ValueError: If a picture has a kind of values that cannot be changed, or a copy the name of an original.
    """
    names = {sample.name for sample in samples}
    found: list[tuple[Sample, int]] = list(zip(samples, groups, strict=True))
    copies: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for sample, group in progress(list(found), len(samples), "enlarging"):
        image = decode_picture(sample.data)
        if image is None:
            raise ValueError(f"{sample.path}: only pictures of 8 or 16 bits can be enlarged")
        copies[sample.name] = []
        for copy in make_copies(sample.name, image, sample.annotation, settings):
            if copy.name in names:
                raise ValueError(f"{sample.path}: its copy would be called {copy.name}, which is a picture already")
            gray = copy.image if copy.image.ndim == 2 else cv2.cvtColor(copy.image, cv2.COLOR_BGR2GRAY)
            of_copy = Sample(sample.path, copy.data, np.asarray(gray), copy.annotation, sample.source)
            found.append((of_copy, group))
            copies[sample.name].append((copy.name, copy.facts()))
    found.sort(key=lambda entry: entry[0].name)
    return EnlargedSamples([sample for sample, _ in found], [group for _, group in found], copies)


def place_copies(enlarged: EnlargedSamples, split: Mapping[str, Sequence[int]], settings: Settings) -> dict[str, Any]:
    """Return the content of ``enlarged.json`` for a split of originals and copies.

    Args:
        enlarged: Originals and copies.
        split: Indices of the pictures on each side.
        settings: What was done.
    """
    side_of = {enlarged.samples[index].name: side for side, part in split.items() for index in part}
    places = {name: str(PurePosixPath("images", side, name)) for name, side in side_of.items()}
    placed = {
        places[name]: [(places[copy], facts) for copy, facts in of_one] for name, of_one in enlarged.copies.items()
    }
    return describe_enlargement(settings, list(split), placed)
