"""Binary masks in a folder for each class: ``masks/CLASS/a.png``, or ``ground_truth/CLASS/a_mask.png`` as in MVTec AD.

Own work; the masks themselves are read by `lidd_yolo.data.formats.masks`. A class that has no mask for a picture
is not in it, so that a picture without any is one without defects.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lidd_yolo.data.formats.masks import read_class_masks
from lidd_yolo.data.labels.problems import Problem
from lidd_yolo.data.sources.item import Item, item_of, picture_size
from lidd_yolo.data.sources.pairing import (
    OF_ANNOTATIONS,
    Key,
    Pictures,
    in_annotations,
    list_files,
    list_pictures,
    side_named,
)
from lidd_yolo.data.yolo_set import PICTURES
from lidd_yolo.progress import progress

_MASK = "_mask"


def read_class_mask_folder(
    source: Path, class_names: Sequence[str] | None
) -> tuple[list[Item], list[Problem], tuple[str, ...]]:
    """Read all pictures and the masks of each; return the class names too.

    Args:
        source: Folder of everything.
        class_names: Classes wanted, in order; the names of the folders in alphabetical order if None.

    Raises:
        ValueError: If no folder holds masks.
    """
    masks = [path for path in list_files(source, PICTURES) if in_annotations(path, source)]
    if not masks:
        raise ValueError(f"{source}: no masks; they belong into masks/CLASS/, one folder for each class")
    pictures = Pictures(source, [path for path in list_pictures(source) if path not in set(masks)])
    found: dict[Path, dict[str, Path]] = {path: {} for path in pictures.keys}
    problems: list[Problem] = []
    for mask in masks:
        name, keys = _class_and_keys(mask, source)
        problem = _assign(mask, name, pictures.find(*keys), class_names, found)
        problems += [problem] if problem is not None else []
    names = tuple(class_names or sorted({name for of_picture in found.values() for name in of_picture}))
    items: list[Item] = []
    for picture, key in progress(pictures.keys.items(), len(pictures.keys), "reading"):
        size, wrong = picture_size(picture)
        problems += wrong
        if size is None:
            continue
        of_picture = {name: found[picture][name] for name in names if name in found[picture]}
        annotation, wrong = read_class_masks(of_picture, size, picture.name)
        problems += wrong
        if annotation.objects or not wrong:
            # Without a usable mask it would teach that there is no defect.
            items.append(item_of(picture, key, annotation, next(iter(of_picture.values()), picture)))
    return items, problems, names


def _assign(
    mask: Path,
    name: str,
    pictures: list[Path],
    class_names: Sequence[str] | None,
    found: dict[Path, dict[str, Path]],
) -> Problem | None:
    """Give a mask to its picture, or return why it has none."""
    if not name:
        return Problem(mask, "", "no folder says its class", "mask left out; move it to masks/CLASS/")
    if class_names is not None and name not in class_names:
        return Problem(mask, "", f"class {name!r} is none of {', '.join(class_names)}", "mask left out")
    if len(pictures) != 1:
        reason = f"{len(pictures)} pictures have its name" if pictures else "it has no picture"
        return Problem(mask, "", reason, "mask left out")
    if name in found[pictures[0]]:
        return Problem(mask, "", f"a mask of {name!r} for {pictures[0].name} came before", "mask left out")
    found[pictures[0]][name] = mask
    return None


def _class_and_keys(mask: Path, source: Path) -> tuple[str, list[Key]]:
    """Return the class that a mask's folders name, empty if none does, and the keys that its picture may have."""
    *folders, name = mask.relative_to(source).parts
    kept = [part for part in folders if part.lower() not in OF_ANNOTATIONS]
    named = [part for part in kept if side_named(part) is None]
    if not named:
        return "", []
    stem = Path(name).stem
    stems = [stem, *([stem.removesuffix(_MASK)] if stem.endswith(_MASK) else [])]
    without = list(kept)
    without.remove(named[0])
    # MVTec AD's pictures stand in a folder of the class as well; there, names alone are not unique.
    return named[0], [(*part, stem) for part in (kept, without) for stem in stems]
