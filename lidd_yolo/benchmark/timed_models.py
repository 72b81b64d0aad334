"""The networks that are timed, in the form that each runtime takes: a checkpoint, or an export by stock Ultralytics."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lidd_yolo.benchmark.inference_time import Network, on_threads, ways_to_run
from lidd_yolo.export.formats import FORMATS
from lidd_yolo.export.runtimes import open_runtime

PYTORCH = "pytorch"
RUNTIMES = (PYTORCH, "onnx", "openvino")


def parse_runtimes(text: str) -> tuple[str, ...]:
    """Return the runtimes of a comma-separated list, each once.

    Raises:
        ValueError: If one is unknown, there is none, or a package that one needs is not installed.
    """
    names = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    unknown = [name for name in names if name not in RUNTIMES]
    if unknown or not names:
        told = f"{', '.join(unknown)}: no such runtime" if unknown else "no runtime"
        raise ValueError(f"--runtimes: {told}; there are {', '.join(RUNTIMES)}")
    needed = [package for name in names if name != PYTORCH for package in FORMATS[name].packages]
    if missing := [package for package in needed if find_spec(package) is None]:
        raise ValueError(
            f"{', '.join(missing)} not installed: pip install 'lidd-yolo[export]', or --runtimes {PYTORCH}"
        )
    return names


def as_checkpoint(name: str, folder: Path) -> Path:
    """Return a copy of a checkpoint, or a checkpoint of a model YAML with its random start values, in a new folder."""
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

    folder.mkdir(parents=True)
    target = folder / f"{Path(name).stem}.pt"
    if Path(name).suffix == ".pt":
        return Path(shutil.copy(name, target))
    YOLO(name, verbose=False).save(target)
    return target


def make_exports(
    names: Sequence[str],
    runtimes: Sequence[str],
    folder: Path,
    *,
    imgsz: int,
    batch: int,
    say: Callable[[str], None],
) -> dict[str, dict[str, Path]]:
    """Export every network by ``YOLO.export``, for one input shape and no other.

    Args:
        names: Model YAMLs or checkpoints.
        runtimes: Some of `RUNTIMES`; PyTorch needs no file.
        folder: Folder to write into.
        imgsz: Side of the pictures in pixels.
        batch: Pictures at a time.
        say: Takes a line for every file before it is made.

    Returns:
        Runtime -> name -> file or folder that Ultralytics wrote.
    """
    from ultralytics import YOLO  # noqa: PLC0415

    from lidd_yolo.export.making import quietly  # noqa: PLC0415 - loads Ultralytics

    made: dict[str, dict[str, Path]] = {runtime: {} for runtime in runtimes if runtime != PYTORCH}
    for index, name in enumerate(names if made else ()):
        checkpoint = as_checkpoint(name, folder / str(index))
        for runtime, files in made.items():
            say(f"exporting {name} for {runtime}, {imgsz} px, batch {batch}")
            with quietly():
                model = YOLO(checkpoint)
                model.clear_callback("on_export_end")  # the notice that nobody compared the file
                file = model.export(format=runtime, imgsz=imgsz, batch=batch, device="cpu", verbose=False)
            files[name] = Path(file)
    return made


def open_networks(
    pytorch: Mapping[str, Any], exports: Mapping[str, Mapping[str, Path]], *, threads: int
) -> dict[str, dict[str, Network]]:
    """Return what `measure_latency` takes, with every exported file opened on so many threads.

    Args:
        pytorch: Name -> network in PyTorch, the reference first; may be empty.
        exports: Runtime -> name -> exported file, the reference first.
        threads: Threads of an operator.
    """
    opened: dict[str, dict[str, Network]] = {PYTORCH: dict(pytorch)} if pytorch else {}
    with on_threads(threads):
        for runtime, files in exports.items():
            opened[runtime] = {name: open_runtime(runtime, file) for name, file in files.items()}
    return opened


def pytorch_networks(names: Sequence[str]) -> dict[str, Any]:
    """Return every network in each of its `ways_to_run`."""
    return {way: network for name in names for way, network in ways_to_run(name).items()}
