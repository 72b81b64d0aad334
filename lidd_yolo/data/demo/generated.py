"""What generated data sets have in common: settings, files that are whole or absent, labels, ``about.json``.

Origin: our own; no paper. Labels are polygons (YOLO segmentation rows) traced from each defect's mask; Ultralytics
derives the boxes for detection from them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from lidd_yolo.data.labels.outline import Mask, trace
from lidd_yolo.files import write_beside

SPLITS = ("train", "val", "test")
"""The place in here is part of every picture's seed."""

_MIN_SIZE = 64


@dataclass(frozen=True)
class Scene:
    """One generated picture, and class index and 0/1 mask of each defect, one component without holes.

    The picture has the shape ``(size, size)``, or ``(size, size, 3)`` in the order blue, green, red.
    """

    image: npt.NDArray[np.uint8]
    objects: tuple[tuple[int, Mask], ...]


def split_number(split: str) -> int:
    """Return the place of a split in ``SPLITS``.

    Raises:
        ValueError: If the split is none of ``train``, ``val`` and ``test``.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, got {split!r}")
    return SPLITS.index(split)


def checked_settings(generator: str, version: int, counts: Mapping[str, int], size: int, seed: int) -> dict[str, Any]:
    """Return what determines the pictures, in the form written to ``about.json``.

    Args:
        generator: Name of the module that draws.
        version: Its version.
        counts: Pictures per split.
        size: Side of the square pictures in pixels, at least 64.
        seed: Not negative.

    Raises:
        ValueError: If a split, a count, the size or the seed is out of range.
    """
    if not counts or not set(counts) <= set(SPLITS) or any(n < 1 for n in counts.values()):
        raise ValueError(f"counts must give at least one picture for some of {SPLITS}, got {dict(counts)}")
    if size < _MIN_SIZE or seed < 0:
        raise ValueError(f"size must be at least {_MIN_SIZE} and seed not negative, got size {size} and seed {seed}")
    images = {split: counts[split] for split in SPLITS if split in counts}
    return {"generator": generator, "version": version, "seed": seed, "size": size, "images": images}


def make_once(target: Path, settings: Mapping[str, Any], write: Callable[[Path, Mapping[str, Any]], None]) -> Path:
    """Let ``write`` fill a new folder that becomes ``target`` when it is whole; return ``target``.

    A complete data set of the same settings is left alone.

    Args:
        target: Folder to create; an empty one may be there.
        settings: From `checked_settings`.
        write: Writes pictures, labels and ``about.json`` into an empty folder.

    Raises:
        FileExistsError: If the folder holds something else, other settings, or lacks files.
    """
    if target.exists() and not _is_empty_folder(target):
        _check_existing(target, settings)
        return target
    partial = target.with_name(f".{target.name}.partial-{uuid.uuid4().hex[:8]}")
    try:
        partial.mkdir(parents=True)
        write(partial, settings)
        _publish(partial, target, settings)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def write_pair(folder: Path, split: str, index: int, picture: bytes, rows: bytes) -> None:
    """Write the files of one picture below the folder of a data set."""
    for file, content in zip(_pair(folder, split, index), (picture, rows), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def write_about(folder: Path, settings: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Write ``about.json`` of the files in a folder: settings, objects of every class, hash, versions, licence."""
    digest = hashlib.sha256()
    objects: dict[str, dict[str, int]] = {}
    for split, count in settings["images"].items():
        tally: Counter[int] = Counter()
        for index in range(count):
            picture, rows = (file.read_bytes() for file in _pair(folder, split, index))
            digest.update(picture + rows)
            tally.update(int(row.split(maxsplit=1)[0]) for row in rows.splitlines())
        objects[split] = {name: tally[label] for label, name in enumerate(classes)}
    about = {
        **settings,
        "objects": objects,
        "sha256": digest.hexdigest(),
        "made_with": {"numpy": np.__version__, "opencv": cv2.__version__},
        "licence": "CC0-1.0",
    }
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def counts_in_proportion(usual: Mapping[str, int], pictures: int) -> dict[str, int]:
    """Return pictures per split for so many training pictures, the other splits in proportion, at least one each."""
    return {
        split: pictures if split == "train" else max(1, pictures * n // usual["train"]) for split, n in usual.items()
    }


def write_data_yaml(folder: Path, name: str, splits: Iterable[str], classes: Sequence[str]) -> Path:
    """Write ``data.yaml`` into a data set where there is none yet, so that it can be trained on; return its path."""
    file = folder / "data.yaml"
    if not file.exists():
        content = {**{split: f"images/{split}" for split in splits}, "names": dict(enumerate(classes))}
        head = f"# {name}, drawn by lidd_yolo; see about.json beside it.\n"
        with write_beside(file) as beside:
            beside.write_text(head + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


def label_rows(scene: Scene) -> bytes:
    """Return the label file: one row per defect, class index and polygon; empty without defect."""
    rows = []
    for label, mask in scene.objects:
        rows.append(f"{label} " + " ".join(f"{value:.5f}" for value in trace(mask).ravel()) + "\n")
    return "".join(rows).encode()


def encode_jpeg(image: npt.NDArray[np.uint8], quality: int) -> bytes:
    """Return a picture as a JPEG file; a grey one ``(size, size)`` is expanded by readers of colour pictures.

    Raises:
        OSError: If OpenCV cannot encode it.
    """
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError("OpenCV could not encode a JPEG")
    return data.tobytes()


def _pair(folder: Path, split: str, index: int) -> tuple[Path, Path]:
    """Return picture and label file of one picture."""
    return folder / "images" / split / f"{index:04d}.jpg", folder / "labels" / split / f"{index:04d}.txt"


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _check_existing(target: Path, settings: Mapping[str, Any]) -> None:
    """Raise ``FileExistsError`` unless ``target`` is complete and of these settings."""
    try:
        about = json.loads((target / "about.json").read_text(encoding="utf-8"))
        existing = {key: about.get(key) for key in settings}
    except (OSError, ValueError, AttributeError):
        existing = {}
    if existing.get("generator") != settings["generator"]:
        raise FileExistsError(f"{target} exists and is not a generated data set; name another folder or move it away")
    if existing != settings:
        raise FileExistsError(f"{target} was generated as {existing}, not as {settings}; delete it to make it anew")
    for split, count in settings["images"].items():
        for folder, suffix in (("images", "jpg"), ("labels", "txt")):
            present = len(list((target / folder / split).glob(f"*.{suffix}")))
            if present < count:
                raise FileExistsError(
                    f"{target}/{folder}/{split} has {present} of {count} files; delete {target} to make it anew"
                )


def _publish(partial: Path, target: Path, settings: Mapping[str, Any]) -> None:
    """Give the finished folder its name; if another process was faster, its equal result stays."""
    try:
        if target.exists():  # an empty folder; Windows does not rename onto it
            target.rmdir()
        partial.rename(target)
    except OSError:
        if not target.exists():
            raise
        _check_existing(target, settings)
