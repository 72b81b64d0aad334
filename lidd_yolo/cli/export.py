"""Command ``lidd export``: export a checkpoint and prove that the files compute what was trained."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.words import key_values
from lidd_yolo.exit_status import DONE, FINDINGS

if TYPE_CHECKING:
    from lidd_yolo.export.certify import Certified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd export``."""
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="checkpoint, such as best.pt")
    more = "arguments of Ultralytics' export: dynamic=True"
    parser.add_argument("more", nargs="*", default=[], metavar="KEY=VALUE", help=more)
    parser.add_argument(
        "--formats", default="onnx", metavar="LIST", help="onnx,openvino,ncnn,torchscript,engine (default: onnx)"
    )
    parser.add_argument("--data", required=True, metavar="YAML", help="data set whose pictures are compared")
    parser.add_argument("--split", default="val", choices=("train", "val", "test"))
    parser.add_argument("--pictures", type=int, default=8, metavar="N", help="pictures for the outputs (default: 8)")
    parser.add_argument("--conf", type=float, default=0.25, metavar="C", help="score from which on (default: 0.25)")
    parser.add_argument(
        "--imgsz", type=int, metavar="PX", help="input size (default: the operating point's, or the training's)"
    )
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
    text = "operating.yaml of `lidd inspect` for these weights: the files carry its thresholds"
    parser.add_argument("--operating", type=Path, metavar="FILE", help=text)
    parser.add_argument("--no-map", action="store_true", help="do not measure mAP50-95 on the split")


def run(args: argparse.Namespace) -> int:
    """Run ``lidd export``; return `DONE` if everything passed, else `FINDINGS`."""
    certified = _certified(args)
    sys.stdout.write(f"{certified}\n")
    return FINDINGS if certified.failed else DONE


def _certified(args: argparse.Namespace) -> Certified:
    from lidd_yolo.export.formats import parse_formats  # noqa: PLC0415 - the help must wait for neither this nor torch

    formats = parse_formats(args.formats)
    operating = None
    if args.operating:
        from lidd_yolo.inspection.operating_file import carried_point  # noqa: PLC0415 - as above

        operating = carried_point(args.operating)
    from lidd_yolo.export.certify import certify  # noqa: PLC0415 - a wrong word is said before torch is loaded

    return certify(
        args.weights,
        data=args.data,
        formats=formats,
        split=args.split,
        pictures=args.pictures,
        conf=args.conf,
        imgsz=args.imgsz,
        half=args.half,
        int8=args.int8,
        calibration=args.calibration,
        seed=args.seed,
        keep_float=args.keep_float,
        with_map=not args.no_map,
        operating=operating,
        arguments=key_values(args.more),
        say=_say,
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
