"""Command ``lidd data tile``: large pictures cut into tiles, labels and groups with them.

Exit status: 0 clean, 1 something was left out (the rest is done), 2 nothing could be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.words import problem_lines
from lidd_yolo.exit_status import DONE, FINDINGS

if TYPE_CHECKING:
    from lidd_yolo.data.tiles import Tiled

_ABOUT = """Cut the pictures of a data set into overlapping tiles. A label is cut at the border of a tile. A part of an
object stays a label if it has at least --min-share of its area, or if it is at least --min-side pixels, or as much as
the whole object, wide and high; a tile that shows nothing but smaller parts is left out. Tiles of one picture are one
group. Needs: pip install "lidd-yolo[tiles]"."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data tile``."""
    command.description = _ABOUT
    command.add_argument("data", metavar="DATA.yaml", help="data YAML of a YOLO data set, boxes or outlines")
    command.add_argument("out", type=Path, metavar="OUT", help="folder to make; must not hold anything")
    text = "side of a tile and overlap in pixels (default: a fifth of the side)"
    command.add_argument("--tile", required=True, metavar="S[:OVERLAP]", help=text)
    text = "least share of an object's area (default: 0.25)"
    command.add_argument("--min-share", type=float, default=0.25, metavar="X", help=text)
    text = "least width and height of a part that has less of the area (default: 16)"
    command.add_argument("--min-side", type=float, default=16, metavar="PX", help=text)
    text = "share of the training tiles without a defect that are kept (default: 1, all of them)"
    command.add_argument("--backgrounds", type=float, default=1, metavar="X", help=text)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Cut a data set and return the exit status."""
    from lidd_yolo.data.tiles import TileRule, read_tiling, tile_data_set  # noqa: PLC0415 - `--help` answers without OpenCV

    rule = TileRule(args.min_share, args.min_side, args.backgrounds)
    done = tile_data_set(args.data, args.out, read_tiling(args.tile), rule)
    sys.stdout.write((_as_json(done) if args.json else _summary(done)) + "\n")
    return DONE if all(problem.repaired for problem in done.problems) else FINDINGS


def _as_json(done: Tiled) -> str:
    figures = {
        "target": str(done.target),
        "images": dict(done.images),
        "counts": dict(done.counts),
        "leak": done.leak,
        "tiles": done.rule,
        "problems": [problem.as_dict() for problem in done.problems],
    }
    return json.dumps(figures, indent=1)


def _summary(done: Tiled) -> str:
    """Return what was made and what was wrong, as text for the screen."""
    counts, rule = done.counts, done.rule
    lines = [f"tiles of {rule['side']} pixels, overlap {rule['overlap']}, in {done.target}"]
    lines += [f"{side}: {count} tiles" for side, count in done.images.items()]
    lines.append(
        f"{counts['whole']} whole objects, {counts['cut']} parts, {counts['dropped']} parts too small for a label"
    )
    lines.append(f"{counts['without']} tiles left out that show only such parts, or of pictures with unusable labels")
    lines.append(f"{counts['backgrounds']} tiles without a defect kept, {counts['thinned']} training tiles left out")
    for side, leak in done.leak.items():
        lines.append(f"{side}: {100 * leak:.1f} % of the tiles share their group with one of train.")
    lines += problem_lines(done.problems, "--json")
    return "\n".join([*lines, "", f"Train with data={done.target / 'data.yaml'}"])
