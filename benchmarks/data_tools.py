"""Figures of the data tools: time of the check, time and finds of the search, what splits leak, a sheet of pairs.

For those who change the tools, beside the Makefile and not in the wheel: ``python benchmarks/data_tools.py checks |
groups | leaks | overlaps``. Real pictures may not be published, and nobody knows all of their overlaps, so the search
is measured on photographs of generated steel, whose shared parts are known: crops in any orientation, under other
light, compressed. Sets to check are a few textures told apart by a comment in each file: they take little time to make,
and every file must still be read, hashed and decoded.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import yaml

from lidd_yolo.data.demo.defects import CLASSES, draw_defect
from lidd_yolo.data.demo.textures import FINISHES, steel_texture
from lidd_yolo.data.groups.fingerprints import Gray
from lidd_yolo.data.groups.links import leak_share
from lidd_yolo.data.groups.overlap import find_overlaps
from lidd_yolo.data.groups.pair_sheet import pair_sheet
from lidd_yolo.data.groups.placement import ORIENTATIONS, turned
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.data.splits.search import split_random
from lidd_yolo.results.ledger import LEDGER, append, append_measurement
from lidd_yolo.results.machine import commit


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the tools and return the exit status: 0 done, 2 it could not run."""
    parser = argparse.ArgumentParser(description="Figures of the data tools, for the ledger and docs/data.md.")
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("checks", help="time lidd data check on 100 000 labels")
    groups = actions.add_parser("groups", help="time the search for pictures of one spot, and count what it finds")
    groups.add_argument("--counts", type=int, nargs="+", default=COUNTS, metavar="N", help="numbers of pictures")
    leaks = actions.add_parser("leaks", help="tell what random, published and grouped splits leak")
    leaks.add_argument("folders", type=Path, nargs="+", help="data sets made by lidd data, with their split.json")
    overlaps = actions.add_parser("overlaps", help="draw overlapping crops of generated steel as they are found")
    overlaps.add_argument("target", type=Path, help="picture to write, .jpg or .png")
    args = parser.parse_args(argv)
    try:
        if args.action == "checks":
            _checks(args.ledger)
        elif args.action == "groups":
            _groups(args.ledger, args.counts)
        elif args.action == "leaks":
            _leaks(args.ledger, args.folders)
        else:
            _say(f"wrote {args.target}: {draw_overlaps(args.target)} pairs")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{args.action}: {error}\n")
        return 2
    return 0


def _checks(ledger: Path) -> None:
    results = measure_checks()
    for name, figures in results.items():
        _say(f"{figures['seconds']:6.1f} s  {name}")
    _say(f"wrote {append_measurement(ledger, 'data-check', results)}")


def _groups(ledger: Path, counts: Sequence[int]) -> None:
    results = measure_groups(counts)
    for name, figures in results.items():
        quality = f"recall {figures['recall']:.4f}, precision {figures['precision']:.4f}"
        _say(f"{figures['seconds']:7.1f} s  {name:14s} {quality}")
    _say(f"wrote {append_measurement(ledger, 'data-groups', results)}")


def _leaks(ledger: Path, folders: Sequence[Path]) -> None:
    for entry in measure_leaks(folders):
        for split, figures in entry["results"].items():
            shares = ", ".join(f"{side} {100 * share:.1f} %" for side, share in figures["leak"].items())
            _say(f"{entry['dataset']:16s} {split:14s} {shares}")
        _say(f"wrote {append(entry, ledger)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # what takes hours is followed in a log


_TEXTURES = 20
_CLASSES = ("one", "two", "three", "four", "five", "six")


class Load(NamedTuple):
    """A set to check: number of labels, labels in a picture, side of the pictures in pixels, corners, 0 for boxes."""

    labels: int = 100_000
    each: int = 5
    side: int = 200
    corners: int = 0

    @property
    def name(self) -> str:
        """What it is, for tables."""
        shape = f"outlines of {self.corners} corners" if self.corners else "boxes"
        return f"{self.labels} {shape}, {self.labels // self.each} pictures of {self.side}x{self.side}"


LOADS = (Load(each=5), Load(each=1), Load(each=10, side=640), Load(each=10, corners=60))


def measure_checks(loads: tuple[Load, ...] = LOADS) -> dict[str, dict[str, float]]:
    """Return for each load the wall time, in seconds, of the command in a process of its own.

    Raises:
        ValueError: If a check fails or finds something.
    """
    results = {}
    for load in loads:
        with tempfile.TemporaryDirectory() as folder:
            file = write_load(Path(folder), load)
            begun = time.perf_counter()
            command = [sys.executable, "-m", "lidd_yolo", "data", "check", str(file), "--json"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - begun
        if done.returncode:
            raise ValueError(f"{load.name}: status {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
        results[load.name] = {"seconds": round(seconds, 1)}
    return results


def write_load(folder: Path, load: Load) -> Path:
    """Write a set and return its data YAML.

    Args:
        folder: An empty folder.
        load: What it holds.
    """
    rng = np.random.default_rng(0)
    textures = [_texture(rng, load.side) for _ in range(_TEXTURES)]
    for kind, split in itertools.product(("images", "labels"), ("train", "val")):
        (folder / kind / split).mkdir(parents=True)
    count = load.labels // load.each
    for number in range(count + 1):  # the last one is what val has
        head, rest = textures[number % _TEXTURES][:2], textures[number % _TEXTURES][2:]
        comment, split = b"\xff\xfe\x00\x0a" + f"{number:08d}".encode(), "train" if number < count else "val"
        (folder / f"images/{split}/{number}.jpg").write_bytes(head + comment + rest)
        lines = "".join(_line(rng, load.corners) for _ in range(load.each))
        (folder / f"labels/{split}/{number}.txt").write_text(lines, encoding="utf-8")
    file = folder / "data.yaml"
    content = {"path": str(folder), "train": "images/train", "val": "images/val", "names": list(_CLASSES)}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def _texture(rng: np.random.Generator, side: int) -> bytes:
    noise = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), 1.2)
    gray = np.clip(120 + 25 * noise / noise.std(), 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))[1].tobytes()


def _line(rng: np.random.Generator, corners: int) -> str:
    """Return a label whose shape lies in the picture and does not cross itself."""
    number = rng.integers(len(_CLASSES))
    x, y = rng.uniform(0.3, 0.7, 2)
    w, h = rng.uniform(0.05, 0.5, 2)
    if not corners:
        return f"{number} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n"
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = rng.uniform(0.45, 0.5, corners)
    points = np.stack([x + w * radius * np.cos(angle), y + h * radius * np.sin(angle)], axis=1)
    return f"{number} " + " ".join(f"{value:.6f}" for value in points.ravel()) + "\n"


COUNTS = (1000, 5000, 20_000)
TARGET_AREA = 0.25
"""Shared area from which a pair is expected to be found."""
_CROPS = 5  # of each plate
_PLATE = 420  # pixels: two crops in three share something, one in three a quarter or more


def measure_groups(counts: Sequence[int] = COUNTS, seed: int = 0) -> dict[str, dict[str, float]]:
    """Return for each number of pictures how long the search takes and how good it is.

    Args:
        counts: Numbers of pictures, multiples of 5.
        seed: Seed of the photographs.

    Returns:
        For each, by its name: ``seconds`` of wall time, ``cpu_seconds``, ``pairs`` found, ``recall`` among pairs that
        share a quarter or more, ``precision`` among the pairs found.
    """
    return {f"{count} pictures": _measured(count, seed) for count in counts}


def _measured(count: int, seed: int) -> dict[str, float]:
    taken = photograph(np.random.default_rng(seed), count // _CROPS, _CROPS, plate_side=_PLATE)
    areas = shared_areas(taken)
    images = [shot.image for shot in taken]
    wall, cpu = time.perf_counter(), time.process_time()
    pairs = {(pair.first, pair.second) for pair in find_overlaps(images)}
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    expected = {pair for pair, area in areas.items() if area >= TARGET_AREA}
    return {
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "pairs": len(pairs),
        "recall": round(len(pairs & expected) / len(expected), 5),
        "precision": round(len(pairs & areas.keys()) / len(pairs), 5),
    }


DRAWS = 100
"""Random splits measured, seeds 0 to 99."""
_RATIOS = {"8:2": {"train": 0.8, "val": 0.2}, "8:1:1": {"train": 0.8, "val": 0.1, "test": 0.1}}


def measure_leaks(folders: Sequence[Path], draws: int = DRAWS) -> list[dict[str, Any]]:
    """Return one ledger entry for each data set among some folders.

    Args:
        folders: Data sets that ``lidd data`` made; several of one release, split by other protocols, share an entry.
        draws: Random splits to measure for each ratio.

    Raises:
        ValueError: If a folder has no usable ``split.json``, or two of one release were grouped differently.
    """
    entries: dict[str, dict[str, Any]] = {}
    reports = [(folder, _report(folder)) for folder in folders]
    for folder, report in sorted(reports, key=lambda entry: entry[1].enlarged is not None):
        entry = entries.setdefault(str(report.dataset), _entry(report, draws))
        enlarged = report.enlarged is not None
        if not enlarged and entry["group_sha256"] != report.group_sha256:
            raise ValueError(f"{folder}: {report.dataset} is grouped differently here; make both data sets anew")
        if enlarged or report.protocol not in {"paper", "random"}:  # of random splits the mean of many says more
            name = f"{report.protocol}, enlarged" if enlarged else str(report.protocol)
            entry["results"][name] = {"images": report.images, "leak": report.leak}
    return list(entries.values())


def _report(folder: Path) -> SplitReport:
    """Return the ``split.json`` of a data set."""
    try:
        report = SplitReport.read(folder)
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} is no data set made by lidd data: {error!r}") from error
    if not (report.dataset and report.protocol and report.pictures and report.group_sha256):
        raise ValueError(f"{folder} is no data set made by lidd data: its split.json lacks name, protocol or groups")
    return report


def _entry(report: SplitReport, draws: int) -> dict[str, Any]:
    """Return the entry of a data set with its random splits."""
    groups = [picture["group"] for picture in report.pictures.values()]
    return {
        "name": f"leak-{report.dataset}",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "dataset": report.dataset,
        "images": len(groups),
        "groups": report.groups["count"],
        "largest": report.groups["largest"],
        "group_sha256": report.group_sha256,
        "draws": draws,
        "results": {f"random {name}": _random(groups, ratios, draws) for name, ratios in _RATIOS.items()},
        "commit": commit(Path(__file__).parent),
    }


def _random(groups: Sequence[int], ratios: Mapping[str, float], draws: int) -> dict[str, Any]:
    """Return the mean leak of random splits, and the smallest and largest."""
    splits = [split_random(len(groups), ratios, seed) for seed in range(draws)]
    shares = {side: [leak_share(split, groups, side) for split in splits] for side in ratios if side != "train"}
    return {
        "images": {side: len(part) for side, part in splits[0].items()},
        "leak": {side: round(float(np.mean(values)), 4) for side, values in shares.items()},
        "range": {side: [round(min(values), 4), round(max(values), 4)] for side, values in shares.items()},
    }


SIDE = 200
"""Pixels of a photograph, as in NEU-DET."""
_DEFECTS = 3  # of each plate
_NOISE = 2.0  # grey levels
_QUALITY = 60  # of the JPEG file


@dataclass(frozen=True)
class Photograph:
    """A crop of a plate.

    Attributes:
        image: Grey picture of 200x200.
        plate: Number of its plate.
        x: Column of the plate in which it begins.
        y: Row of the plate in which it begins.
    """

    image: Gray
    plate: int
    x: int
    y: int

    def shares(self, other: Photograph) -> float:
        """Return the area that both show as a fraction of either."""
        if self.plate != other.plate:
            return 0.0
        return max(0, SIDE - abs(self.x - other.x)) * max(0, SIDE - abs(self.y - other.y)) / SIDE**2


def photograph(rng: np.random.Generator, plates: int, crops: int, *, plate_side: int) -> list[Photograph]:
    """Return ``crops`` photographs of each plate, plate by plate; exposures differ by up to 10 %.

    Args:
        rng: Source of plates, crops, turns and exposures.
        plates: Number of plates, in turn of each finish.
        crops: Photographs of each.
        plate_side: Pixels of a plate, more than 200.
    """
    taken = []
    for number in range(plates):
        steel = steel_texture(rng, plate_side, list(FINISHES)[number % len(FINISHES)])
        for label in rng.permutation(len(CLASSES))[:_DEFECTS]:
            steel += draw_defect(rng, CLASSES[label], plate_side).change
        for _ in range(crops):
            x, y = rng.integers(0, plate_side - SIDE + 1, 2).tolist()
            part = steel[y : y + SIDE, x : x + SIDE] * rng.uniform(0.9, 1.1) + rng.normal(0, _NOISE, (SIDE, SIDE))
            shot = turned(np.clip(np.round(part), 0, 255).astype(np.uint8), int(rng.integers(ORIENTATIONS)))
            coded = cv2.imencode(".jpg", np.ascontiguousarray(shot), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
            image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
            taken.append(Photograph(image, number, x, y))
    return taken


def shared_areas(taken: list[Photograph]) -> dict[tuple[int, int], float]:
    """Return the area of each pair of indices that share one, as a fraction of a photograph."""
    plates = itertools.groupby(range(len(taken)), key=lambda index: taken[index].plate)
    pairs = (pair for _, members in plates for pair in itertools.combinations(list(members), 2))
    areas = {(i, j): taken[i].shares(taken[j]) for i, j in pairs}
    return {pair: area for pair, area in areas.items() if area > 0}


_FIGURE_PLATE = 360  # pixels
_PAIRS = 9


def draw_overlaps(target: Path, *, seed: int = 0) -> int:
    """Draw pairs of crops of generated plates as ``lidd data groups`` finds them; return how many.

    Args:
        target: Picture to write.
        seed: Seed of plates, crops, turns and exposures.

    Raises:
        ValueError: If the file is neither .jpg nor .png.
    """
    if target.suffix not in {".jpg", ".png"}:
        raise ValueError(f"{target} must end in .jpg or .png")
    taken = photograph(np.random.default_rng(seed), _PAIRS, 2, plate_side=_FIGURE_PLATE)
    pictures = [shot.image for shot in taken]
    overlaps = find_overlaps(pictures)
    names = [f"plate {shot.plate}, crop {index % 2}" for index, shot in enumerate(taken)]
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), pair_sheet(pictures, overlaps, names, columns=3))
    return len(overlaps)


if __name__ == "__main__":
    sys.exit(main())
