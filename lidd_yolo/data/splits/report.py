"""``split.json``: how a data set was split, what that leaks, and the hashes that a result quotes.

Nothing heavy is imported: commands that only ask for a data set's identity start at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lidd_yolo.data.groups.digest import split_digest
from lidd_yolo.data.groups.picture_groups import SPLIT_FILE, PictureGroups, picture_name, stated_name

_IDENTITY = ("dataset", "protocol", "seed", "data_sha256", "split_sha256", "group_sha256", "images", "leak")
_GENERATED = "about.json"  # of a data set that `lidd_yolo.data.demo` has drawn


@dataclass(frozen=True, repr=False)
class SplitReport:
    """Content of a ``split.json``: the fields by their names, without those that are None, and ``facts``.

    Args:
        dataset: Name of the data set.
        protocol: ``grouped`` for whole groups, or how a paper or a publisher splits it.
        seed: Seed of the split.
        ratios: Expected share of each side.
        overlap: Limits of the search for groups in a release.
        enlarged: Settings and figures of an enlargement made after the split.
        images: Pictures of each side.
        boxes: Objects of each class on each side.
        groups: ``count``, ``largest`` and ``sizes`` of the groups.
        rule: Thresholds and file-name rule of the groups in a user's data set.
        leak: Share of each side's pictures whose group is in ``train`` too.
        shortfalls: Where whole groups did not allow the ratios.
        group_sha256: Hash of the grouping.
        split_sha256: Hash of which picture is on which side.
        data_sha256: Hash of names, pictures and labels.
        problems: Pictures that could not be read.
        pictures: ``split`` and ``group`` of each by its name, and its ``file`` where it was copied to another place.
        facts: Further entries.
        last: Entries that come last in the file, in this order.
    """

    dataset: str | None = None
    protocol: str | None = None
    seed: int | None = None
    ratios: Mapping[str, float] | None = None
    overlap: Mapping[str, Any] | None = None
    enlarged: Mapping[str, Any] | None = None
    images: Mapping[str, int] = field(default_factory=dict)
    boxes: Mapping[str, Mapping[str, int]] | None = None
    groups: Mapping[str, Any] = field(default_factory=dict)
    rule: Mapping[str, Any] | None = None
    leak: Mapping[str, float] = field(default_factory=dict)
    shortfalls: Sequence[str] | None = None
    group_sha256: str = ""
    split_sha256: str = ""
    data_sha256: str | None = None
    problems: Sequence[Mapping[str, Any]] | None = None
    pictures: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    last: Sequence[str] = ()

    @classmethod
    def of(cls, groups: PictureGroups, parts: Mapping[str, Sequence[str]], **entries: Any) -> SplitReport:
        """Return the report of a split; counts, leak, hashes and pictures are worked out, the others are ``entries``.

        ``parts`` are the names of the pictures of each side, or of each fold; the leak of folds is among the entries.
        """
        part_of = {name: part for part, names in parts.items() for name in names}
        pictures = zip(groups.names, groups.numbers, strict=True)
        worked_out = {
            "images": {part: len(names) for part, names in parts.items()},
            "groups": groups.count(),
            "leak": groups.leaks(parts),
            "group_sha256": groups.sha256,
            "split_sha256": split_digest(parts),
            "pictures": {name: {"split": part_of[name], "group": group} for name, group in pictures},
        }
        return cls(**{**worked_out, **entries})

    @classmethod
    def read(cls, folder: Path) -> SplitReport:
        """Read the report in a data set's folder; entries that it lacks have their defaults.

        Raises:
            OSError: If there is none.
            ValueError: If it is no JSON object.
        """
        content = _read(folder / SPLIT_FILE)
        facts = {key: value for key, value in content.items() if key not in cls._entries()}
        return cls(**{key: value for key, value in content.items() if key not in facts}, facts=facts)

    def write(self, folder: Path) -> None:
        """Write ``split.json``."""
        (folder / SPLIT_FILE).write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")

    def as_dict(self) -> dict[str, Any]:
        """Return the content of the file."""
        entries = {name: value for name in self._entries() if (value := getattr(self, name)) is not None}
        entries.update(self.facts)
        order = [*(key for key in entries if key not in self.last), *(key for key in self.last if key in entries)]
        return {key: entries[key] for key in order}

    @classmethod
    def _entries(cls) -> list[str]:
        """Return the names of the fields that are entries of the file."""
        return [one.name for one in fields(cls) if one.name not in {"facts", "last"}]

    def figures(self) -> dict[str, Any]:
        """Return the content of the file without the single pictures."""
        return {key: value for key, value in self.as_dict().items() if key != "pictures"}

    def __repr__(self) -> str:
        """Return what identifies the split, without the single pictures."""
        size = f"images={dict(self.images)}, leak={dict(self.leak)}, split_sha256={self.split_sha256[:12]!r}"
        return f"SplitReport({self.dataset!r}, {self.protocol!r}, seed={self.seed}, {size})"


@dataclass(frozen=True)
class TrainingList:
    """Training pictures that a list in the data set's folder names.

    Args:
        names: Their names, sorted: those of ``split.json``, or their places below the folder where it has none.
        report: Content of ``split.json``; empty if there is none.
    """

    names: tuple[str, ...]
    report: SplitReport

    @property
    def sha256(self) -> str:
        """Hash of the names, whatever their order and wherever the folder lies."""
        return split_digest({"train": self.names})

    @property
    def is_whole(self) -> bool:
        """Whether the list is the whole of ``train`` in ``split.json``, which its hash of the split names already."""
        return list(self.names) == sorted(self._on("train"))

    def leak(self) -> dict[str, float]:
        """Return the share of each other side's pictures whose group the list has too; empty if it is not known."""
        pictures = self.report.pictures
        if "train" not in self.report.images or not pictures.keys() >= set(self.names):
            return {}
        groups = PictureGroups(tuple(pictures), tuple(entry["group"] for entry in pictures.values()))
        others = {side: self._on(side) for side in self.report.images if side != "train"}
        return groups.leaks({"train": self.names, **others})

    def _on(self, side: str) -> list[str]:
        return [name for name, entry in self.report.pictures.items() if entry["split"] == side]


def training_list(folder: Path, train: Any) -> TrainingList | None:
    """Read the list of training pictures in a data set's folder; None if ``train`` is something else or elsewhere.

    ``train`` is what Ultralytics makes of it: the whole path. Raises:
        FileNotFoundError: If there is no such list.
        ValueError: If ``split.json`` is no JSON object.
    """
    file = Path(train) if isinstance(train, (str, Path)) else Path()
    if file.suffix != ".txt" or not file.resolve().is_relative_to(folder.resolve()):
        return None
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist: make the data set again, with --overwrite")
    report = SplitReport.read(folder) if (folder / SPLIT_FILE).is_file() else SplitReport()
    lines = (line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines())
    places = [file.parent / line for line in lines if line]
    names = {stated_name(place, report.pictures) or picture_name(place, folder) for place in places}
    return TrainingList(tuple(sorted(names)), report)


def data_identity(data: str, folder: Path, train: Any = None) -> dict[str, Any]:
    """Return what identifies a data set: the hashes of its ``split.json`` or ``about.json``, else its name alone.

    Where ``train`` is a list in the folder, of other pictures than the whole of ``train`` in ``split.json``, its number
    of pictures, its leak and ``train_sha256`` say which.

    Args:
        data: Its data YAML.
        folder: Its folder as Ultralytics finds it.
        train: Its ``train`` as Ultralytics finds it.

    Raises:
        FileNotFoundError: If ``train`` is a list that does not exist.
        ValueError: If a file is no JSON object.
    """
    files = (folder / SPLIT_FILE, folder / _GENERATED)
    about = next((_read(file) for file in files if file.is_file()), {})
    identity = {"yaml": Path(data).name, **{key: about[key] for key in _IDENTITY if key in about}}
    listed = training_list(folder, train)
    if listed is None or listed.is_whole:
        return identity
    images = {**identity.get("images", {}), "train": len(listed.names)}
    leak = listed.leak() or identity.get("leak")
    return {**identity, "images": images, **({} if leak is None else {"leak": leak}), "train_sha256": listed.sha256}


def _read(file: Path) -> dict[str, Any]:
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{file} is no JSON object")
    return content
