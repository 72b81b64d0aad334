"""Generated steel plates, crops of them, and a small release in the layout of NEU-DET."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


def plate(seed: int, height: int = 400, width: int = 400) -> Gray:
    """Return fine random texture under uneven light, shape ``(height, width)``."""
    rng = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), 1.2)
    light = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), 40)
    values = 120 + 25 * fine / fine.std() + 30 * light / light.std()
    return np.clip(values, 0, 255).astype(np.uint8)


def crop(image: Gray, x: int, y: int, side: int = 100, quality: int | None = 90) -> Gray:
    """Return a square part as it comes out of its own JPEG file, or untouched if ``quality`` is None."""
    part = np.ascontiguousarray(image[y : y + side, x : x + side])
    if quality is None:
        return part
    coded = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE).astype(np.uint8)


def voc_object(name: str, corners: tuple[object, object, object, object], extra: str = "") -> str:
    """Return one VOC ``<object>``; corners as the format has them, 1-based and inclusive."""
    tags = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    box = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    return f"<object><name>{name}</name>{extra}<bndbox>{box}</bndbox></object>\n"


def voc(objects: str, size: tuple[int, int] | None = (100, 100), filename: str = "") -> str:
    """Return a VOC file."""
    stated = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>1</depth></size>\n" if size else ""
    return f"<annotation>\n<filename>{filename}</filename>\n{stated}{objects}</annotation>\n"


def write_release(folder: Path, plates: int = 12) -> list[set[str]]:
    """Write a release of overlapping crops; return the names of the pictures of each plate.

    Every plate gives three crops, the second and third of which overlap the one before. Plate k shows class k % 2 of
    ``crazing`` and ``scratches``. The last plate's crops stand in the validation folders.
    """
    groups = []
    for number in range(plates):
        last = number == plates - 1
        images = folder / ("Validation_Images" if last else "IMAGES")
        xmls = folder / ("Validation_Annotations" if last else "ANNOTATIONS")
        images.mkdir(parents=True, exist_ok=True)
        xmls.mkdir(parents=True, exist_ok=True)
        whole, names = plate(number), set()
        for k, (x, y) in enumerate([(10, 20), (50, 45), (110, 60)]):
            name = f"{('crazing', 'scratches')[number % 2]}_{3 * number + k}"
            cv2.imwrite(str(images / f"{name}.jpg"), crop(whole, x, y, quality=None))
            text = voc(voc_object(name.partition("_")[0], (1 + k, 2, 50, 100)))
            (xmls / f"{name}.xml").write_text(text, encoding="utf-8")
            names.add(f"{name}.jpg")
        groups.append(names)
    return groups
