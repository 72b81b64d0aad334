"""Time ``YOLO.predict`` on a folder of pictures, side by side: decoding, network, NMS and what lies between them."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from ultralytics import YOLO

from lidd_yolo.bench.in_turn import measured_alone, time_in_turn
from lidd_yolo.bench.latency import as_checkpoint, check_channels, on_threads
from lidd_yolo.data.demo.synthetic import generate

_ALONE = "lidd_yolo.bench.first_prediction"


def measure_predictions(
    names: Sequence[str],
    *,
    imgsz: int,
    pictures: int,
    chunk: int,
    starts: int,
    side: int = 256,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Predict generated pictures with every network in turn, a folder of ``chunk`` pictures at a time.

    Args:
        names: Model YAMLs or checkpoints; the first is the reference of the ratios.
        imgsz: Side of the networks' input in pixels.
        pictures: Pictures that count, a multiple of ``chunk``; the first chunk runs once more before, to warm up.
        chunk: Pictures after which it is the next network's turn.
        starts: Fresh processes of each network, in turn, in which the first picture is waited for.
        side: Side of the pictures in pixels.
        say: Takes a line on what is being done.

    Returns:
        For each name the figures of `time_in_turn` for a chunk; ``pictures_per_s``; ``detections`` of a picture;
        ``start``, the same figures for the time from the start of a process to its first result; ``peak_mib``, the
        largest resident memory of a process that predicts a chunk, and ``grown_mib``, its part above the loaded
        packages. Besides ``threads``, those that Ultralytics chose.

    Raises:
        ValueError: If ``pictures`` is not a multiple of ``chunk``, or a network takes other channels.
    """
    if pictures < 1 or chunk < 1 or pictures % chunk:
        raise ValueError(f"--pictures must be a multiple of --chunk, got {pictures} and {chunk}")
    for name in names:
        check_channels(name, 1, 3)
    with tempfile.TemporaryDirectory() as folder, on_threads(torch.get_num_threads()):
        say(f"drawing {pictures} pictures of {side} px")
        chunks = _in_chunks(Path(folder), pictures, chunk, side)
        files = {name: as_checkpoint(name, Path(folder) / f"model-{index}") for index, name in enumerate(names)}
        say(f"predicting at {imgsz} px")
        predicting, detections = _predicting(files, chunks, imgsz)
        threads = torch.get_num_threads()
        say(f"starting {starts} fresh processes of each network")
        alone = _alone(files, chunks[0], imgsz, starts)
    results = {
        name: {
            **figures,
            "pictures_per_s": round(chunk / figures["median_s"], 2),
            "detections": round(detections[name] / (pictures + chunk), 2),
            **alone[name],
        }
        for name, figures in predicting.items()
    }
    return {"results": results, "threads": threads}


def _in_chunks(folder: Path, pictures: int, chunk: int, side: int) -> list[Path]:
    """Draw the pictures and return folders of them."""
    drawn = generate(folder / "drawn", counts={"test": pictures}, size=side) / "images" / "test"
    chunks = [folder / f"chunk-{index:04d}" for index in range(pictures // chunk)]
    for place in chunks:
        place.mkdir()
    for index, file in enumerate(sorted(drawn.iterdir())):
        file.rename(chunks[index // chunk] / file.name)
    return chunks


def _predicting(
    files: dict[str, Path], chunks: Sequence[Path], imgsz: int
) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Return the times of a chunk and how many detections each network made in all."""
    detections = dict.fromkeys(files, 0)

    def predict(name: str, model: Any, source: Any) -> float:
        start = time.perf_counter()
        results = model.predict(next(source), imgsz=imgsz, device="cpu", stream=True, verbose=False)
        count = sum(len(result) for result in results)
        seconds = time.perf_counter() - start
        detections[name] += count
        return seconds

    timed = {
        name: partial(predict, name, YOLO(file, verbose=False), iter([chunks[0], *chunks]))
        for name, file in files.items()
    }
    return time_in_turn(timed, warm_up=1, rounds=len(chunks)), detections


def _alone(files: dict[str, Path], chunk: Path, imgsz: int, starts: int) -> dict[str, dict[str, Any]]:
    """Return the times to the first result and the memory of fresh processes."""
    runs_of: dict[str, list[dict[str, Any]]] = {name: [] for name in files}

    def start(name: str, file: Path) -> float:
        started = time.time()
        runs_of[name].append(measured_alone(_ALONE, [file, chunk, imgsz]))
        return float(runs_of[name][-1]["first_at"]) - started

    times = time_in_turn({name: partial(start, name, file) for name, file in files.items()}, warm_up=1, rounds=starts)
    return {
        name: {
            "start": times[name],
            "peak_mib": statistics.median(run["peak_mib"] for run in runs),
            "grown_mib": round(statistics.median(run["peak_mib"] - run["imported_mib"] for run in runs), 1),
        }
        for name, runs in runs_of.items()
    }
