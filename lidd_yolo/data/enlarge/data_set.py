"""A YOLO data set enlarged: the originals as they are, changed copies beside them, groups carried on.

Paper: LIDD-Net, section 2.3. Differs from the paper: only the training side is enlarged unless asked otherwise, after
the split. Enlarged before it, as in the paper, copies of one picture stand on both sides.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.data.enlarge.change import Image, Settings, decode_picture
from lidd_yolo.data.enlarge.copies import make_copies
from lidd_yolo.data.enlarge.record import carry_split, describe_enlargement, figures
from lidd_yolo.data.formats.yolo import read_yolo, write_yolo
from lidd_yolo.data.groups.families import ENLARGED, family_links
from lidd_yolo.data.groups.groups_file import GROUPS_FILE, groups_text, read_known_groups
from lidd_yolo.data.groups.picture_groups import PictureGroups
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problem
from lidd_yolo.data.readers.data_yaml import YoloSet, label_file, read_yolo_set
from lidd_yolo.data.readers.layout import name_below
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.progress import progress

_SPLIT = "split.json"
_OF_SPLIT = ("leak", "group_sha256", "split_sha256")
"""Entries of a data YAML of ``lidd data split`` that may not hold any more."""
_NOT_CARRIED = ("path", "train", "val", "test", "download", *_OF_SPLIT)


@dataclass
class Enlarged:
    """What an enlargement has made.

    Args:
        target: Folder of the data set.
        images: Number of pictures on each side.
        record: Content of ``enlarged.json``.
        leak: Share of each side's pictures whose group is in ``train``; None where groups are not known.
        problems: Everything that was wrong.
    """

    target: Path
    images: dict[str, int] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    leak: dict[str, float] | None = None
    problems: list[Problem] = field(default_factory=list)


def enlarge(
    data: str | Path, target: Path | None, settings: Settings, sides: Sequence[str] | None = ("train",)
) -> Enlarged:
    """Enlarge a data set.

    Args:
        data: Its data YAML.
        target: Folder to make; None makes one beside the data set's, named after it with ``-xTIMES``.
        settings: What to do.
        sides: Sides to enlarge, all if None; the others are copied.

    Returns:
        Figures and problems; a file with a problem did not cost the others.

    Raises:
        FileNotFoundError: If the data set is not there.
        FileExistsError: If the target holds something.
        ValueError: If the data YAML is damaged, lacks a side that is to be enlarged, holds copies of an enlargement, or
            no copy could be made.
    """
    source = read_yolo_set(data)
    sides = tuple(source.pictures) if sides is None else sides
    if missing := [side for side in sides if side not in source.pictures]:
        raise ValueError(f"{source.file}: it has no {missing[0]}, only {', '.join(source.pictures)}")
    if family_links(picture for pictures in source.pictures.values() for picture in pictures):
        raise ValueError(f"{source.file}: it has been enlarged already ({ENLARGED}); enlarge the originals' data set")
    target = target or source.root.resolve().with_name(f"{source.root.resolve().name}-x{settings.times}")
    check_new(target)
    done = Enlarged(target)
    with all_or_nothing(target) as folder:
        places, copies = _write_pictures(folder, source, settings, sides, done)
        if not any(copies.values()):
            raise ValueError(
                f"{source.file}: no copy could be made; first problem: {next(iter(done.problems), 'none')}"
            )
        done.record = describe_enlargement(settings, sides, copies)
        _write_json(folder / ENLARGED, done.record)
        _write_groups(folder, source, places, copies, done)
        used = {side: f"images/{side}" for side in source.pictures}
        content = {**used, **{k: v for k, v in source.content.items() if k not in _NOT_CARRIED}}
        if done.leak is not None:
            content["leak"] = {side: round(share, 4) for side, share in done.leak.items()}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (folder / "data.yaml").write_text(text, encoding="utf-8")
    return done


_Copies = dict[str, list[tuple[str, dict[str, Any]]]]


def _write_pictures(
    folder: Path, source: YoloSet, settings: Settings, sides: Sequence[str], done: Enlarged
) -> tuple[dict[str, Path], _Copies]:
    """Write originals and copies; return the file of each original, and the copies of each, by places in the folder."""
    places: dict[str, Path] = {}
    copies: _Copies = {}
    for side, pictures in source.pictures.items():
        name_of = name_below(pictures)
        taken = {name_of(picture) for picture in pictures}
        count = 0
        for picture in progress(pictures, len(pictures), f"enlarging {side}" if side in sides else f"copying {side}"):
            place = f"images/{side}/{name_of(picture)}"
            if (wrong := _copy_original(folder, place, picture)) is not None:
                done.problems.append(wrong)
                continue
            places[place] = picture
            count += 1
            if side in sides:
                made = _write_copies(folder, place, picture, (source, settings), taken, done.problems)
                copies[place] = list(made)
                count += len(copies[place])
        done.images[side] = count
    return places, copies


def _copy_original(folder: Path, place: str, picture: Path) -> Problem | None:
    """Copy a picture and its label file, if it has one, byte for byte; return what was wrong."""
    goal = folder / place
    goal.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(picture, goal)
        label = label_file(picture)
        if label.is_file():
            label_file(goal).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(label, label_file(goal))
    except OSError as error:
        goal.unlink(missing_ok=True)
        return Problem(picture, Kind.PICTURE_UNREADABLE, f"it cannot be read ({error.strerror})", "picture left out")
    return None


def _write_copies(
    folder: Path,
    place: str,
    picture: Path,
    job: tuple[YoloSet, Settings],
    taken: set[str],
    problems: list[Problem],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write the copies of one picture; yield place and facts of each."""
    source, settings = job
    side, name = place.split("/", 2)[1:]
    image, annotation, wrong = _read(picture, source.names)
    problems += wrong
    if image is None or annotation is None:
        return
    labelled = label_file(picture).is_file()
    segments = any(item.polygons for item in annotation.objects)
    for copy in make_copies(name, image, annotation, settings):
        if copy.name in taken:
            reason = f"a picture called {copy.name} is there already"
            problems.append(Problem(picture, Kind.OTHER, reason, "this copy left out; enlarge the originals instead"))
            continue
        goal = folder / "images" / side / copy.name
        goal.write_bytes(copy.data)
        if labelled:
            text = write_yolo(copy.annotation, source.names, segments=segments)
            label_file(goal).write_text(text, encoding="utf-8")
        yield f"images/{side}/{copy.name}", copy.facts()


def _read(picture: Path, names: Sequence[str]) -> tuple[Image | None, Annotation | None, list[Problem]]:
    """Return a picture and its objects, or None for what cannot be used, and what was wrong."""
    image = decode_picture(picture.read_bytes())
    if image is None:
        reason = "it cannot be decoded as a picture"
        return None, None, [Problem(picture, Kind.PICTURE_UNREADABLE, reason, "no copies made; copy it again")]
    size, label = (image.shape[1], image.shape[0]), label_file(picture)
    if not label.is_file():
        return image, Annotation(picture.name, *size), []
    annotation, problems = read_yolo(label, names, size, picture.name)
    lost = any(not problem.repaired for problem in problems)
    if annotation is not None and not annotation.objects and lost:
        # As pictures without defects its copies would teach the opposite of what its file says.
        return image, None, [*problems, Problem(picture, Kind.NONE_USABLE, NONE_USABLE, "no copies made")]
    return image, annotation, problems


def _write_groups(folder: Path, source: YoloSet, places: dict[str, Path], copies: _Copies, done: Enlarged) -> None:
    """Write ``groups.json`` and ``split.json`` of the enlarged data set where the original's groups are known."""
    known = read_known_groups(source, places)
    if known is None:
        return
    groups, split = known
    numbers = {**groups, **{copy: groups[name] for name, of_one in copies.items() for copy, _ in of_one}}
    ordered = {name: numbers[name] for name in sorted(numbers)}
    grouped = PictureGroups(tuple(ordered), tuple(ordered.values()))
    sides = {side: [name for name in ordered if name.split("/", 2)[1] == side] for side in source.pictures}
    done.leak = grouped.leaks(sides)
    (folder / GROUPS_FILE).write_text(groups_text(grouped, enlarged=figures(done.record)), encoding="utf-8")
    bare = {side: [Path(name).name for name in names] for side, names in sides.items()}
    if split is None or len({name for names in bare.values() for name in names}) < len(ordered):
        return
    by_name = sorted(ordered, key=lambda name: Path(name).name)
    files = ((Path(name).name, (folder / name).read_bytes(), _label(folder / name)) for name in by_name)
    short = {Path(name).name: group for name, group in ordered.items()}
    _write_json(folder / _SPLIT, carry_split(split, bare, short, files, figures(done.record)))


def _label(picture: Path) -> bytes:
    label = label_file(picture)
    return label.read_bytes() if label.is_file() else b""


def _write_json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
