"""Time the prediction of a batch by several networks side by side in one process: only the ratios mean anything."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from ultralytics import YOLO
from ultralytics.nn.tasks import BaseModel

from lidd_yolo.bench.in_turn import time_in_turn
from lidd_yolo.export.formats import FORMATS
from lidd_yolo.export.making import quietly
from lidd_yolo.export.runtimes import open_runtime
from lidd_yolo.optional import not_installed

Network = Callable[[Tensor], Any]
"""Pictures ``(B, 3, H, W)``, 0-1 -> outputs of any kind."""

_PAUSE = 0.005
"""Seconds between two calls on several threads: longer than the threads of a runtime spin after their work."""


def measure_latency(
    networks: Mapping[str, Mapping[str, Network]],
    *,
    imgsz: int,
    batch: int = 1,
    threads: int = 1,
    rounds: int,
) -> dict[str, dict[str, Any]]:
    """Run every network of every runtime in turn on one batch of generated pictures on the CPU.

    Args:
        networks: Runtime -> name -> network ready for inference; the first of each runtime is its reference. Runtimes
            other than PyTorch were opened on as many threads.
        imgsz: Side of the pictures in pixels.
        batch: Pictures at a time.
        threads: Threads of an operator.
        rounds: Rounds after two that warm up.

    Returns:
        Runtime -> name -> the figures of `time_in_turn`; seconds are those of a batch.
    """
    pictures = torch.rand(batch, 3, imgsz, imgsz, generator=torch.Generator().manual_seed(0))
    timed = {
        (runtime, name): partial(_time, network, pictures)
        for runtime, named in networks.items()
        for name, network in named.items()
    }
    references = {(runtime, name): (runtime, next(iter(networks[runtime]))) for runtime, name in timed}
    with on_threads(threads), torch.inference_mode():
        pause = _PAUSE if threads > 1 else 0.0
        figures = time_in_turn(timed, warm_up=2, rounds=rounds, references=references, pause=pause)
    return {runtime: {name: figures[runtime, name] for name in named} for runtime, named in networks.items()}


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """Let torch, and runtimes opened inside, use so many threads; torch has its own number again afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def ways_to_run(name: str) -> dict[str, Any]:
    """Return a network in the ways that matter for its speed in PyTorch on a CPU, each ready for `measure_latency`.

    Under the name itself stands the network as ``yolo predict`` runs it. Beside it one of ours as Ultralytics alone
    folds it, which tells what our folding brings; a stock one in channels-last order, which ours takes by itself;
    either as it is trained, with nothing folded.
    """
    check_channels(name, 3)
    usual = _loaded(name).fuse(verbose=False)
    if type(usual).__module__.startswith("lidd_yolo."):
        other = {f"{name}, folded by Ultralytics": BaseModel.fuse(_loaded(name), verbose=False)}
    else:
        other = {f"{name}, channels-last": _loaded(name).fuse(verbose=False).to(memory_format=torch.channels_last)}
    return {name: usual, **other, f"{name}, unfused": _loaded(name)}


def _loaded(name: str) -> Any:
    """Return an unfolded network with activations in place, as Ultralytics loads a checkpoint."""
    model = YOLO(name, verbose=False).model.float().eval()
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = True
    return model


def _time(network: Network, pictures: Tensor) -> float:
    start = time.perf_counter()
    network(pictures)
    return time.perf_counter() - start


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
        reason = f"{', '.join(unknown)}: no such runtime" if unknown else "no runtime"
        raise ValueError(f"--runtimes: {reason}; there are {', '.join(RUNTIMES)}")
    needed = [package for name in names if name != PYTORCH for package in FORMATS[name].packages]
    if missing := not_installed(needed, "export"):
        raise ValueError(f"{missing}, or --runtimes {PYTORCH}")
    return names


def check_channels(name: str, *known: int) -> None:
    """Refuse a network for whose number of channels no pictures are generated, with a `ValueError`."""
    channels = YOLO(name, verbose=False).model.yaml.get("channels", 3)
    if channels not in known:
        raise ValueError(f"{name} takes pictures of {channels} channels; it is timed with {known[-1]} channels only")


def as_checkpoint(name: str, folder: Path) -> Path:
    """Return a copy of a checkpoint, or a checkpoint of a model YAML with its random start values, in a new folder."""
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
    """Export every network by ``YOLO.export``, for one input shape and no other; PyTorch needs no file.

    Returns:
        Runtime -> name -> file or folder that Ultralytics wrote.
    """
    made: dict[str, dict[str, Path]] = {runtime: {} for runtime in runtimes if runtime != PYTORCH}
    for index, name in enumerate(names if made else ()):
        check_channels(name, 3)
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
    """Return what `measure_latency` takes: networks in PyTorch, if any, and every export opened on so many threads."""
    opened: dict[str, dict[str, Network]] = {PYTORCH: dict(pytorch)} if pytorch else {}
    with on_threads(threads):
        for runtime, files in exports.items():
            opened[runtime] = {name: open_runtime(runtime, file) for name, file in files.items()}
    return opened
