"""Large pictures in overlapping tiles: where the tiles lie, and a YOLO data set cut into them with labels and groups.

Where tiles lie is what ``sahi.slicing`` says; the last tile of a row or column is moved back into the picture. The
labels of a tile are the parts inside it; a part of which too little is left is no label (`part_is_kept`), and a tile
that shows nothing but such parts is neither a defect nor background and is left out.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from lidd_yolo.data.enlarge.change import MIN_SHARE, Image, decode_picture, encode_picture
from lidd_yolo.data.formats.yolo import read_yolo, write_yolo
from lidd_yolo.data.groups.families import ENLARGED
from lidd_yolo.data.groups.find_groups import join_families
from lidd_yolo.data.groups.picture_groups import PictureGroups, known_groups
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.outline import Mask, fill_rings, outline_object
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.readers.data_yaml import YoloSet, check_own_names, label_file, read_yolo_set
from lidd_yolo.data.readers.layout import name_below
from lidd_yolo.data.readers.pictures_only import pictures_only
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.optional import load_extra
from lidd_yolo.progress import progress

SMALLEST = 32
"""Smallest side of a tile in pixels, the stride of the coarsest map of most networks."""
MIN_SIDE = 16.0
"""Pixels; see `part_is_kept`."""
_NOT_CARRIED = frozenset({"path", "train", "val", "test", "download", "leak", "group_sha256", "split_sha256"})

Frame = tuple[int, int, int, int]
"""Left, upper, right and lower edge in pixels of the picture."""


class Tiling(NamedTuple):
    """Side of the square tiles, and what neighbours share, in pixels."""

    side: int
    overlap: int

    def __str__(self) -> str:
        """Return ``SIDE:OVERLAP``, which `read_tiling` reads."""
        return f"{self.side}:{self.overlap}"

    def positions(self, width: int, height: int) -> list[Frame]:
        """Return the tiles of a picture, row by row; one that is smaller than a tile has one tile, itself.

        Raises:
            ImportError: If sahi is missing.
        """
        share = (self.overlap + 0.5) / self.side  # sahi multiplies and cuts to whole pixels
        frames = load_extra("sahi.slicing", "tiles").get_slice_bboxes(
            height, width, self.side, self.side, overlap_height_ratio=share, overlap_width_ratio=share
        )
        return [(int(left), int(top), int(right), int(bottom)) for left, top, right, bottom in frames]


def read_tiling(text: str | int) -> Tiling:
    """Return the tiles that ``SIDE`` or ``SIDE:OVERLAP`` asks for, in pixels; by default a fifth overlaps.

    Raises:
        InputError: If these are no whole numbers, the side is below `SMALLEST` or the overlap does not leave a step.
    """
    side, _, overlap = str(text).partition(":")
    try:
        tiling = Tiling(int(side), int(overlap) if overlap else int(side) // 5)
    except ValueError as error:
        raise InputError(f"tile: {text!r} is not SIDE or SIDE:OVERLAP in whole pixels, such as 640:128") from error
    if tiling.side < SMALLEST:
        raise InputError(f"tile: a tile has at least {SMALLEST} pixels a side, not {tiling.side}")
    if not 0 <= tiling.overlap < tiling.side:
        raise InputError(f"tile: the overlap lies between 0 and {tiling.side - 1} pixels, not {tiling.overlap}")
    return tiling


@dataclass(frozen=True)
class TileRule:
    """What becomes of the labels and of the background.

    Args:
        min_share: Least share of an object's area that a part has, 0 to 1; see `part_is_kept`.
        min_side: Least width and height in pixels of a part that has less; see there.
        backgrounds: Share of the training tiles without a defect that are kept, 0 to 1, chosen by their names. Those
            of the other sides are all kept, since false alarms are counted on them.

    Raises:
        InputError: If one is not so.
    """

    min_share: float = MIN_SHARE
    min_side: float = MIN_SIDE
    backgrounds: float = 1.0

    def __post_init__(self) -> None:
        for name in ("min_share", "backgrounds"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} lies between 0 and 1, not {getattr(self, name):g}")
        if not self.min_side > 0:
            raise InputError(f"min_side is above 0 pixels, not {self.min_side:g}")


@dataclass(repr=False)
class Tiled:
    """What cutting a data set has made.

    Args:
        target: Folder of the new data set.
        rule: Tiles and rule, as ``groups.json`` holds them under ``tiles``.
        images: Tiles on each side.
        counts: ``whole`` and ``cut`` labels, ``dropped`` parts of which too little was left, ``backgrounds`` kept and
            ``thinned`` out, and tiles ``without`` label left out since they show dropped parts or unusable labels.
        leak: Share of each side's tiles whose group is in ``train``.
        problems: Everything that was wrong.
    """

    target: Path
    rule: dict[str, Any]
    images: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    leak: dict[str, float] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return sizes, number of problems and folder."""
        return f"Tiled(images={dict(self.images)}, problems={len(self.problems)}, target={str(self.target)!r})"


def tile_data_set(data: str | Path, target: str | Path, tiling: Tiling, rule: TileRule | None = None) -> Tiled:
    """Cut all pictures of a data set into tiles, with their labels; tiles of one picture are of one group.

    Args:
        data: Its data YAML, or the name of a packaged one.
        target: Folder to make.
        tiling: Where to cut.
        rule: What becomes of labels and background.

    Returns:
        Figures and problems; a file with a problem did not cost the others.

    Raises:
        InputError: If the data set is not there or damaged, ``target`` holds something, or no tile could be made.
        ImportError: If sahi is missing.
        OSError: If the target cannot be written.
    """
    rule = rule or TileRule()
    try:
        source = read_yolo_set(data)
        check_own_names(source)
        if source.channels not in (1, 3, 4):
            raise InputError(f"{source.file}: pictures of {source.channels} channels cannot be cut, only of 1, 3 or 4")
        folder = Path(target)
        check_new(folder)  # before the pictures are looked at
        source, passed = pictures_only(source)
        done = Tiled(folder, {**tiling._asdict(), **vars(rule)}, problems=[*passed])
        with all_or_nothing(folder) as place:
            _write(place, source, tiling, rule, done)
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(str(error)) from error
    return done


def part_is_kept(part: Box, whole: Box, share: float, rule: TileRule) -> bool:
    """Tell whether a part of an object is a label of its own.

    Either its area is at least ``min_share`` of the object's, or it is as wide and as high as ``min_side`` pixels or as
    the object itself: a long scratch is in every tile that it crosses, the last pixels of a stain are in none.
    """
    sides = ((part.width, whole.width), (part.height, whole.height))
    return share >= rule.min_share or all(own >= min(rule.min_side, all_) for own, all_ in sides)


def _write(folder: Path, source: YoloSet, tiling: Tiling, rule: TileRule, done: Tiled) -> None:
    """Write pictures, labels, groups and data YAML."""
    tiles: dict[str, str] = {}  # place of the tile -> place of its picture below the side
    origin: dict[str, Path] = {}
    stems: set[str] = set()
    for side, pictures in source.pictures.items():
        (folder / "images" / side).mkdir(parents=True, exist_ok=True)
        name_of = name_below(pictures)
        for picture in progress(pictures, len(pictures), f"cutting {side}"):
            name = f"{side}/{name_of(picture)}"
            if (stem := name.rpartition(".")[0]) in stems:
                reason = "another picture has its name but for the ending"
                done.problems.append(Problem(picture, Kind.SHARED_LABEL, reason, "picture left out; rename it"))
                continue
            stems.add(stem)
            origin[name] = picture
            for place in _write_tiles(folder, picture, f"images/{name}", source, tiling, rule, done):
                tiles[place] = name
                done.images[side] += 1
    if not tiles:
        raise InputError(f"{source.file}: no tile could be made; first problem: {next(iter(done.problems), 'none')}")
    _write_groups(folder, source, origin, tiles, done)
    used = {side: f"images/{side}" for side in source.pictures}
    content = {**used, **{key: value for key, value in source.content.items() if key not in _NOT_CARRIED}}
    text = yaml.safe_dump({**content, "leak": done.leak}, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, encoding="utf-8")


def _write_tiles(
    folder: Path, picture: Path, place: str, source: YoloSet, tiling: Tiling, rule: TileRule, done: Tiled
) -> Iterator[str]:
    """Write the tiles of a picture; yield the place of each."""
    try:
        image = decode_picture(picture.read_bytes(), picture.suffix, source.channels)
    except OSError as error:
        reason = f"it cannot be read ({error.strerror})"
        done.problems.append(Problem(picture, Kind.PICTURE_UNREADABLE, reason, "picture left out"))
        return
    if image is None:
        reason = "it cannot be decoded as a picture" + (" of 4 channels" if source.channels == 4 else "")
        done.problems.append(Problem(picture, Kind.PICTURE_UNREADABLE, reason, "picture left out; copy it again"))
        return
    size, labelled = (image.shape[1], image.shape[0]), label_file(picture).is_file()
    annotation, wrong = read_yolo(label_file(picture), source.names, size) if labelled else (Annotation("", *size), [])
    done.problems += wrong
    if annotation is None:
        return
    complete = all(problem.repaired for problem in wrong)
    drawn = [_drawn(item) for item in annotation.objects]
    segments = any(item.polygons for item in annotation.objects)
    for frame in tiling.positions(*size):
        parts = [_part(item, mask, frame, rule) for item, mask in zip(annotation.objects, drawn, strict=True)]
        goal = _tile_name(place, frame)
        if _is_wanted(goal, parts, rule, done, complete=complete, training=place.startswith("images/train/")):
            goal = _write_tile(folder, goal, image, frame)
            kept = replace(annotation, width=frame[2] - frame[0], height=frame[3] - frame[1], objects=_labels(parts))
            if labelled:
                label = label_file(folder / goal)
                label.parent.mkdir(parents=True, exist_ok=True)
                label.write_text(write_yolo(kept, source.names, segments=segments), encoding="utf-8")
            yield goal


Part = tuple[DefectObject | None, bool]
"""Label of a part, None if it is dropped; and whether the object goes on outside the tile."""


def _labels(parts: Sequence[Part | None]) -> tuple[DefectObject, ...]:
    return tuple(part[0] for part in parts if part is not None and part[0] is not None)


def _is_wanted(
    goal: str, parts: Sequence[Part | None], rule: TileRule, done: Tiled, *, complete: bool, training: bool
) -> bool:
    """Tell whether a tile is written, and count what it shows."""
    shown = [part for part in parts if part is not None]
    labels = [is_cut for label, is_cut in shown if label is not None]
    done.counts.update(cut=sum(labels), whole=len(labels) - sum(labels), dropped=len(shown) - len(labels))
    if labels:
        return True
    if shown or not complete:
        done.counts["without"] += 1
        return False
    kept = not training or zlib.crc32(goal.encode()) < rule.backgrounds * 2**32
    done.counts["backgrounds" if kept else "thinned"] += 1
    return kept


def _tile_name(place: str, frame: Frame) -> str:
    path = PurePosixPath(place)
    return str(path.with_name(f"{path.stem}_{frame[0]}_{frame[1]}{path.suffix}"))


def _write_tile(folder: Path, place: str, image: Image, frame: Frame) -> str:
    """Write the pixels of a tile; return its place, whose ending is another where OpenCV cannot write that format."""
    left, top, right, bottom = frame
    data, ending = encode_picture(image[top:bottom, left:right], PurePosixPath(place).suffix)
    place = str(PurePosixPath(place).with_suffix(ending))
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(data)
    return place


def _drawn(item: DefectObject) -> tuple[int, int, Mask] | None:
    """Return the pixels of an outline in a window around it, with its left and upper edge; None for a box alone."""
    if not item.polygons:
        return None
    left, top = int(item.box.x1), int(item.box.y1)
    rings = [tuple((x - left, y - top) for x, y in ring) for ring in item.polygons]
    return left, top, fill_rings(rings, int(item.box.x2) + 1 - left, int(item.box.y2) + 1 - top)


def _part(item: DefectObject, drawn: tuple[int, int, Mask] | None, frame: Frame, rule: TileRule) -> Part | None:
    """Return the part of an object inside a tile, in pixels of the tile; None if there is none."""
    left, top, right, bottom = frame
    box = item.box
    if left <= box.x1 and top <= box.y1 and box.x2 <= right and box.y2 <= bottom:
        rings = tuple(tuple((x - left, y - top) for x, y in ring) for ring in item.polygons)
        return replace(item, box=Box(box.x1 - left, box.y1 - top, box.x2 - left, box.y2 - top), polygons=rings), False
    inside = Box(box.x1 - left, box.y1 - top, box.x2 - left, box.y2 - top).clipped(right - left, bottom - top)
    if inside.width <= 0 or inside.height <= 0:
        return None
    share = inside.width * inside.height / (box.width * box.height)
    rings = ()
    if drawn is not None:
        x, y, mask = drawn
        rows, columns = (
            slice(max(near - start, 0), max(far - start, 0))
            for near, far, start in ((top, bottom, y), (left, right, x))
        )
        cut = mask[rows, columns]
        around, traced = outline_object(cut)
        if around is None:
            return None
        dx, dy = max(x - left, 0), max(y - top, 0)
        inside = Box(around.x1 + dx, around.y1 + dy, around.x2 + dx, around.y2 + dy)
        rings = tuple(tuple((cx + dx, cy + dy) for cx, cy in ring) for ring in traced)
        share = float(cut.sum()) / float(mask.sum())
    if not part_is_kept(inside, box, share, rule):
        return None, True
    return replace(item, box=inside, polygons=rings), True


def _write_groups(folder: Path, source: YoloSet, origin: dict[str, Path], tiles: dict[str, str], done: Tiled) -> None:
    """Write ``groups.json``, and the record by which a later search for groups keeps tiles of a picture together."""
    numbers = known_groups(source, list(origin.values()))
    grouped = PictureGroups(tuple(origin), numbers or tuple(range(len(origin))))
    group_of = dict(zip(origin, join_families(grouped, origin).numbers, strict=True))
    names = sorted(tiles)
    of_tiles = PictureGroups(tuple(names), tuple(group_of[tiles[name]] for name in names))
    done.leak = of_tiles.leaks({side: [n for n in names if n.split("/", 2)[1] == side] for side in source.pictures})
    of_tiles.write(folder, tiles=done.rule)
    families: dict[str, dict[str, dict[str, Any]]] = {}
    for name in names:
        families.setdefault(f"group {group_of[tiles[name]]}", {})[name] = {}
    content = {"originals": len(families), "copies": len(names), "pictures": families}
    (folder / ENLARGED).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
