"""defects-pretrain: generated pictures of many materials with 25 classes of defects, to pretrain detectors.

Origin: our own; no paper. Nothing is shipped: the pictures are drawn on first use, from the seed alone. What stands
beside the defects (edges, holes, writing, reflections) has no label: a detector has to learn to leave it alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lidd_yolo.data.demo.camera import QUALITIES, encode, expose
from lidd_yolo.data.demo.distractors import add_distractors
from lidd_yolo.data.demo.generated import (
    Scene,
    checked_settings,
    label_rows,
    make_once,
    split_number,
    write_about,
    write_pair,
)
from lidd_yolo.data.demo.kinds import CLASSES, draw_defects
from lidd_yolo.data.demo.painting import ColourImage
from lidd_yolo.data.demo.surfaces import SURFACES, draw_surface
from lidd_yolo.data.labels.outline import Mask
from lidd_yolo.progress import progress

VERSION = 1  # raise it when the same seed gives other pictures
COUNTS: Mapping[str, int] = {"train": 16000, "val": 500}
SIZE = 224

_GENERATOR = "lidd_yolo.data.demo.corpus"
_SEED_WORD = 0x5CE7E5  # before every seed: no picture has the seed of another generator's
_EMPTY_EVERY = 10
_MAX_DEFECTS = 12
_CHUNK = 200  # pictures of one process: seconds of work after a third of a second to start
_FAINTEST = 5.0  # grey levels that the strongest tenth of a defect differs by, or it is not labelled in a grey picture
_ALONE = 64  # so few pictures are drawn without other processes


def generate(
    target: str | Path,
    *,
    counts: Mapping[str, int] = COUNTS,
    size: int = SIZE,
    seed: int = 0,
    processes: int | None = None,
) -> Path:
    """Write the data set to ``target``, whole or not at all; a data set of the same settings is left alone.

    The files depend on counts, size and seed only, not on the number of processes: bit for bit on one machine. Other
    builds of numpy, OpenCV or its JPEG library may round a pixel differently; ``about.json`` records the versions and
    a SHA-256 over pictures and labels.

    Args:
        target: Folder to create and return; gets ``images/``, ``labels/`` and ``about.json``.
        counts: Pictures per split; every tenth is without defect.
        size: Side of the square pictures in pixels, at least 64.
        seed: Not negative.
        processes: How many draw at the same time; None for one on every core.

    Raises:
        FileExistsError: If the folder holds something else, other settings, or lacks files.
        ValueError: If a split, a count, the size, the seed or the number of processes is out of range.
        ChildProcessError: If a process that draws fails.
    """
    if processes is not None and processes < 1:
        raise ValueError(f"processes must be at least 1, got {processes}")
    workers = processes or _cores()

    def write(folder: Path, settings: Mapping[str, Any]) -> None:
        _write(folder, settings, workers)

    return make_once(Path(target), checked_settings(_GENERATOR, VERSION, counts, size, seed), write)


def render(*, seed: int, split: str, index: int, size: int = SIZE) -> Scene:
    """Draw picture ``index`` of a split; it depends on nothing else, so pictures may be drawn in any order.

    Raises:
        ValueError: If the split is none of ``train``, ``val`` and ``test``.
    """
    rng = _random(seed, split, index)
    picture = draw_surface(rng, str(rng.choice(SURFACES)), size)
    ground = add_distractors(rng, picture)
    number = 0 if index % _EMPTY_EVERY == _EMPTY_EVERY - 1 else min(int(rng.geometric(0.27)), _MAX_DEFECTS)
    picture, objects = draw_defects(rng, ground, number)
    turns = int(rng.integers(4))  # rolling direction and light from all sides
    image = expose(rng, np.ascontiguousarray(np.rot90(picture, turns)))
    if (image == image[..., :1]).all():
        objects = _seen_in_grey(objects, ground, picture)
    return Scene(image, tuple((label, np.ascontiguousarray(np.rot90(mask, turns))) for label, mask in objects))


def _seen_in_grey(
    objects: Sequence[tuple[int, Mask]], before: ColourImage, after: ColourImage
) -> list[tuple[int, Mask]]:
    """Return the defects without those that change the colour alone, which a grey picture does not show."""
    change = np.abs(cv2.cvtColor(after, cv2.COLOR_BGR2GRAY) - cv2.cvtColor(before, cv2.COLOR_BGR2GRAY))
    return [(label, mask) for label, mask in objects if np.percentile(change[mask > 0], 90) > _FAINTEST]


def _random(seed: int, split: str, index: int, *purpose: int) -> np.random.Generator:
    return np.random.default_rng([_SEED_WORD, seed, split_number(split), index, *purpose])


def _write(folder: Path, settings: Mapping[str, Any], processes: int) -> None:
    """Write pictures, labels and ``about.json`` into an empty folder."""
    chunks = [
        (split, first, min(first + _CHUNK, count))
        for split, count in settings["images"].items()
        for first in range(0, count, _CHUNK)
    ]
    if processes == 1 or sum(settings["images"].values()) <= _ALONE:
        for split, first, last in progress(chunks, len(chunks), "defects-pretrain"):
            _write_chunk(folder, settings["seed"], settings["size"], split, range(first, last))
    else:
        _write_in_parallel(folder, settings, chunks, processes)
    write_about(folder, settings, CLASSES)


def _write_chunk(folder: Path, seed: int, size: int, split: str, indices: range) -> None:
    """Write pictures and labels of some indices of a split."""
    for index in indices:
        scene = render(seed=seed, split=split, index=index, size=size)
        quality = int(_random(seed, split, index, 1).integers(QUALITIES[0], QUALITIES[1] + 1))
        write_pair(folder, split, index, encode(scene.image, quality), label_rows(scene))


def _write_in_parallel(
    folder: Path, settings: Mapping[str, Any], chunks: Sequence[tuple[str, int, int]], processes: int
) -> None:
    """Let new Python processes write the chunks, so many at the same time.

    They are not those of ``multiprocessing``: a fork after Ultralytics has started threads may hang, and a spawned
    process imports the user's script again, which trains at once where it has no ``if __name__ == "__main__"``.
    """
    common = (str(folder), str(settings["seed"]), str(settings["size"]))

    def run(chunk: tuple[str, int, int]) -> None:
        _run_process([*common, *map(str, chunk)])

    with ThreadPoolExecutor(min(processes, len(chunks))) as pool:
        try:
            for _ in progress(pool.map(run, chunks), len(chunks), "defects-pretrain"):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run_process(words: Sequence[str]) -> None:
    """Run this module in a process of its own with these words.

    Raises:
        ChildProcessError: If it fails; with the last line that it wrote.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", _GENERATOR, *words]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise ChildProcessError(f"a process that draws defects-pretrain failed: {last}")


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main(words: Sequence[str]) -> None:
    """Write one chunk: folder, seed, size, split, first index, last index plus 1."""
    folder, seed, size, split, first, last = words
    cv2.setNumThreads(1)
    _write_chunk(Path(folder), int(seed), int(size), split, range(int(first), int(last)))


if __name__ == "__main__":
    main(sys.argv[1:])
