"""Small YOLO sets on disk, made of bytes and texts, to be damaged by tests."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.helpers.pictures import encoded, noise

GOOD = "0 0.5 0.5 0.5 0.5\n"


def write_yolo_set(
    folder: Path,
    labels: Mapping[str, str | bytes | None],
    pictures: Mapping[str, bytes | None] | None = None,
    names: tuple[str, ...] = ("scratch", "pit"),
) -> Path:
    """Write a set and return its data YAML.

    Args:
        folder: Where.
        labels: ``split/stem`` -> text of the label file, None for none.
        pictures: ``split/name.ending`` -> bytes, None for no picture; without an entry, random ones of 40x30 pixels,
            all different.
        names: Classes.
    """
    pictures = dict(pictures or {})
    stated = {key.rpartition(".")[0] for key in pictures}
    for number, key in enumerate(labels):
        if key not in stated:
            pictures[f"{key}.jpg"] = encoded(noise(number))
    for key, data in pictures.items():
        path = folder / "images" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is not None:
            path.write_bytes(data)
    for key, text in labels.items():
        path = folder / "labels" / f"{key}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
    splits = sorted({key.partition("/")[0] for key in [*labels, *pictures]}, key=["train", "val", "test"].index)
    file = folder / "data.yaml"
    content = {"path": str(folder), **{split: f"images/{split}" for split in splits}, "names": dict(enumerate(names))}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file
