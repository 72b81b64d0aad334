"""A YOLO data set of overlapping crops whose groups are known, split without care."""

from pathlib import Path

import cv2
import yaml

from tests.helpers.plates import crop, plate

CLASSES = ("a", "b")


def write_crop_set(folder: Path, plates: int = 6) -> Path:
    """Write three crops of each plate, the first into ``val``, the others into ``train``; return the data YAML.

    Crop j of plate k is ``p{k}_{j}.png`` and overlaps the one before; it shows one box of class ``k % 2``.
    """
    for number in range(plates):
        whole = plate(number)
        for k, (x, y) in enumerate([(10, 20), (50, 45), (110, 60)]):
            side = "train" if k else "val"
            for kind in ("images", "labels"):
                (folder / kind / side).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / "images" / side / f"p{number}_{k}.png"), crop(whole, x, y))
            (folder / "labels" / side / f"p{number}_{k}.txt").write_text(f"{number % 2} 0.5 0.5 0.2 0.2\n")
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump({"train": "images/train", "val": "images/val", "names": dict(enumerate(CLASSES))}))
    return file
