"""Which ledger entries a report is about, and which of them may be compared: blocks of one data split, size and budget.

Entries of different data or split hashes never share a block, whatever their names say. In a block a
contender is one network trained in one way; its entries differ in the seed alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from lidd_yolo.errors import InputError
from lidd_yolo.results.ledger import RUN_FILE, read_ledger

Entry = dict[str, Any]

_SEED = re.compile(r"-s\d+$")
# arguments that say where and how comfortably a run was made, not what was trained
_NO_RECIPE = frozenset(
    {
        *("seed", "device", "workers", "cache", "resume", "profile", "val", "split"),
        *("exist_ok", "verbose", "plots", "save", "save_period", "save_txt", "save_conf", "save_crop", "save_json"),
        *("save_frames", "save_hybrid", "show", "show_labels", "show_conf", "show_boxes", "line_width", "visualize"),
    }
)


@dataclass(frozen=True)
class Contender:
    """One network trained in one way, with all its seeds.

    Args:
        label: What a reader sees; no two in a block are equal.
        model: Name of the YAML or checkpoint that training began with.
        entries: Ledger entries in the order of their seeds.
    """

    label: str
    model: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Block:
    """Contenders that were trained and measured on the same data, at the same size, for the same number of epochs.

    ``data`` is what identifies the data, from the entries; ``epochs`` are those asked for.
    """

    data: dict[str, Any]
    imgsz: int
    epochs: int
    contenders: tuple[Contender, ...]

    @property
    def entries(self) -> list[Entry]:
        """All ledger entries of the block."""
        return [entry for contender in self.contenders for entry in contender.entries]

    @property
    def split(self) -> str:
        """Split whose figures are compared: ``test`` where all have it, else ``val``."""
        return "test" if all("test" in entry["results"] for entry in self.entries) else "val"

    @property
    def title(self) -> str:
        """Heading: data set, protocol and hash of the split, size and budget; no two in a report are equal."""
        split = f"{self.data.get('protocol', 'unknown')} split {self.data.get('split_sha256', '')[:8]}".rstrip()
        if listed := self.data.get("train_sha256"):
            split += f", list {listed[:8]} of {self.data['images']['train']} training pictures"
        return f"{self.dataset}, {split}, {self.imgsz} px, {self.epochs} epochs"

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return str(self.data.get("dataset", self.data["yaml"]))


def training_entries(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries of training runs; a ledger holds times and leaks too."""
    return [entry for entry in entries if {"model", "data", "arguments", "results"} <= entry.keys()]


def chosen_entries(ledger: Path, words: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """Return the training entries that any of the words names, and the names of runs that have no entry yet.

    Args:
        ledger: The ledger.
        words: Names or glob patterns of entries, such as ``neu-det-*``; or folders of ``lidd compare``, that of one
            run or that of all (``runs/compare``). None at all: every entry.

    Returns:
        entries: Each once, in the order of the words.
        left_out: Runs in the given folders that are not in the ledger: their training is not over.

    Raises:
        InputError: If a pattern matches no training run of the ledger, a folder holds no run, or there is no entry.
    """
    chosen: dict[str, Entry] = {}
    left_out: list[str] = []
    for word in words or ["*"]:
        is_folder = Path(word).is_dir()
        for pattern in _runs_in(Path(word)) if is_folder else [word]:
            matching = training_entries(read_ledger(ledger, pattern))
            chosen |= {entry["name"]: entry for entry in matching}
            if matching:
                continue
            if not is_folder:
                raise InputError(f"no training run {word} in {ledger}")
            left_out.append(pattern)
    if not chosen:
        raise InputError(f"no training run of {', '.join(words)} is in {ledger} yet")
    return list(chosen.values()), left_out


def _runs_in(folder: Path) -> list[str]:
    """Return the names of the runs whose folders lie in this one, or of the run whose folder it is."""
    files = [folder / RUN_FILE] if (folder / RUN_FILE).is_file() else sorted(folder.glob(f"*/{RUN_FILE}"))
    if not files:
        raise InputError(f"{folder} holds no run of lidd compare")
    return [file.resolve().parent.name for file in files]


def group_entries(entries: Iterable[Entry]) -> list[Block]:
    """Return the blocks of all training entries, in the order of their first entry.

    Raises:
        InputError: If two entries of one contender have the same seed; names both.
    """
    comparable: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in training_entries(entries):
        comparable.setdefault(_block_key(entry), []).append(entry)
    return [_block(together) for together in comparable.values()]


def seedless(name: str) -> str:
    """Return the name of an entry without its seed: ``a-run-s2`` gives ``a-run``."""
    return _SEED.sub("", name)


def _block_key(entry: Entry) -> tuple[Any, ...]:
    data, arguments = entry["data"], entry["arguments"]
    hashes = ("data_sha256", "split_sha256", "train_sha256")
    what = tuple(data.get(key) for key in ("dataset", "protocol", "seed", *hashes))
    # without hashes, the file's name is all that is known
    named = () if data.get("split_sha256") else (data["yaml"],)
    return (*what, *named, arguments["imgsz"], arguments["epochs"])


def _block(entries: Sequence[Entry]) -> Block:
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((seedless(entry["name"]), entry["model"], _recipe(entry)), []).append(entry)
    by_seed = [sorted(group, key=lambda entry: entry["arguments"]["seed"]) for group in groups.values()]
    for group in by_seed:
        _refuse_repeated_seeds(group)
    first = entries[0]
    contenders = (
        Contender(label, group[0]["model"], tuple(group))
        for label, group in zip(_labels([group[0] for group in by_seed]), by_seed, strict=True)
    )
    return Block(first["data"], first["arguments"]["imgsz"], first["arguments"]["epochs"], tuple(contenders))


def _recipe(entry: Entry) -> str:
    kept = {key: value for key, value in entry["arguments"].items() if key not in _NO_RECIPE}
    return json.dumps(kept, sort_keys=True, default=str)


def _refuse_repeated_seeds(entries: Sequence[Entry]) -> None:
    for one, other in pairwise(entries):
        if one["arguments"]["seed"] == other["arguments"]["seed"]:
            raise InputError(f"{one['name']} and {other['name']} have one seed: remove one, or give it another name")


def _labels(entries: Sequence[Entry]) -> list[str]:
    """Return labels that tell the contenders apart: network and recipe, where needed the name, then the arguments."""
    labels = [_label(entry) for entry in entries]
    for detail in (lambda entry, _: seedless(entry["name"]), _what_differs):
        labels = [
            f"{label} ({detail(entry, entries)})" if labels.count(label) > 1 else label
            for label, entry in zip(labels, entries, strict=True)
        ]
    return labels


def _what_differs(entry: Entry, entries: Sequence[Entry]) -> str:
    """Return the arguments of a training that others of its name and network do not share."""
    alike = [e for e in entries if (seedless(e["name"]), e["model"]) == (seedless(entry["name"]), entry["model"])]
    own = entry["arguments"]
    differing = (key for key in own if any(e["arguments"].get(key) != own[key] for e in alike))
    return ", ".join(f"{key}={own[key]}" for key in differing if key not in _NO_RECIPE)


def _label(entry: Entry) -> str:
    label, recipe = str(entry.get("label") or Path(entry["model"]).stem), entry.get("recipe", "own")
    return label if recipe == "own" else f"{label}, {Path(recipe).stem} recipe"
