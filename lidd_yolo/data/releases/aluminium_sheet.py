"""Aluminium sheet, four defects on small sheets under a ring light: from the labelme release to a YOLO data set.

Release: 85 photographs with labelme files; whether they are some of the 1 400 of the LIDD-Net paper's section 2.3 is
not known. Differs from the usual practice: they show a handful of sheets, turned by hand, so photographs of one sheet
stay on one side of the split; a random split, as the paper's probably was, is the ``paper`` protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lidd_yolo.data.formats.labelme import LINE_WIDTH, read_labelme
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.releases.assemble import Conversion, Plan, assemble, check_request
from lidd_yolo.data.releases.samples import AnnotationKind, Sample, read_release, release_parts
from lidd_yolo.errors import InputError

_ENGLISH = {"zhe_zhou": "crease", "ca_shang": "scratch", "zang_wu": "dirt", "zhen_kong": "pinhole"}
"""Label of the release -> class; in the order of the values in the release's masks, which are one more."""

CLASS_NAMES = tuple(_ENGLISH.values())
"""Classes in the order of their numbers."""

PROTOCOLS: Mapping[str, Mapping[str, float]] = {
    "grouped": {"train": 0.8, "val": 0.2},
    "paper": {"train": 0.8, "val": 0.2},
}
"""Share of the pictures on each side: ``grouped`` keeps photographs of a sheet together, ``paper`` draws at random. Of
so few sheets none is left for a test side."""

SHEETS: Mapping[str, tuple[range, ...]] = {
    "two pinholes": (range(1, 4), range(26, 37)),
    "one pinhole": (range(4, 6), range(20, 26), range(59, 70)),
    "scratches": (range(6, 14), range(41, 52)),
    "dirt alone": (range(52, 59),),
    "crease": (range(70, 90), range(95, 101)),
}
"""Numbers of the photographs of each sheet, by the marks that stay on it; dirt comes and goes. Where it is not certain
whether one sheet or two have such marks they are taken as one: then nothing can leak. The two pinholes of the first are
31 to 34 pixels apart in all its 14 photographs. What the pictures have in common by texture is no help: ring and lamp
are the same in all."""

_FOLDERS = (("images", "json", ""),)


def convert_aluminium_sheet(
    source: Path,
    target: Path,
    *,
    protocol: str = "grouped",
    seed: int = 0,
    overwrite: bool = False,
) -> Conversion:
    """Convert the release; arguments, result and errors are those of `lidd_yolo.data.releases.neu_det.convert_neu_det`.

    ``source`` holds ``images`` and ``json``; the protocols are ``grouped``, by sheets, and ``paper``, at random. A
    photograph whose sheet is not known is left out.
    """
    check_request(protocol, PROTOCOLS, seed, target, overwrite=overwrite)
    parts = release_parts(source, "aluminium sheet", _FOLDERS)
    samples, problems = read_release(parts, CLASS_NAMES, AnnotationKind("JSON file", ".json", _read))
    known = [sample for sample in samples if _sheet(sample) is not None]
    reason = "it is none of the photographs whose sheet is known"
    strangers = [Problem(s.path, Kind.OTHER, reason, "picture left out") for s in samples if _sheet(s) is None]
    if not known:
        raise InputError(f"{source}: the sheet of no photograph is known; first problem: {strangers[0]}")
    sheets = [_sheet(sample) for sample in known]
    numbers = {sheet: number for number, sheet in enumerate(dict.fromkeys(sheets))}
    facts = {"sheets": {str(sheet): sheets.count(sheet) for sheet in numbers}, "line_width": LINE_WIDTH}
    plan = Plan("aluminium-sheet", CLASS_NAMES, protocol, PROTOCOLS[protocol], seed, segments=True, facts=facts)
    return assemble(target, plan, known, problems + strangers, groups=[numbers[sheet] for sheet in sheets])


def _read(path: Path, image_size: tuple[int, int]) -> tuple[Annotation | None, list[Problem]]:
    """Read one file, its labels in English."""
    annotation, problems = read_labelme(path, image_size)
    if annotation is None:
        return None, problems
    objects = tuple(replace(o, class_name=_ENGLISH.get(o.class_name, o.class_name)) for o in annotation.objects)
    return replace(annotation, objects=objects), problems


def _sheet(sample: Sample) -> str | None:
    """Return the sheet that a photograph shows, by its number, or None."""
    stem = sample.path.stem
    number = int(stem) if stem.isdecimal() else -1
    return next((sheet for sheet, spans in SHEETS.items() if any(number in span for span in spans)), None)
