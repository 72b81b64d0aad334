"""Time ``lidd data check`` on generated sets: few labels in large pictures, many pictures of one label, outlines.

Own work. The pictures of a set are a few textures told apart by a comment in each file, so that they take little time
to make and every file must still be read, hashed and decoded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import yaml

_TEXTURES = 20
_CLASSES = ("one", "two", "three", "four", "five", "six")


class Load(NamedTuple):
    """A set to check: number of labels, labels in a picture, side of the pictures in pixels, corners, 0 for boxes."""

    labels: int = 100_000
    each: int = 5
    side: int = 200
    corners: int = 0

    @property
    def name(self) -> str:
        """What it is, for tables."""
        shape = f"outlines of {self.corners} corners" if self.corners else "boxes"
        return f"{self.labels} {shape}, {self.labels // self.each} pictures of {self.side}x{self.side}"


LOADS = (Load(each=5), Load(each=1), Load(each=10, side=640), Load(each=10, corners=60))


def measure_checks(loads: tuple[Load, ...] = LOADS) -> dict[str, dict[str, float]]:
    """Return for each load the wall time, in seconds, of the command in a process of its own.

    Raises:
        ValueError: If a check fails or finds something.
    """
    results = {}
    for load in loads:
        with tempfile.TemporaryDirectory() as folder:
            file = write_load(Path(folder), load)
            begun = time.perf_counter()
            command = [sys.executable, "-m", "lidd_yolo", "data", "check", str(file), "--json"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - begun
        if done.returncode:
            raise ValueError(f"{load.name}: status {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
        results[load.name] = {"seconds": round(seconds, 1)}
    return results


def write_load(folder: Path, load: Load) -> Path:
    """Write a set and return its data YAML.

    Args:
        folder: An empty folder.
        load: What it holds.
    """
    rng = np.random.default_rng(0)
    textures = [_texture(rng, load.side) for _ in range(_TEXTURES)]
    for kind in ("images", "labels"):
        (folder / kind / "train").mkdir(parents=True)
    for number in range(load.labels // load.each):
        head, rest = textures[number % _TEXTURES][:2], textures[number % _TEXTURES][2:]
        comment = b"\xff\xfe\x00\x0a" + f"{number:08d}".encode()
        (folder / f"images/train/{number}.jpg").write_bytes(head + comment + rest)
        lines = "".join(_line(rng, load.corners) for _ in range(load.each))
        (folder / f"labels/train/{number}.txt").write_text(lines, encoding="utf-8")
    file = folder / "data.yaml"
    content = {"path": str(folder), "train": "images/train", "names": list(_CLASSES)}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def _texture(rng: np.random.Generator, side: int) -> bytes:
    noise = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), 1.2)
    gray = np.clip(120 + 25 * noise / noise.std(), 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))[1].tobytes()


def _line(rng: np.random.Generator, corners: int) -> str:
    """Return a label whose shape lies in the picture and does not cross itself."""
    number = rng.integers(len(_CLASSES))
    x, y = rng.uniform(0.3, 0.7, 2)
    w, h = rng.uniform(0.05, 0.5, 2)
    if not corners:
        return f"{number} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n"
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = rng.uniform(0.45, 0.5, corners)
    points = np.stack([x + w * radius * np.cos(angle), y + h * radius * np.sin(angle)], axis=1)
    return f"{number} " + " ".join(f"{value:.6f}" for value in points.ravel()) + "\n"
