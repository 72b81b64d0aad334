"""Command ``lidd data generate``: data sets that are drawn, more pictures of them, larger ones or others.

Exit status: 0 made, or there already; 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lidd_yolo.errors import InputError

_ABOUT = """Draw a data set of surfaces with defects, boxes and outlines: defects-pretrain has 25 classes on many
materials, to pretrain a network; defects-demo has six on steel, to try things out. `yolo train` with
defects-pretrain.yaml or defects-demo.yaml draws it on first use; this command draws more pictures, larger ones or, by
another seed, others."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data generate``."""
    command.description = _ABOUT
    command.add_argument("name", choices=("defects-pretrain", "defects-demo"), help="which data set")
    text = "folder to make; one with the same pictures is left alone, another is refused"
    command.add_argument("target", type=Path, metavar="TARGET", help=text)
    text = "training pictures (default: 16000 of defects-pretrain, 300 of defects-demo); the other sides in proportion"
    command.add_argument("--pictures", type=int, metavar="N", help=text)
    text = "side of the pictures in pixels (default: 224 of defects-pretrain, 256 of defects-demo)"
    command.add_argument("--size", type=int, metavar="N", help=text)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="other seed, other pictures (default: 0)")
    text = "how many processes draw defects-pretrain (default: one on every core); the pictures are the same"
    command.add_argument("--processes", type=int, metavar="N", help=text)


def run(args: argparse.Namespace) -> int:
    """Draw the data set, write ``data.yaml`` into it and return the exit status."""
    from lidd_yolo.data.demo import corpus, synthetic  # noqa: PLC0415 - `--help` answers without OpenCV
    from lidd_yolo.data.demo.generated import counts_in_proportion, write_data_yaml  # noqa: PLC0415 - as above

    module = corpus if args.name == "defects-pretrain" else synthetic
    counts = counts_in_proportion(module.COUNTS, args.pictures) if args.pictures is not None else module.COUNTS
    size = module.SIZE if args.size is None else args.size
    if module is corpus:
        corpus.generate(args.target, counts=counts, size=size, seed=args.seed, processes=args.processes)
    elif args.processes is not None:
        raise InputError("--processes is for defects-pretrain; defects-demo is drawn by one")
    else:
        synthetic.generate(args.target, counts=counts, size=size, seed=args.seed)
    data_yaml = write_data_yaml(args.target, args.name, counts, module.CLASSES)
    lines = [f"{sum(counts.values())} pictures of {size} px, seed {args.seed}, in {args.target}"]
    lines += [f"{split}: {count} pictures" for split, count in counts.items()]
    sys.stdout.write("\n".join([*lines, "", f"Train with data={data_yaml}"]) + "\n")
    return 0
