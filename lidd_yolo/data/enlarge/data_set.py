"""A YOLO data set enlarged: the originals as they are, changed copies beside them, groups and split carried on.

Paper: LIDD-Net, section 2.3. Differs from the paper: only the training side is enlarged unless asked otherwise, after
the split. Enlarged before it, as in the paper, copies of one picture stand on both sides. Turned by any angle, a copy
is not found again by comparing pictures, so ``enlarged.json`` says which original each is of.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.data.enlarge.change import RULE, Image, decode_picture
from lidd_yolo.data.enlarge.copies import make_copies
from lidd_yolo.data.formats.yolo import read_yolo, write_yolo
from lidd_yolo.data.groups.digest import digest
from lidd_yolo.data.groups.families import ENLARGED, family_links
from lidd_yolo.data.groups.picture_groups import SPLIT_FILE, PictureGroups, known_groups
from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.labels.problems import NONE_USABLE, Kind, Problem
from lidd_yolo.data.readers.data_yaml import YoloSet, check_own_names, label_file, read_yolo_set
from lidd_yolo.data.readers.layout import name_below
from lidd_yolo.data.readers.pictures_only import pictures_only
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.errors import InputError
from lidd_yolo.files import all_or_nothing, check_new
from lidd_yolo.progress import progress

_NOT_CARRIED = frozenset(
    {"path", "train", "val", "test", "download", "leak", "group_sha256", "split_sha256"}
)  # the last three, of ``lidd data split``, may not hold any more

Copies = dict[str, list[tuple[str, dict[str, Any]]]]
"""Place, or name, and facts of each copy, by that of its original."""


@dataclass(repr=False)
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

    def __repr__(self) -> str:
        """Return sizes, leak, number of problems and folder."""
        leak, problems = self.leak, len(self.problems)
        return f"Enlarged(images={self.images}, leak={leak}, problems={problems}, target={str(self.target)!r})"


def enlarge(
    data: str | Path,
    *,
    target: str | Path | None = None,
    times: int = 5,
    seed: int = 0,
    splits: Sequence[str] | None = ("train",),
) -> Enlarged:
    """Enlarge a data set by copies that are mirrored, turned and made brighter or darker by lot.

    Args:
        data: Its data YAML, or the name of a packaged one.
        target: Folder to make; None makes one beside the data set's, named after it with ``-xTIMES``.
        times: Pictures for each original, itself included.
        seed: Seed of all changes; a picture's changes depend on it and the picture's name alone.
        splits: Splits to enlarge, all if None; the others are copied.

    Returns:
        Figures and problems; a file with a problem did not cost the others.

    Raises:
        InputError: If the data set is not there, is damaged, lacks a split that is to be enlarged or holds copies of an
            enlargement, a number is out of range, ``target`` holds something, or no copy could be made.
        OSError: If the target cannot be written.
    """
    if times < 2:
        raise InputError(f"times must be at least 2, got {times}")
    if seed < 0:
        raise InputError(f"the seed cannot be negative, got {seed}")
    try:
        source = read_yolo_set(data)
        folder = Path(target or source.root.resolve().with_name(f"{source.root.resolve().name}-x{times}"))
        check_new(folder)
        source, passed = pictures_only(source)
        check_own_names(source)
        sides = tuple(source.pictures) if splits is None else tuple(splits)
        if missing := [side for side in sides if side not in source.pictures]:
            raise InputError(f"{source.file}: it has no {missing[0]}, only {', '.join(source.pictures)}")
        if family_links(picture for pictures in source.pictures.values() for picture in pictures):
            reason = f"it has been enlarged already ({ENLARGED})"
            raise InputError(f"{source.file}: {reason}; enlarge the originals' data set")
        if source.channels not in (1, 3, 4):
            reason = f"pictures of {source.channels} channels cannot be enlarged, only of 1, 3 or 4"
            raise InputError(f"{source.file}: {reason}; let `yolo train` change them instead")
        return _write(folder, source, times, seed, sides, passed)
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(str(error)) from error


def describe_enlargement(times: int, seed: int, sides: Sequence[str], copies: Copies) -> dict[str, Any]:
    """Return the content of ``enlarged.json``; ``copies`` by their places in the data set."""
    facts = [fact for of_one in copies.values() for _, fact in of_one]
    return {
        "times": times,
        "seed": seed,
        **RULE,
        "sides": list(sides),
        "originals": len(copies),
        "copies": len(facts),
        "dropped": sum(int(fact["dropped"]) for fact in facts),
        "pictures": {name: dict(of_one) for name, of_one in copies.items()},
    }


def enlargement_figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``enlarged.json`` without the single pictures."""
    return {key: value for key, value in record.items() if key != "pictures"}


def _write(
    target: Path, source: YoloSet, times: int, seed: int, sides: Sequence[str], passed: Sequence[Problem]
) -> Enlarged:
    """Write the enlarged data set, whole or not at all; ``passed`` are the files that are no pictures."""
    done = Enlarged(target, problems=[*passed])
    with all_or_nothing(target) as folder:
        places, copies = _write_pictures(folder, source, (times, seed), sides, done)
        if not any(copies.values()):
            first = next(iter(done.problems), "none")
            raise InputError(f"{source.file}: no copy could be made; first problem: {first}")
        done.record = describe_enlargement(times, seed, sides, copies)
        (folder / ENLARGED).write_text(json.dumps(done.record, indent=1) + "\n", encoding="utf-8")
        _write_groups(folder, source, places, copies, done)
        used = {side: f"images/{side}" for side in source.pictures}
        content = {**used, **{k: v for k, v in source.content.items() if k not in _NOT_CARRIED}}
        if done.leak is not None:
            content["leak"] = done.leak
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (folder / "data.yaml").write_text(text, encoding="utf-8")
    return done


def _write_pictures(
    folder: Path, source: YoloSet, drawn: tuple[int, int], sides: Sequence[str], done: Enlarged
) -> tuple[dict[str, Path], Copies]:
    """Write originals and copies; return the file of each original, and the copies of each, by places in the folder.

    ``drawn`` is the number of pictures for each original and the seed.
    """
    places: dict[str, Path] = {}
    copies: Copies = {}
    for side, pictures in source.pictures.items():
        name_of = name_below(pictures)
        taken = {name_of(picture) for picture in pictures}
        count = 0
        for picture in progress(pictures, len(pictures), f"enlarging {side}" if side in sides else f"copying {side}"):
            place = f"images/{side}/{name_of(picture)}"
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            try:
                _copy_original(picture, folder / place)
            except OSError as error:
                reason = f"it cannot be read ({error.strerror})"
                done.problems.append(Problem(picture, Kind.PICTURE_UNREADABLE, reason, "picture left out"))
                continue
            places[place] = picture
            count += 1
            if side in sides:
                copies[place] = list(_write_copies(folder, place, picture, source, drawn, taken, done.problems))
                count += len(copies[place])
        done.images[side] = count
    return places, copies


def _copy_original(picture: Path, goal: Path) -> None:
    """Copy a picture and its label file, if it has one, byte for byte; no picture if either cannot be read."""
    try:
        shutil.copyfile(picture, goal)
        if label_file(picture).is_file():
            label_file(goal).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(label_file(picture), label_file(goal))
    except OSError:
        goal.unlink(missing_ok=True)
        raise


def _write_copies(
    folder: Path,
    place: str,
    picture: Path,
    source: YoloSet,
    drawn: tuple[int, int],
    taken: Container[str],
    problems: list[Problem],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write the copies of one picture; yield place and facts of each."""
    side, name = place.split("/", 2)[1:]
    image, annotation, wrong = _read(picture, source)
    problems += wrong
    if image is None or annotation is None:
        return
    labelled = label_file(picture).is_file()
    segments = any(item.polygons for item in annotation.objects)
    for copy in make_copies(name, image, annotation, *drawn):
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


def _read(picture: Path, source: YoloSet) -> tuple[Image | None, Annotation | None, list[Problem]]:
    """Return a picture and its objects, or None for what cannot be used, and what was wrong."""
    image = decode_picture(picture.read_bytes(), picture.suffix, source.channels)
    if image is None:
        reason = "it cannot be decoded as a picture" + (" of 4 channels" if source.channels == 4 else "")
        return None, None, [Problem(picture, Kind.PICTURE_UNREADABLE, reason, "no copies made; copy it again")]
    size, label = (image.shape[1], image.shape[0]), label_file(picture)
    if not label.is_file():
        return image, Annotation(picture.name, *size), []
    annotation, problems = read_yolo(label, source.names, size, picture.name)
    lost = any(not problem.repaired for problem in problems)
    if annotation is not None and not annotation.objects and lost:
        # As pictures without defects its copies would teach the opposite of what its file says.
        return image, None, [*problems, Problem(picture, Kind.NONE_USABLE, NONE_USABLE, "no copies made")]
    return image, annotation, problems


def _write_groups(folder: Path, source: YoloSet, places: dict[str, Path], copies: Copies, done: Enlarged) -> None:
    """Write ``groups.json`` and ``split.json`` of the enlarged data set where the original's groups are known."""
    numbers = known_groups(source, list(places.values()))
    if numbers is None:
        return
    group_of = dict(zip(places, numbers, strict=True))
    group_of.update({copy: group_of[name] for name, of_one in copies.items() for copy, _ in of_one})
    names = sorted(group_of)
    grouped = PictureGroups(tuple(names), tuple(group_of[name] for name in names))
    sides = {side: [name for name in names if name.split("/", 2)[1] == side] for side in source.pictures}
    done.leak = grouped.leaks(sides)
    grouped.write(folder, enlarged=enlargement_figures(done.record))
    place = next((p for p in (source.file.parent, source.root) if (p / SPLIT_FILE).is_file()), source.root)
    try:
        before = SplitReport.read(place)
    except (OSError, ValueError):
        return
    bare = {side: [Path(name).name for name in of_side] for side, of_side in sides.items()}
    if len(set(chain.from_iterable(bare.values()))) < len(names):
        return
    by_side = list(chain.from_iterable(sides.values()))
    by_name = sorted((folder / name for name in names), key=lambda picture: picture.name)
    report = SplitReport.of(
        PictureGroups(tuple(Path(name).name for name in by_side), tuple(group_of[name] for name in by_side)),
        bare,
        **{key: getattr(before, key) for key in ("dataset", "protocol", "seed", "ratios", "overlap")},
        enlarged=enlargement_figures(done.record),
        data_sha256=digest(part for file in by_name for part in (file.name, file.read_bytes(), _label(file))),
    )
    report.write(folder)


def _label(picture: Path) -> bytes:
    label = label_file(picture)
    return label.read_bytes() if label.is_file() else b""
