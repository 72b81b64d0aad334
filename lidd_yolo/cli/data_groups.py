"""Command ``lidd data groups``: which pictures of a data set show the same thing, and what its split leaks by that.

Exit status: 0 no leak, 1 the split leaks, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lidd_yolo.cli.words import first_lines

if TYPE_CHECKING:
    from lidd_yolo.data.groups.overlap import Overlap
    from lidd_yolo.data.groups.picture_groups import PictureGroups

PAIRS_SHEET = "pairs.jpg"
_DRAWN = 48
_SHOWN = 10


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``lidd data groups``."""
    command.description = (
        "Find pictures that are equal, turned, saved again or overlapping crops. Writes groups.json and a "
        "sheet of the pairs found. Exit status 0: no leak; 1: pictures of val or test share a group with train."
    )
    command.add_argument("data", metavar="DATA.yaml", help="data set, or the name of a packaged one")
    add_burst(command)
    command.add_argument("--out", type=Path, metavar="FOLDER", help="folder to make (default: NAME-groups here)")
    command.add_argument("--overwrite", action="store_true", help="replace a folder made before")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def add_burst(command: argparse.ArgumentParser) -> None:
    """Add ``--burst``, which ``lidd data split`` has too."""
    told = r"join pictures whose file names agree in the group of this expression, such as '^(part\d+)_'"
    command.add_argument("--burst", metavar="REGEX", help=told)


def run(args: argparse.Namespace) -> int:
    """Group the pictures of a data set and return the exit status."""
    import cv2  # noqa: PLC0415 - `--help` answers without it

    from lidd_yolo.data.groups.groups_file import GROUPS_FILE, describe_groups, groups_text  # noqa: PLC0415
    from lidd_yolo.data.groups.pair_sheet import pair_sheet  # noqa: PLC0415
    from lidd_yolo.data.groups.picture_groups import all_pictures, find_groups, split_names  # noqa: PLC0415
    from lidd_yolo.data.readers.data_yaml import read_yolo_set  # noqa: PLC0415
    from lidd_yolo.files import all_or_nothing  # noqa: PLC0415

    try:
        data = read_yolo_set(args.data)
        target = args.out or Path(f"{data.root.name}-groups")
        _check_out(target, overwrite=args.overwrite)
        groups, loaded, overlaps = find_groups(all_pictures(data), args.burst)
        leak = {split: round(share, 4) for split, share in groups.leaks(split_names(data)).items()}
        shown = _weakest_and_others(overlaps)
        sheet = pair_sheet(loaded.images, shown, names=[groups.names[place] for place in loaded.places])
        with all_or_nothing(target) as folder:
            text = groups_text(groups, data=data.file.name, leak=leak)
            (folder / GROUPS_FILE).write_text(text, encoding="utf-8")
            if shown:
                (folder / PAIRS_SHEET).write_bytes(cv2.imencode(".jpg", sheet)[1].tobytes())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lidd data groups: {error}\n")
        return 2
    if args.json:
        figures = {"file": str(target / GROUPS_FILE), **describe_groups(groups), "leak": leak}
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        lines = [*summarise(groups, leak), "", f"Groups in {target / GROUPS_FILE}"]
        lines += [f"{len(shown)} of {len(overlaps)} pairs drawn in {target / PAIRS_SHEET}"] if shown else []
        sys.stdout.write("\n".join(lines) + "\n")
    return 1 if any(leak.values()) else 0


def summarise(groups: PictureGroups, leak: dict[str, float]) -> list[str]:
    """Return what was found, as lines for the screen."""
    from lidd_yolo.data.groups.groups_file import describe_groups  # noqa: PLC0415 - as above

    found = describe_groups(groups)
    about, pairs = found["groups"], found["pairs"]
    alone = about["sizes"].get(1, 0)
    lines = [
        f"{found['images']} pictures in {about['count']} groups: {alone} pictures alone, the largest group of "
        f"{about['largest']}.",
        "Pairs: " + (", ".join(f"{count} {kind}" for kind, count in pairs.items()) or "none") + ".",
    ]
    lines += [
        f"{split}: {100 * share:.1f} % share their group with a picture of train." for split, share in leak.items()
    ]
    if any(leak.values()):
        lines.append(f"The present split LEAKS: its figures measure memory. {_way_out(about['count'])}")
    elif not leak:
        lines.append("The data set has no train beside another split, so there is nothing to leak.")
    return [*lines, *first_lines(groups.problems, shown=_SHOWN)]


def _way_out(groups: int) -> str:
    """Return what to do about a split that leaks."""
    if groups > 1:
        return "`lidd data split` makes one that does not."
    return (
        "All pictures hang together: if that is only because all show one fixture, say what belongs together in a "
        "groups.json of your own, for `lidd data split --groups`."
    )


def _weakest_and_others(overlaps: list[Overlap]) -> list[Overlap]:
    """Return the pairs to draw, evenly from all, the least similar first: what is wrong is among these."""
    ordered = sorted(overlaps, key=lambda pair: pair.similarity)
    count = min(_DRAWN, len(ordered))
    return [ordered[number * len(ordered) // count] for number in range(count)]


def _check_out(target: Path, *, overwrite: bool) -> None:
    """Refuse a folder that must not be written to.

    Raises:
        FileExistsError: If something is there and ``overwrite`` is off, or it was not made here.
        OSError: If it cannot be made.
    """
    from lidd_yolo.data.groups.groups_file import GROUPS_FILE  # noqa: PLC0415 - as above
    from lidd_yolo.files import check_writable  # noqa: PLC0415

    check_writable(target)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir() or {entry.name for entry in target.iterdir()} - {GROUPS_FILE, PAIRS_SHEET}:
        raise FileExistsError(f"{target} exists and holds other files; name another folder with --out")
    if not overwrite:
        raise FileExistsError(f"{target} already exists; use --overwrite to make it again, or --out for another folder")
