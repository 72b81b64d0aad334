"""Commands that measure speed: ``lidd bench latency | operators | predict | steps | loading``.

Networks are timed side by side, and each command adds an entry to the ledger. ``make bench`` runs them all.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lidd_yolo.results.ledger import keep

Say = Callable[[str], None]
_AUXILIARIES = ("off", "light", "dense")
_MODELS = ["yolov8n.yaml", "lidd.yaml"]
_MODELS_HELP = "model YAMLs or checkpoints; ratios are to the first"


def add_commands(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-commands to those of ``lidd bench``."""
    latency = actions.add_parser("latency", help="time networks side by side in several runtimes")
    latency.add_argument("--models", nargs="+", default=_MODELS, metavar="MODEL", help=_MODELS_HELP)
    latency.add_argument("--imgsz", type=int, nargs="+", default=[192], metavar="PX", help="input sizes")
    latency.add_argument(
        "--runtimes", default="pytorch,onnx,openvino", metavar="A,B", help="default: pytorch,onnx,openvino"
    )
    latency.add_argument("--batch", type=int, nargs="+", default=[1], metavar="N", help="pictures at a time")
    latency.add_argument("--threads", type=_threads, nargs="+", default=[1], metavar="N", help="numbers, or all")
    latency.add_argument("--rounds", type=int, default=40)

    operators = actions.add_parser("operators", help="tell in which operators exported networks spend their time")
    operators.add_argument("--models", nargs="+", default=_MODELS, metavar="MODEL", help="model YAMLs or checkpoints")
    operators.add_argument("--imgsz", type=int, default=192, metavar="PX")
    operators.add_argument("--runtimes", default="onnx,openvino", metavar="A,B", help="default: onnx,openvino")
    operators.add_argument("--rounds", type=int, default=200)

    predict = actions.add_parser("predict", help="time yolo predict on a folder side by side: pictures to detections")
    predict.add_argument("--models", nargs="+", default=_MODELS, metavar="MODEL", help=_MODELS_HELP)
    predict.add_argument("--imgsz", type=int, default=192, metavar="PX")
    predict.add_argument("--pictures", type=int, default=1000, metavar="N", help="generated ones (default: 1000)")
    predict.add_argument("--chunk", type=int, default=50, metavar="N", help="pictures in a turn (default: 50)")
    predict.add_argument("--starts", type=int, default=5, metavar="N", help="fresh processes of each (default: 5)")

    steps = actions.add_parser("steps", help="time training steps side by side, and measure their memory")
    steps.add_argument("--network", choices=tuple(_STEPPED), default="lidd")
    steps.add_argument("--imgsz", type=int, default=192, metavar="PX")
    steps.add_argument("--batch", type=int, default=32)
    steps.add_argument("--rounds", type=int, default=7)
    steps.add_argument("--threads", type=_threads, default=1, metavar="N", help="a number, or all (default: 1)")
    steps.add_argument("--device", default="cpu", help="cpu, or the number of a GPU (default: cpu)")

    loading = actions.add_parser("loading", help="tell how much of a training goes by waiting for its pictures")
    loading.add_argument("--models", nargs="+", default=_MODELS, metavar="MODEL", help="model YAMLs or checkpoints")
    loading.add_argument("--data", default="defects-demo.yaml", metavar="YAML", help="default: defects-demo.yaml")
    loading.add_argument("--imgsz", type=int, default=192, metavar="PX")
    loading.add_argument("--batch", type=int, default=32)
    loading.add_argument("--workers", type=int, default=8, metavar="N", help="as for yolo train (default: 8)")
    loading.add_argument("--steps", type=int, default=20, help="steps that count (default: 20)")
    loading.add_argument("--device", default="cpu", help="cpu, or the number of a GPU (default: cpu)")


def _threads(word: str) -> int:
    """Return a number of threads; ``all``: as many as the process may run on."""
    if word == "all":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(word)


def _latency(args: argparse.Namespace, say: Say) -> None:
    from lidd_yolo.bench import latency as timed_models  # noqa: PLC0415 - loads torch

    runtimes = timed_models.parse_runtimes(args.runtimes)
    least = min(*args.imgsz, *args.batch, *args.threads, args.rounds)
    if least < 1:
        raise ValueError(f"--imgsz, --batch, --threads and --rounds must be at least 1, got {least}")
    pytorch = timed_models.pytorch_networks(args.models) if timed_models.PYTORCH in runtimes else {}
    for imgsz in args.imgsz:
        for batch in args.batch:
            with tempfile.TemporaryDirectory() as folder:
                exports = timed_models.make_exports(
                    args.models, runtimes, Path(folder), imgsz=imgsz, batch=batch, say=say
                )
                for threads in dict.fromkeys(args.threads):
                    networks = timed_models.open_networks(pytorch, exports, threads=threads)
                    _time_and_keep(args, networks, say, imgsz=imgsz, batch=batch, threads=threads)


def _time_and_keep(args: argparse.Namespace, networks: Any, say: Say, *, imgsz: int, batch: int, threads: int) -> None:
    from lidd_yolo.bench.latency import measure_latency  # noqa: PLC0415 - loads torch

    say(f"{imgsz} px, batch {batch}, {threads} thread(s), {args.rounds} rounds")
    found = measure_latency(networks, imgsz=imgsz, batch=batch, threads=threads, rounds=args.rounds)
    for runtime, results in found.items():
        reference = next(iter(results))
        for name, figures in results.items():
            low, high = figures["ratio_quartiles"]
            times = f"{1e3 * figures['median_s'] / batch:8.2f} ms per picture"
            say(f"{runtime:9s}{name:36s}{times}  {figures['ratio']:.2f} ({low:.2f} to {high:.2f}) x {reference}")
        name = f"latency-{_subject(args.models)}-{imgsz}-batch{batch}-threads{threads}-{runtime}"
        facts = {"imgsz": imgsz, "batch": batch, "runtime": runtime, "rounds": args.rounds, "reference": reference}
        say(f"wrote {keep(args.ledger, name, results, threads=threads, **facts)}")


def _operators(args: argparse.Namespace, say: Say) -> None:
    from lidd_yolo.bench import latency as timed_models  # noqa: PLC0415 - loads torch
    from lidd_yolo.bench.operators import operator_times  # noqa: PLC0415

    runtimes = timed_models.parse_runtimes(args.runtimes)
    if timed_models.PYTORCH in runtimes:
        raise ValueError("--runtimes: onnx and openvino have a profile of their own; for PyTorch see torch.profiler")
    if min(args.imgsz, args.rounds) < 1:
        raise ValueError(f"--imgsz and --rounds must be at least 1, got {args.imgsz} and {args.rounds}")
    with tempfile.TemporaryDirectory() as folder:
        made = timed_models.make_exports(args.models, runtimes, Path(folder), imgsz=args.imgsz, batch=1, say=say)
        for runtime, files in made.items():
            facts = {"imgsz": args.imgsz, "batch": 1, "runtime": runtime, "rounds": args.rounds}
            results = operator_times(runtime, files, imgsz=args.imgsz, rounds=args.rounds)
            for name, found in results.items():
                within = sum(kind["seconds"] for kind in found["operators"].values())
                say(f"{runtime:9s}{name:24s}{1e6 * within:8.0f} of {1e6 * found['whole_s']:.0f} us in operators")
            name = f"operators-{_subject(args.models)}-{args.imgsz}-{runtime}"
            say(f"wrote {keep(args.ledger, name, results, threads=1, **facts)}")


def _predict(args: argparse.Namespace, say: Say) -> None:
    from lidd_yolo.bench.predict import measure_predictions  # noqa: PLC0415 - loads torch

    chosen = {"imgsz": args.imgsz, "pictures": args.pictures, "chunk": args.chunk, "starts": args.starts}
    found = measure_predictions(args.models, **chosen, say=say)
    for name, figures in found["results"].items():
        say(
            f"{name:24s} {figures['pictures_per_s']:7.1f} pictures/s, time {figures['ratio']:.2f} x {args.models[0]}; "
            f"first after {figures['start']['median_s']:.1f} s; {figures['peak_mib']:.0f} MiB"
        )
    facts = {**chosen, "reference": args.models[0]}
    name = f"predict-{_subject(args.models)}-{args.imgsz}"
    say(f"wrote {keep(args.ledger, name, found['results'], threads=found['threads'], **facts)}")


def _steps(args: argparse.Namespace, say: Say) -> None:
    from lidd_yolo.bench import step_memory  # noqa: PLC0415
    from lidd_yolo.bench import training_step as step_time  # noqa: PLC0415 - loads torch
    from lidd_yolo.bench.latency import on_threads  # noqa: PLC0415

    device = step_time.torch_device(args.device)
    wanted = _STEPPED[args.network]
    reference = next(iter(wanted))
    models = {
        name: step_time.trainable(model, device=device, **({"aux": aux} if aux else {}))
        for name, (model, aux) in wanted.items()
    }
    setting: dict[str, Any] = {"imgsz": args.imgsz, "batch": args.batch}
    with on_threads(args.threads):
        results = step_time.measure_steps(models, **setting, rounds=args.rounds, reference=reference, device=device)
    for name, figures in results.items():
        model, aux = wanted[name]
        figures["peak_mib"] = step_memory.step_memory(model, aux=aux, device=device, **setting)
        told = f"{figures['median_s']:7.3f} s  {figures['ratio']:.2f} x {reference}"
        say(f"{name:24s} {told}, {figures['peak_mib']:.0f} MiB")
    facts = {**setting, "rounds": args.rounds, "reference": reference}
    name = f"train-step-{args.network}-{args.imgsz}-{device.partition(':')[0]}"
    say(f"wrote {keep(args.ledger, name, results, threads=args.threads, device=device, **facts)}")


def _loading(args: argparse.Namespace, say: Say) -> None:
    from lidd_yolo.bench import loading as loading_time  # noqa: PLC0415
    from lidd_yolo.bench import training_step as step_time  # noqa: PLC0415 - loads torch

    device = step_time.torch_device(args.device)
    facts: dict[str, Any] = {"imgsz": args.imgsz, "batch": args.batch, "steps": args.steps, "data": args.data}
    found = loading_time.measure_loading(args.models, **facts, workers=args.workers, device=args.device, say=say)
    for name, figures in found["results"].items():
        waiting = f"{100 * figures['waiting']:.0f} % of the time waiting for pictures"
        say(f"{name:24s} {figures['workers']} loader processes: {waiting}")
    name = f"loading-{_subject(args.models)}-{args.imgsz}-{device.partition(':')[0]}"
    say(f"wrote {keep(args.ledger, name, found['results'], threads=found['threads'], device=device, **facts)}")


def _subject(models: list[str]) -> str:
    """Return what an entry is about: the first network that is not the reference, as a part of a file name."""
    return Path(models[min(1, len(models) - 1)]).stem


_STEPPED: dict[str, dict[str, tuple[str, str]]] = {
    "lidd": {"yolov8n.yaml": ("yolov8n.yaml", "")} | {f"lidd.yaml aux={a}": ("lidd.yaml", a) for a in _AUXILIARIES},
    "wlnet": {"yolov8s-seg.yaml": ("yolov8s-seg.yaml", ""), "wlnet.yaml": ("wlnet.yaml", "")},
}
"""Network -> name in the results -> model YAML and auxiliary head; the first is the reference."""

ACTIONS: dict[str, Callable[[argparse.Namespace, Say], None]] = {
    "latency": _latency,
    "operators": _operators,
    "predict": _predict,
    "steps": _steps,
    "loading": _loading,
}
"""Sub-command -> what runs it; takes what writes a line for the user."""
