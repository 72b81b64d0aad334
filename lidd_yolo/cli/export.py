"""Command ``lidd export``: export a checkpoint and prove that the files compute what was trained."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lidd_yolo.export.certify import Certified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd export``."""
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="checkpoint, such as best.pt")
    told = "arguments of Ultralytics' export: dynamic=True"
    parser.add_argument("more", nargs="*", default=[], metavar="KEY=VALUE", help=told)
    parser.add_argument(
        "--formats", default="onnx", metavar="LIST", help="onnx,openvino,ncnn,torchscript,engine (default: onnx)"
    )
    parser.add_argument("--data", required=True, metavar="YAML", help="data set whose pictures are compared")
    parser.add_argument("--split", default="val", choices=("train", "val", "test"))
    parser.add_argument("--pictures", type=int, default=8, metavar="N", help="pictures for the outputs (default: 8)")
    parser.add_argument("--conf", type=float, default=0.25, metavar="C", help="score from which on (default: 0.25)")
    parser.add_argument("--imgsz", type=int, metavar="PX", help="input size (default: that of the training)")
    parser.add_argument("--half", action="store_true", help="files of float16 numbers")
    parser.add_argument("--int8", action="store_true", help="files of 8-bit numbers, judged by recall and mAP50-95")
    parser.add_argument(
        "--calibration", type=int, default=128, metavar="N", help="training pictures that int8 is made with (128)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the choice of these pictures (0)")
    parser.add_argument(
        "--keep-float",
        default="",
        metavar="ROWS",
        help="rows of the model that int8 leaves in float: 22,27.joint; auto: those that a failed attempt names",
    )
    parser.add_argument("--no-map", action="store_true", help="do not measure mAP50-95 on the split")


def run(args: argparse.Namespace) -> int:
    """Run ``lidd export``; return 0 if everything passed, 1 if something did not, 2 if it could not begin."""
    try:
        with _ended_by_exception():
            certified = _certified(args)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lidd export: {error}\n")
        return 2
    from lidd_yolo.export.formats import int8_key, parse_formats  # noqa: PLC0415 - as below
    from lidd_yolo.export.summary import summary_text  # noqa: PLC0415

    asked = [int8_key(name) if args.int8 else name for name in parse_formats(args.formats)]
    content = certified.content
    sys.stdout.write(summary_text(content, asked, certified.placed, certified.file) + "\n")
    passed = content["fold"]["passed"] and all(content["formats"][name]["passed"] for name in asked)
    return 0 if passed else 1


def _certified(args: argparse.Namespace) -> Certified:
    """Check what was asked for, cheapest first, and carry it out."""
    from lidd_yolo.data.readers.data_yaml import read_yolo_set  # noqa: PLC0415 - `--help` must not wait for torch
    from lidd_yolo.export.formats import check_packages, parse_formats  # noqa: PLC0415

    formats = parse_formats(args.formats)
    check_packages(formats, int8=args.int8)
    if args.keep_float and not args.int8:
        raise ValueError("--keep-float goes with --int8: without it every layer is in float")
    data = read_yolo_set(args.data)
    if not args.weights.is_file():
        raise FileNotFoundError(f"{args.weights}: no such checkpoint")
    from lidd_yolo.export.certify import Int8Request, Request, certify  # noqa: PLC0415
    from lidd_yolo.export.making import export_arguments  # noqa: PLC0415
    from lidd_yolo.export.reference import load_reference  # noqa: PLC0415

    request = Request(
        formats=formats,
        data=data,
        split=args.split,
        pictures=args.pictures,
        conf=args.conf,
        imgsz=args.imgsz,
        half=args.half,
        with_map=not args.no_map,
        arguments=export_arguments(args.more),
        int8=Int8Request(args.calibration, args.seed, args.keep_float) if args.int8 else None,
    )
    return certify(load_reference(args.weights), request, _say)


@contextlib.contextmanager
def _ended_by_exception() -> Iterator[None]:
    """Let a polite kill take the way of an error, on which the folder of half-written files is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
