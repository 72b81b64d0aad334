"""Small data sets with every fault that a check knows, in each format, from seeds alone."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from tests.helpers.pictures import bombs, encoded, frames, noise, pillow, png_chunk, turned_by_exif
from tests.helpers.plates import voc, voc_object

SIZE = (40, 30)
"""Width and height of the pictures."""

GOOD = "0 0.5 0.5 0.5 0.5\n"
YOLO_LINES = (
    "0 0.5 0.5 0.2",
    "a 0.5 0.5 0.2 0.2",
    "7 0.5 0.5 0.2 0.2",
    "0 nan 0.5 0.2 0.2",
    "0 0.5 0.5 0 0.2",
    "0 3 0.5 0.2 0.2",
    "0 0.95 0.5 0.3 0.2",
    "0 0.25 0.25 0.3 0.3",
    "0 0.25 0.25 0.3 0.3",
    "1 0.25 0.25 0.3 0.3",
    "1 0.75 0.75 0.02 0.02",
)
YOLO_OUTLINES = (
    "0 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9",
    "1 0.1 0.1 0.9 0.9 0.9 0.1 0.1 0.9",
    "1 0.1 0.1 0.5 1.5 0.9 0.9",
    "0 0.1 0.1 0.5 inf 0.9 0.9",
    "0 0.1 0.1 0.5 0.1 0.9 0.1",
    "0 0.5 0.5 0.5 0.5",
)
CORNERS = 6600
"""Of an outline that has too many pairs of edges to compare."""


def plain_png(image: NDArray[np.uint8]) -> bytes:
    """Return a grey picture as a PNG whose bytes depend on no encoder: its rows are stored, not compressed."""
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    stored = zlib.compress(rows, 0)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", stored) + png_chunk(b"IEND", b"")


def grey(seed: int) -> bytes:
    """Return a random grey picture."""
    return plain_png(noise(seed, *SIZE, channels=1))


def _put(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_yolo(folder: Path) -> Path:
    """Write a YOLO set; return what ``lidd data check`` takes, here its data YAML."""
    same = grey(1)
    pictures = {
        "good.png": same,
        "alpha.png": pillow("RGBA", "PNG"),
        "bare.png": grey(2),
        "deep.png": encoded(np.full((30, 40), 3000, np.uint16), ".png"),
        "empty.jpg": b"",
        "huge.png": bombs()[".png"],
        "ink.jpg": pillow("CMYK", "JPEG"),
        "lines.png": grey(3),
        "long.png": grey(4),
        "moving.gif": frames("GIF"),
        "moving.png": frames("GIF"),
        "narrow.png": plain_png(noise(13, 9, 30, channels=1)),
        "outlines.png": grey(5),
        "palette.png": pillow("P", "PNG"),
        "shared.bmp": encoded(noise(6), ".bmp"),
        "shared.png": grey(7),
        "short.png": grey(8)[:-30],
        "text.jpg": b"<html>404 not found</html>",
        "turned.jpg": turned_by_exif(6),
        "twin.png": grey(9),
        "twin_again.png": grey(9),
        "unknown.jpg": bytes(range(256)),
        "wide.png": grey(10),
        "wrong.jpg": grey(11),
    }
    labels = {f"{name.partition('.')[0]}.txt": GOOD for name in pictures if name != "bare.png"}
    zigzag = " ".join(f"{k % 2} {(k + 1) / (CORNERS + 1):.6f}" for k in range(CORNERS))
    labels |= {
        "lines.txt": "\n".join(YOLO_LINES) + "\n",
        "outlines.txt": "\n".join(YOLO_OUTLINES) + "\n",
        "long.txt": f"1 {zigzag}\n",
        "alone.txt": GOOD,
        "classes.txt": "scratch\npit\n",
    }
    for name, data in pictures.items():
        _put(folder / "images/train" / name, data)
    for name, text in labels.items():
        _put(folder / "labels/train" / name, text)
    _put(folder / "labels/train/wide.txt", GOOD.encode("utf-16"))
    listed = [*pictures, "missing.png"]
    _put(folder / "train.txt", "".join(f"./images/train/{name}\n" for name in listed))
    _put(folder / "images/val/good_again.png", same)
    _put(folder / "labels/val/good_again.txt", f"{GOOD}2 0.2 0.2 0.1 0.1\n")
    _put(folder / "images/test/dark.png", grey(12))
    content = {"path": str(folder), "train": "train.txt", "val": "images/val", "test": "images/test"}
    _put(folder / "data.yaml", yaml.safe_dump({**content, "names": ["scratch", "pit", "dent", "crack"]}))
    return folder / "data.yaml"


def write_voc(folder: Path) -> Path:
    """Write a folder of Pascal VOC, with sides and some files of other kinds among them."""
    pit = voc_object("pit", (2, 3, 20, 20))
    xmls = {
        "train/good": voc(pit, SIZE, "good.png"),
        "train/damaged": "<annotation><object>",
        "train/dtd": '<!DOCTYPE a [<!ENTITY b "c">]><annotation/>',
        "train/other": "<other/>",
        "train/no_size": voc(pit, None, "no_size.png"),
        "train/wrong_size": voc(pit, (30, 40), "wrong_size.png"),
        "train/objects": voc(
            "<object></object>\n"
            + voc_object("pit", (1, 2, "x", 4))
            + voc_object("pit", (9, 9, 2, 2))
            + voc_object("pit", (30, 20, 50, 40))
            + voc_object("pit", (300, 200, 310, 210))
            + voc_object("pit", ("nan", 1, 2, 3))
            + voc_object("pit", (5, 5, 15, 15), "<difficult>1</difficult>")
            + voc_object("pit", (5, 5, 15, 15))
            + voc_object("scratch", (5, 5, 15, 15))
            + voc_object("pit", (3, 3, 4, 4))
            + voc_object("stain", (5, 5, 25, 25)),
            SIZE,
        ),
        "train/out": voc(pit, SIZE, "../../secret.png"),
        "train/named": voc(pit, SIZE, "elsewhere.png"),
        "train/deep": voc(pit, SIZE, "deep.png").replace(">1</depth", ">3</depth"),
        "train/alone": voc(pit, SIZE),
        "val/good": voc(pit, SIZE, "good.png"),
    }
    for number, (name, text) in enumerate(xmls.items()):
        _put(folder / f"{name}.xml", text)
        if name != "train/alone":
            _put(folder / f"{name}.png", grey(20 + number))
    _put(folder / "val/bare.png", grey(40))
    return folder


def write_named_voc(folder: Path) -> Path:
    """Write a folder of Pascal VOC whose names begin with a class, one of them wrongly."""
    for number, (name, cls) in enumerate([("pit_1", "pit"), ("pit_2", "pit"), ("dent_1", "dent"), ("dent_2", "pit")]):
        _put(folder / f"{name}.png", grey(50 + number))
        _put(folder / f"{name}.xml", voc(voc_object(cls, (2, 3, 20, 20)), SIZE, f"{name}.png"))
    return folder


def write_labelme(folder: Path) -> Path:
    """Write a folder of labelme."""
    square = [[5, 5], [20, 5], [20, 20], [5, 20]]

    def shape(points: Any, kind: str = "polygon", **more: Any) -> dict[str, Any]:
        return {"label": "pit", "points": points, "shape_type": kind, **more}

    def text(*shapes: dict[str, Any], size: tuple[Any, Any] = SIZE) -> str:
        return json.dumps({"imageWidth": size[0], "imageHeight": size[1], "imagePath": "a.png", "shapes": shapes})

    files = {
        "good": text(shape(square), shape([[22, 5], [38, 25]], "rectangle")),
        "damaged": "{",
        "other": "{}",
        "wrong_size": text(shape(square), size=(41, 30)),
        "no_size": json.dumps({"shapes": [shape(square)]}),
        "shapes": text(
            shape([[1, 1], [5, 5]]),
            shape([[1, 1], [5, 5]], "circle"),
            shape(3),
            {"points": square},
            shape([[500, 1], [505, 5]], "line"),
            shape([[30, 1], [505, 5]], "line"),
            shape([[1, 1], [float("nan"), 5]], "line"),
            shape([[2, 25], [30, 25]], "linestrip"),
            shape([[5, 5], [20, 20], [20, 5], [5, 20]]),
            shape([[2, 2], [6, 2], [6, 6]], group_id=1),
            shape([[10, 2], [16, 2], [16, 6]], group_id=1),
            shape(square),
            shape(square),
            shape([[1, 1], [2, 1], [2, 2]]),
            shape([[1, 1], [60, 1], [60, 28], [1, 28]]),
        ),
        "alone": text(shape(square)),
    }
    for number, (name, content) in enumerate(files.items()):
        _put(folder / f"{name}.json", content)
        if name != "alone":
            _put(folder / f"{name}.png", grey(60 + number))
    _put(folder / "bare.png", grey(70))
    return folder


def write_coco(folder: Path) -> Path:
    """Write a folder of COCO."""
    names = ("good.png", "wrong_size.png", "missing.png", "../out.png")
    images = [{"id": n, "file_name": name, "width": 40, "height": 30} for n, name in enumerate(names, start=1)]
    images[1]["width"] = 41
    images += [{"id": 9, "file_name": "no_size.png"}]
    ring = [5, 5, 20, 5, 20, 20, 5, 20]
    on_first = [
        {"bbox": [2, 3, 10, 10]},
        {"segmentation": [ring]},
        {"segmentation": {"size": [30, 40], "counts": [100, 5, 25, 5, 1065]}},
        {"bbox": [1, 1, 5, 5], "iscrowd": 1},
        {"bbox": [1, 1, 0, 5]},
        {"bbox": [35, 25, 20, 20]},
        {"bbox": [300, 25, 20, 20]},
        {"bbox": ["x", 1, 2, 3]},
        {},
        {"segmentation": [[1, 1, 5, 5]]},
        {"segmentation": {"size": [40, 30], "counts": [1200]}},
        {"segmentation": [[5, 5, 20, 20, 20, 5, 5, 20]]},
        {"bbox": [2, 3, 10, 10]},
    ]
    entries = [{"image_id": 1, "category_id": 1, **entry} for entry in on_first]
    entries += [
        {"image_id": 1, "category_id": 2, "bbox": [2, 3, 10, 10]},
        {"image_id": 1, "category_id": 7, "bbox": [2, 3, 10, 10]},
        {"image_id": 77, "category_id": 1, "bbox": [2, 3, 10, 10]},
        {"image_id": 2, "category_id": 1, "bbox": [2, 3, 10, 10]},
        {"image_id": 3, "category_id": 1, "bbox": [2, 3, 10, 10]},
    ]
    entries = [{"id": n, **entry} for n, entry in enumerate(entries, start=1)]
    categories = [{"id": 1, "name": "pit"}, {"id": 2, "name": "stain"}]
    _put(folder / "set.json", json.dumps({"images": images, "annotations": entries, "categories": categories}))
    _put(folder / "other.json", "{}")
    _put(folder / "damaged.json", "{")
    for number, name in enumerate(("good", "wrong_size", "bare", "out")):
        _put(folder / f"{name}.png", grey(80 + number))
    return folder


def write_masks(folder: Path) -> Path:
    """Write a folder of pictures and class-index masks."""
    good = np.zeros((30, 40), np.uint8)
    good[5:15, 5:25], good[8:10, 10:12], good[20:28, 30:38], good[0, 39] = 1, 0, 2, 1
    values = good.copy()
    values[20:28, 2:9] = 9
    masks = {
        "good": encoded(good, ".png"),
        "blank": encoded(np.zeros_like(good), ".png"),
        "value": encoded(values, ".png"),
        "size": encoded(good[:, :30], ".png"),
        "colour": encoded(cv2.merge([good] * 3), ".png"),
        "deep": encoded(good.astype(np.uint16), ".png"),
        "palette": pillow("P", "PNG"),
        "huge": bombs()[".png"],
        "damaged": b"\x89PNG\r\n\x1a\n",
        "alone": encoded(good, ".png"),
    }
    for number, (name, mask) in enumerate(masks.items()):
        _put(folder / "masks" / f"{name}.png", mask)
        if name != "alone":
            _put(folder / "images" / f"{name}.png", grey(90 + number))
    _put(folder / "images/bare.png", grey(110))
    return folder


def write_class_masks(folder: Path) -> Path:
    """Write a folder of pictures and one mask for each class."""
    spot = np.zeros((30, 40), np.uint8)
    spot[5:15, 5:25] = 255
    smooth = spot.copy()
    smooth[4, 5:25] = 128
    masks = {"pit/good": spot, "dent/good": spot[::-1], "pit/smooth": smooth, "dent/size": spot[:, :30]}
    for name, mask in masks.items():
        _put(folder / "masks" / f"{name}.png", encoded(np.ascontiguousarray(mask), ".png"))
    _put(folder / "masks/stray.png", encoded(spot, ".png"))
    _put(folder / "masks/pit/alone.png", encoded(spot, ".png"))
    for number, name in enumerate(("good", "smooth", "size", "bare")):
        _put(folder / "images" / f"{name}.png", grey(120 + number))
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "yolo": write_yolo,
    "voc": write_voc,
    "named-voc": write_named_voc,
    "labelme": write_labelme,
    "coco": write_coco,
    "mask": write_masks,
    "class-masks": write_class_masks,
}
"""Name of a set -> what writes it into a folder and returns what the commands take."""


def steel(seed: int, side: int = 320) -> NDArray[np.uint8]:
    """Return a random texture of whole numbers, the same from every build of every package."""
    values = np.random.default_rng(seed).integers(0, 256, (side + 2, side + 2))
    rows = values[:-2] + values[1:-1] + values[2:]
    mean = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) // 9
    return np.clip(3 * (mean - 128) + 128, 0, 255).astype(np.uint8)


def write_crops(folder: Path, plates: int = 6) -> Path:
    """Write a YOLO set of crops: of each plate two that overlap, one turned, and one of another place; a copy of one.

    The second crop of every second plate stands in ``val``, so that the split leaks.
    """
    for number in range(plates):
        whole = steel(number)
        for k, (x, y) in enumerate([(10, 20), (50, 45), (200, 190)]):
            part = whole[y : y + 100, x : x + 100]
            part = np.rot90(part) if k == 1 else part
            side = "val" if k == 1 and number % 2 == 0 else "train"
            _put(folder / "images" / side / f"p{number}_{k}.png", plain_png(np.ascontiguousarray(part)))
            _put(folder / "labels" / side / f"p{number}_{k}.txt", f"{number % 2} 0.5 0.5 0.2 0.2\n")
    _put(folder / "images/train/copy.png", (folder / "images/train/p1_0.png").read_bytes())
    _put(folder / "labels/train/copy.txt", "")
    content = {"path": str(folder), "train": "images/train", "val": "images/val", "names": ["a", "b"]}
    _put(folder / "data.yaml", yaml.safe_dump(content))
    return folder / "data.yaml"


def write_neu_det(folder: Path, plates: int = 8) -> Path:
    """Write a release in the layout of NEU-DET: two overlapping crops of each plate, one file damaged."""
    for number in range(plates):
        whole, name = steel(100 + number), ("crazing", "scratches")[number % 2]
        for k, (x, y) in enumerate([(10, 20), (50, 45)]):
            stem = f"{name}_{2 * number + k}"
            part = np.ascontiguousarray(whole[y : y + 100, x : x + 100])
            _put(folder / "IMAGES" / f"{stem}.jpg", plain_png(part))
            _put(folder / "ANNOTATIONS" / f"{stem}.xml", voc(voc_object(name, (1 + k, 2, 50, 100))))
    _put(
        folder / "ANNOTATIONS/crazing_0.xml", voc(voc_object("crazing", (1, 2, 50, 100)) + voc_object("rust", (1,) * 4))
    )
    _put(folder / "ANNOTATIONS/scratches_3.xml", "<annotation>")
    return folder


def write_neu_seg(folder: Path, plates: int = 8) -> Path:
    """Write a release in the layout of NEU-Seg: two overlapping crops of each plate, specks and a damaged mask."""
    for number in range(plates):
        whole = steel(200 + number)
        for k, (x, y) in enumerate([(10, 20), (50, 45)]):
            side = "test" if k and number % 4 == 0 else "training"
            stem = f"{2 * number + k:06d}"
            mask = np.zeros((100, 100), np.uint8)
            mask[20:50, 10 + k : 40], mask[25:30, 15:20], mask[0, 0] = number % 3 + 1, 0, 1
            if number == 3 and k:
                mask[90:, 90:] = 7
            part = np.ascontiguousarray(whole[y : y + 100, x : x + 100])
            _put(folder / "images" / side / f"{stem}.jpg", plain_png(part))
            _put(folder / "annotations" / side / f"{stem}.png", plain_png(mask))
    return folder
