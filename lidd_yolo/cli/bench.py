"""Command ``lidd bench``: put finished runs into the ledger, draw pictures, time networks side by side.

``make bench`` runs all the commands that measure speed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lidd_yolo.cli.words import named_files
from lidd_yolo.export.certificate import Certificate
from lidd_yolo.results.ledger import LEDGER, append, append_measurement

_AUXILIARIES = ("off", "light", "dense")
_MODELS = ["yolov8n.yaml", "lidd.yaml"]
_MODELS_HELP = "model YAMLs or checkpoints; ratios are to the first"

_STEPPED: dict[str, dict[str, tuple[str, str]]] = {
    "lidd": {"yolov8n.yaml": ("yolov8n.yaml", "")} | {f"lidd.yaml aux={a}": ("lidd.yaml", a) for a in _AUXILIARIES},
    "wlnet": {"yolov8s-seg.yaml": ("yolov8s-seg.yaml", ""), "wlnet.yaml": ("wlnet.yaml", "")},
}
"""Network -> name in the results -> model YAML and auxiliary head; the first is the reference."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands to the parser of ``lidd bench``."""
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    record = actions.add_parser("record", help="measure a finished yolo train run and add it to the ledger")
    record.add_argument("run_folder", type=Path, help="folder of the run, such as runs/detect/train")
    record.add_argument("--name", help="name of the entry (default: the folder's)")
    record.add_argument("--commit", help="commit the run was trained with (default: the present one)")
    record.add_argument("--note", default="", help="a sentence that readers of the figures need")

    certificate = actions.add_parser("certificate", help="put a parity certificate of lidd export into the ledger")
    certificate.add_argument("file", type=Path, help="best.parity.json")
    certificate.add_argument("--name", required=True, help="of what, such as neu-det-lidd")

    _add_pictures(actions)
    _add_speed(actions)


def _add_pictures(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    pictures = actions.add_parser("pictures", help="draw pictures beside their labels and what networks find in them")
    pictures.add_argument("target", type=Path, help="picture to write, .jpg or .png")
    pictures.add_argument("--data", required=True, metavar="YAML", help="data set")
    pictures.add_argument(
        "--models", nargs="+", default=[], metavar="[NAME=]FILE", help="checkpoints or exported models"
    )
    pictures.add_argument("--split", default="val", choices=("train", "val", "test"))
    pictures.add_argument("--count", type=int, default=4, metavar="N", help="number of pictures (default: 4)")
    pictures.add_argument("--conf", type=float, default=0.25, metavar="C", help="smallest confidence (default: 0.25)")
    pictures.add_argument("--imgsz", type=int, metavar="PX", help="input size (default: each checkpoint's own)")
    pictures.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the choice (default: 0)")


def _add_speed(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def run(args: argparse.Namespace) -> int:
    """Run ``lidd bench`` and return its exit status."""
    _ACTIONS[args.action](args)
    return 0


def _record(args: argparse.Namespace) -> None:
    from lidd_yolo.results.record import evidence_files, record_run  # noqa: PLC0415 - loads torch when it measures

    entry = record_run(args.run_folder, name=args.name, note=args.note)
    entry["commit"] = args.commit or entry["commit"]
    _say(f"wrote {append(entry, args.ledger, evidence_files(entry, args.run_folder))}")


def _certificate(args: argparse.Namespace) -> None:
    _write(args, f"certificate-{args.name}", Certificate.read(args.file).as_dict())


def _pictures(args: argparse.Namespace) -> None:
    from lidd_yolo.report.side_by_side import draw_side_by_side  # noqa: PLC0415 - loads OpenCV

    options = {key: getattr(args, key) for key in ("split", "count", "conf", "imgsz", "seed")}
    files = draw_side_by_side(named_files(args.models), args.data, args.target, **options)
    _say(f"wrote {args.target}: {', '.join(file.name for file in files)}")


def _threads(word: str) -> int:
    """Return a number of threads; ``all``: as many as the process may run on."""
    if word == "all":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(word)


def _latency(args: argparse.Namespace) -> None:
    from lidd_yolo.bench import latency  # noqa: PLC0415 - loads torch

    runtimes = latency.parse_runtimes(args.runtimes)
    least = min(*args.imgsz, *args.batch, *args.threads, args.rounds)
    if least < 1:
        raise ValueError(f"--imgsz, --batch, --threads and --rounds must be at least 1, got {least}")
    in_pytorch = args.models if latency.PYTORCH in runtimes else ()
    pytorch = {way: network for name in in_pytorch for way, network in latency.ways_to_run(name).items()}
    for imgsz, batch in itertools.product(args.imgsz, args.batch):
        with tempfile.TemporaryDirectory() as folder:
            exports = latency.make_exports(args.models, runtimes, Path(folder), imgsz=imgsz, batch=batch, say=_say)
            for threads in dict.fromkeys(args.threads):
                _say(f"{imgsz} px, batch {batch}, {threads} thread(s), {args.rounds} rounds")
                networks = latency.open_networks(pytorch, exports, threads=threads)
                setting = {"imgsz": imgsz, "batch": batch, "threads": threads}
                measured = latency.measure_latency(networks, **setting, rounds=args.rounds)
                _write_latency(args, measured, **setting)


def _write_latency(
    args: argparse.Namespace, measured: Mapping[str, Any], *, imgsz: int, batch: int, threads: int
) -> None:
    for runtime, results in measured.items():
        reference = next(iter(results))
        for name, figures in results.items():
            low, high = figures["ratio_quartiles"]
            times = f"{1e3 * figures['median_s'] / batch:8.2f} ms per picture"
            _say(f"{runtime:9s}{name:36s}{times}  {figures['ratio']:.2f} ({low:.2f} to {high:.2f}) x {reference}")
        name = f"latency-{_subject(args.models)}-{imgsz}-batch{batch}-threads{threads}-{runtime}"
        facts = {"imgsz": imgsz, "batch": batch, "runtime": runtime, "rounds": args.rounds, "reference": reference}
        _write(args, name, results, threads=threads, **facts)


def _operators(args: argparse.Namespace) -> None:
    from lidd_yolo.bench import latency  # noqa: PLC0415 - loads torch
    from lidd_yolo.bench.operators import operator_times  # noqa: PLC0415

    runtimes = latency.parse_runtimes(args.runtimes)
    if latency.PYTORCH in runtimes:
        raise ValueError("--runtimes: onnx and openvino have a profile of their own; for PyTorch see torch.profiler")
    if min(args.imgsz, args.rounds) < 1:
        raise ValueError(f"--imgsz and --rounds must be at least 1, got {args.imgsz} and {args.rounds}")
    with tempfile.TemporaryDirectory() as folder:
        made = latency.make_exports(args.models, runtimes, Path(folder), imgsz=args.imgsz, batch=1, say=_say)
        for runtime, files in made.items():
            facts = {"imgsz": args.imgsz, "batch": 1, "runtime": runtime, "rounds": args.rounds}
            results = operator_times(runtime, files, imgsz=args.imgsz, rounds=args.rounds)
            for name, measured in results.items():
                within = sum(kind["seconds"] for kind in measured["operators"].values())
                _say(f"{runtime:9s}{name:24s}{1e6 * within:8.0f} of {1e6 * measured['whole_s']:.0f} us in operators")
            name = f"operators-{_subject(args.models)}-{args.imgsz}-{runtime}"
            _write(args, name, results, threads=1, **facts)


def _predict(args: argparse.Namespace) -> None:
    from lidd_yolo.bench.predict import measure_predictions  # noqa: PLC0415 - loads torch

    chosen = {"imgsz": args.imgsz, "pictures": args.pictures, "chunk": args.chunk, "starts": args.starts}
    measured = measure_predictions(args.models, **chosen, say=_say)
    for name, figures in measured["results"].items():
        _say(
            f"{name:24s} {figures['pictures_per_s']:7.1f} pictures/s, time {figures['ratio']:.2f} x {args.models[0]}; "
            f"first after {figures['start']['median_s']:.1f} s; {figures['peak_mib']:.0f} MiB"
        )
    facts = {**chosen, "reference": args.models[0]}
    name = f"predict-{_subject(args.models)}-{args.imgsz}"
    _write(args, name, measured["results"], threads=measured["threads"], **facts)


def _steps(args: argparse.Namespace) -> None:
    from lidd_yolo.bench import training_step as step_time  # noqa: PLC0415 - loads torch
    from lidd_yolo.bench.latency import on_threads  # noqa: PLC0415

    device = step_time.torch_device(args.device)
    stepped = _STEPPED[args.network]
    reference = next(iter(stepped))
    models = {
        name: step_time.trainable(model, device=device, **({"aux": aux} if aux else {}))
        for name, (model, aux) in stepped.items()
    }
    setting: dict[str, Any] = {"imgsz": args.imgsz, "batch": args.batch}
    with on_threads(args.threads):
        results = step_time.measure_steps(models, **setting, rounds=args.rounds, device=device)
    for name, figures in results.items():
        model, aux = stepped[name]
        figures["peak_mib"] = step_time.step_memory(model, aux=aux, device=device, **setting)
        times = f"{figures['median_s']:7.3f} s  {figures['ratio']:.2f} x {reference}"
        _say(f"{name:24s} {times}, {figures['peak_mib']:.0f} MiB")
    facts = {**setting, "rounds": args.rounds, "reference": reference}
    name = f"train-step-{args.network}-{args.imgsz}-{device.partition(':')[0]}"
    _write(args, name, results, threads=args.threads, device=device, **facts)


def _loading(args: argparse.Namespace) -> None:
    from lidd_yolo.bench import loading as loading_time  # noqa: PLC0415
    from lidd_yolo.bench import training_step as step_time  # noqa: PLC0415 - loads torch

    device = step_time.torch_device(args.device)
    facts: dict[str, Any] = {"imgsz": args.imgsz, "batch": args.batch, "steps": args.steps, "data": args.data}
    measured = loading_time.measure_loading(args.models, **facts, workers=args.workers, device=args.device, say=_say)
    for name, figures in measured["results"].items():
        waiting = f"{100 * figures['waiting']:.0f} % of the time waiting for pictures"
        _say(f"{name:24s} {figures['workers']} loader processes: {waiting}")
    name = f"loading-{_subject(args.models)}-{args.imgsz}-{device.partition(':')[0]}"
    _write(args, name, measured["results"], threads=measured["threads"], device=device, **facts)


def _subject(models: list[str]) -> str:
    """Return what an entry is about: the first network that is not the reference, as a part of a file name."""
    return Path(models[min(1, len(models) - 1)]).stem


def _write(args: argparse.Namespace, name: str, results: Mapping[str, Any], **facts: Any) -> None:
    _say(f"wrote {append_measurement(args.ledger, name, results, **facts)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # what takes hours is followed in a log


_ACTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "record": _record,
    "certificate": _certificate,
    "pictures": _pictures,
    "latency": _latency,
    "operators": _operators,
    "predict": _predict,
    "steps": _steps,
    "loading": _loading,
}
