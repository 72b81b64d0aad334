"""defects-demo: a generated data set of steel-like pictures with six classes of defects.

Origin: our own; no paper. Nothing is shipped: the pictures are drawn on first use, from the seed alone. Labels are
polygons (YOLO segmentation rows) traced from each defect's mask; Ultralytics derives the boxes for detection from them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lidd_yolo.data.demo.defects import CLASSES, draw_defect
from lidd_yolo.data.demo.textures import FINISHES, FloatImage, steel_texture
from lidd_yolo.data.labels.outline import Mask, trace

VERSION = 1  # raise it when the same seed gives other pictures
COUNTS: Mapping[str, int] = {"train": 300, "val": 60, "test": 40}

_GENERATOR = "lidd_yolo.data.demo.synthetic"
_SPLITS = ("train", "val", "test")  # the place in here is part of every picture's seed
_MIN_SIZE = 64
_EMPTY_EVERY = 10
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class Scene:
    """One generated picture: grey levels ``(size, size)``; class index and 0/1 mask of each defect, disjoint."""

    image: npt.NDArray[np.uint8]
    objects: tuple[tuple[int, Mask], ...]


def generate(target: str | Path, *, counts: Mapping[str, int] = COUNTS, size: int = 256, seed: int = 0) -> Path:
    """Write the data set to ``target``, whole or not at all; a data set of the same settings is left alone.

    The files depend on the arguments only: bit for bit on one machine. Other builds of numpy, OpenCV or its JPEG
    library may round a pixel differently; ``about.json`` records the versions and a SHA-256 over pictures and labels.

    Args:
        target: Folder to create and return; gets ``images/``, ``labels/`` and ``about.json``.
        counts: Pictures per split; every tenth is without defect.
        size: Side of the square pictures in pixels, at least 64.
        seed: Not negative.

    Raises:
        FileExistsError: If the folder holds something else, other settings, or lacks files.
        ValueError: If a split, a count, the size or the seed is out of range.
    """
    settings = _checked_settings(counts, size, seed)
    target = Path(target)
    if target.exists() and not _is_empty_folder(target):
        _check_existing(target, settings)
        return target
    partial = target.with_name(f".{target.name}.partial-{uuid.uuid4().hex[:8]}")
    try:
        partial.mkdir(parents=True)
        _write(partial, settings)
        _publish(partial, target, settings)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def render(*, seed: int, split: str, index: int, size: int = 256) -> Scene:
    """Draw picture ``index`` of a split; it depends on nothing else, so pictures may be drawn in any order.

    Raises:
        ValueError: If the split is none of ``train``, ``val`` and ``test``.
    """
    if split not in _SPLITS:
        raise ValueError(f"split must be one of {_SPLITS}, got {split!r}")
    rng = np.random.default_rng([seed, _SPLITS.index(split), index])
    picture = steel_texture(rng, size, str(rng.choice(list(FINISHES))))
    objects: list[tuple[int, Mask]] = []
    number = 0 if index % _EMPTY_EVERY == _EMPTY_EVERY - 1 else int(rng.integers(1, 7))
    taken = np.zeros((size, size), dtype=np.uint8)
    for label in rng.integers(0, len(CLASSES), number):
        defect = draw_defect(rng, CLASSES[label], size)
        if (taken & defect.mask).any():
            continue
        picture += defect.change
        objects.append((int(label), defect.mask))
        taken[cv2.dilate(defect.mask, np.ones((7, 7), dtype=np.uint8)) > 0] = 1
    if rng.random() < 0.5:  # rolling direction upright
        picture = picture.T
        objects = [(label, np.ascontiguousarray(mask.T)) for label, mask in objects]
    return Scene(_expose(rng, picture), tuple(objects))


def _expose(rng: np.random.Generator, picture: FloatImage) -> npt.NDArray[np.uint8]:
    """Camera: a slight blur of the optics, sensor noise, rounding to 8 bit."""
    blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 0.8))
    noisy = blurred + rng.uniform(1, 3) * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.asarray(np.clip(np.round(noisy), 0, 255), dtype=np.uint8)


def _checked_settings(counts: Mapping[str, int], size: int, seed: int) -> dict[str, Any]:
    """Return what determines the pictures, in the form written to ``about.json``."""
    if not counts or not set(counts) <= set(_SPLITS) or any(n < 1 for n in counts.values()):
        raise ValueError(f"counts must give at least one picture for some of {_SPLITS}, got {dict(counts)}")
    if size < _MIN_SIZE or seed < 0:
        raise ValueError(f"size must be at least {_MIN_SIZE} and seed not negative, got size {size} and seed {seed}")
    images = {split: counts[split] for split in _SPLITS if split in counts}
    return {"generator": _GENERATOR, "version": VERSION, "seed": seed, "size": size, "images": images}


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _check_existing(target: Path, settings: Mapping[str, Any]) -> None:
    """Raise ``FileExistsError`` unless ``target`` is complete and of these settings."""
    try:
        about = json.loads((target / "about.json").read_text(encoding="utf-8"))
        existing = {key: about.get(key) for key in settings}
    except (OSError, ValueError, AttributeError):
        existing = {}
    if existing.get("generator") != _GENERATOR:
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


def _write(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write pictures, labels and ``about.json`` into an empty folder."""
    digest = hashlib.sha256()
    objects: dict[str, dict[str, int]] = {}
    for split, count in settings["images"].items():
        images, labels = folder / "images" / split, folder / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        tally: Counter[int] = Counter()
        for index in range(count):
            scene = render(seed=settings["seed"], split=split, index=index, size=settings["size"])
            picture, rows = _encode(scene.image), _rows(scene)
            (images / f"{index:04d}.jpg").write_bytes(picture)
            (labels / f"{index:04d}.txt").write_bytes(rows)
            digest.update(picture + rows)
            tally.update(label for label, _ in scene.objects)
        objects[split] = {name: tally[label] for label, name in enumerate(CLASSES)}
    about = {
        **settings,
        "objects": objects,
        "sha256": digest.hexdigest(),
        "made_with": {"numpy": np.__version__, "opencv": cv2.__version__},
        "licence": "CC0-1.0",
    }
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _encode(image: npt.NDArray[np.uint8]) -> bytes:
    """Return the picture as a grey JPEG, which every reader of colour pictures expands to three channels."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise OSError("OpenCV could not encode a JPEG")
    return data.tobytes()


def _rows(scene: Scene) -> bytes:
    """Return the label file: one row per defect, class index and polygon; empty without defect."""
    rows = []
    for label, mask in scene.objects:
        rows.append(f"{label} " + " ".join(f"{value:.5f}" for value in trace(mask).ravel()) + "\n")
    return "".join(rows).encode()
