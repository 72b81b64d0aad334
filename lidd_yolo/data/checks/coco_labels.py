"""A COCO data set: one JSON file for many pictures, its objects given back to the picture they belong to.

What a JSON file names is looked for by name below the folder, never opened
by its path.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lidd_yolo.data.checks.folder import Folder, leads_out, with_known_classes
from lidd_yolo.data.checks.label import Finding, LabelFacts, label_facts
from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.checks.picture import PictureFacts
from lidd_yolo.data.formats.coco import read_coco
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.readers.layout import list_files, list_pictures


def open_coco(source: Path, class_names: Sequence[str]) -> Folder:
    """Read a JSON file, or all below a folder, and pair their pictures by name with those on disk.

    Args:
        source: The JSON file, its pictures beside or below it, or a folder.
        class_names: Classes that may occur; empty if any may.

    Raises:
        FileNotFoundError: If there is no JSON file.
    """
    files = [source] if source.is_file() else list_files(source, {".json"}) if source.is_dir() else []
    if not files:
        raise FileNotFoundError(f"{source}: no JSON file")
    root = source.parent if source.is_file() else source
    on_disk: dict[str, list[Path]] = {}
    for path in list_pictures(root):
        on_disk.setdefault(path.name, []).append(path)
    pairs: list[Pair] = []
    findings: list[Finding] = []
    facts: dict[tuple[Path, Path], LabelFacts] = {}
    for file in files:
        for annotation, of_image in _read_coco(file, findings):
            picture = next(iter(on_disk.pop(annotation.image, [])), None)
            if picture is None:
                findings += [Finding("picture-missing", file, annotation.image, "it is not there"), *of_image.findings]
                continue
            pairs.append(Pair(file.stem, picture, file))
            facts[file, picture] = of_image
    rest = [path for paths in on_disk.values() for path in paths]
    findings += [Finding("no-label", path, "", "no JSON file names it") for path in rest]
    pairs += [Pair("", path, None) for path in rest]

    def check(file: Path, picture: PictureFacts | None) -> LabelFacts:
        return _with_size(facts[file, picture.path], picture) if picture is not None else LabelFacts(file, None, ())

    names = tuple(class_names)
    return Folder(pairs, with_known_classes(check, names), findings, names)


def _with_size(facts: LabelFacts, picture: PictureFacts) -> LabelFacts:
    """Return the labels of a picture with a finding if they state another size than it has."""
    annotation = facts.annotation
    if annotation is None or picture.size in (None, (annotation.width, annotation.height)):
        return facts
    told = f"it says {annotation.width}x{annotation.height}, the picture is {'x'.join(map(str, picture.size or ()))}"
    return replace(facts, findings=(*facts.findings, Finding("wrong-size", facts.file, picture.path.name, told)))


def _read_coco(file: Path, findings: list[Finding]) -> list[tuple[Annotation, LabelFacts]]:
    """Return each picture's annotation with the objects checked; add what concerns the file to ``findings``."""
    annotations, problems = read_coco(file)
    findings += [Finding.of_reader(problem) for problem in problems]
    if annotations is None:
        return []
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    lost = {problem.where for problem in problems if not problem.repaired}
    findings += _paths_out(content["images"], file)
    places: dict[Any, list[str]] = {}
    for number, entry in enumerate(content["annotations"], start=1):
        if (where := f"annotation {number}") not in lost:
            places.setdefault(entry["image_id"], []).append(where)
    keys = [entry["id"] for n, entry in enumerate(content["images"], start=1) if f"image {n}" not in lost]
    checked = [label_facts(file, a, (), places.get(key, [])) for key, a in zip(keys, annotations, strict=True)]
    return list(zip(annotations, checked, strict=True))


def _paths_out(images: list[Any], file: Path) -> list[Finding]:
    """Return the pictures whose names lead out of the folder."""
    named = {f"image {n}": str(e.get("file_name")) for n, e in enumerate(images, start=1) if isinstance(e, dict)}
    reason = "{!r} leads out of the folder of the pictures"
    return [Finding("path-traversal", file, k, reason.format(name)) for k, name in named.items() if leads_out(name)]
