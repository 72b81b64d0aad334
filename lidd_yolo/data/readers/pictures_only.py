"""A data set without files that are no pictures or damaged ones: no command copies what a list of a stranger names.

What training cannot read, or reads half of, does not come into a new split.

Origin: our own; no paper.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2

from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.decoding import NO_PICTURE, NUMBERS, decode, decode_as_training
from lidd_yolo.data.pictures.header import picture_format, read_header
from lidd_yolo.data.readers.data_yaml import YoloSet
from lidd_yolo.progress import progress


def pictures_only(data: YoloSet) -> tuple[YoloSet, list[Problem]]:
    """Return the set without what cannot be opened, is no picture, or is not all there, and what that is."""
    problems = [problem for problem in data.problems if problem.kind == Kind.PICTURE_PASSED_OVER]
    kept: dict[str, tuple[Path, ...]] = {}
    for split, pictures in data.pictures.items():
        looked_at = progress(pictures, len(pictures), f"looking at {split}")
        reasons = {picture: why_no_picture(picture, data.channels) for picture in looked_at}
        kept[split] = tuple(picture for picture, reason in reasons.items() if not reason)
        unreadable = [(picture, reason) for picture, reason in reasons.items() if reason]
        problems += [Problem(one, Kind.PICTURE_UNREADABLE, reason, "picture left out") for one, reason in unreadable]
    return replace(data, pictures=kept), problems


def why_no_picture(file: Path, channels: int) -> str:
    """Return why training would not see a picture in a file, or not all of one; empty if it does."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return _fault(data, file.suffix, channels) if data else "it has zero bytes"


def _fault(data: bytes, ending: str, channels: int) -> str:
    header = read_header(data)
    if header is None:
        known = picture_format(data)
        damaged = f"the header of its {known} data is damaged, or ends early"
        return damaged if known else "its bytes are of no picture format that is known here"
    if fault := missing_part(data, header):
        return fault
    if header.format == "AVIF or HEIC":  # Ultralytics reads them without OpenCV
        return ""
    if header.format == "JPEG":  # read whole either way, but an eighth of its size saves the arithmetic
        return "" if decode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8) is not None else NO_PICTURE
    reason = decode_as_training(data, ending, channels)[1]
    return reason if reason in (NO_PICTURE, NUMBERS) else ""  # a very large one is no damaged one
