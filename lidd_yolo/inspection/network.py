"""A network that detects in pictures, in the whole of them or in tiles: what `lidd predict` says and figures are of.

What it detects is what the stock predictor detects, streamed, so that memory does not grow with the pictures. Two ways
in which Ultralytics loses detections with no more than a line in its log are said here: a picture that it passes over,
and a suppression of double boxes that ran out of time. So is a picture that is not all there, whose missing part
decoders fill with grey.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.header import read_header
from lidd_yolo.data.readers.data_yaml import NO_PICTURES, PICTURES
from lidd_yolo.data.tiles import Tiling
from lidd_yolo.errors import InputError
from lidd_yolo.export.certificate import CARRIED, CarriedPoint
from lidd_yolo.inspection.detections import FoundDefects, found_in
from lidd_yolo.inspection.operating_file import read_carried
from lidd_yolo.inspection.pictures import Floats
from lidd_yolo.inspection.tiles import EXTENDS, detect_in_tiles

_TASKS = ("detect", "segment")


class Judged(NamedTuple):
    """One picture, or frame of a video, that is judged.

    Args:
        picture: Its path, or name.
        frame: Number of the frame, from 1, of a video or stream; None for a picture.
        image: ``(H, W, C)`` in BGR.
        found: Its detections above the thresholds.
        problem: Why it cannot be judged; empty if it can.
    """

    picture: str
    frame: int | None = None
    image: NDArray[np.uint8] | None = None
    found: FoundDefects | None = None
    problem: str = ""


class Network:
    """A detector or segmenter, loaded and tried once, so that what it lacks is said before the first picture."""

    def __init__(self, file: str | Path, imgsz: int | None, device: str | None) -> None:
        from ultralytics import YOLO  # noqa: PLC0415 - seconds to import

        self.file, given = file, {"imgsz": imgsz, "device": device}
        self.arguments = {"verbose": False, **{key: value for key, value in given.items() if value is not None}}
        try:
            self.yolo = YOLO(file)
            task = self._try()
            if task != self.yolo.task:  # an exported file says so only once it is loaded
                self.yolo = YOLO(file, task=task)
                self._try()
        except Exception as error:  # whatever torch and the runtimes raise over a file that is no model
            reason = " ".join(f"{error}".split()) or type(error).__name__
            raise InputError(f"{file} cannot be used as a model: {reason}") from error
        if task not in _TASKS:
            raise InputError(f"{file}: its task is {task}; defects are found by networks for {' and '.join(_TASKS)}")
        self.task, self.channels = task, int(getattr(self.yolo.predictor.model, "channels", 3))

    @property
    def imgsz(self) -> int:
        """Longer side of the input in pixels."""
        return int(max(self.yolo.predictor.imgsz))

    def carried(self) -> CarriedPoint | None:
        """Return the operating point that an exported file carries in its metadata, if any."""
        told = (getattr(self.yolo.predictor.model, "metadata", None) or {}).get(CARRIED)
        try:
            return None if told is None else read_carried(told)
        except InputError as error:
            raise InputError(
                f"{self.file}: its metadata cannot be used: {error}; --conf gives one threshold instead"
            ) from error

    def _try(self) -> str:
        """Predict once; set the class names in the order of their numbers and return the task."""
        from lidd_yolo.training.nms_watch import complete_nms  # noqa: PLC0415 - loads torch

        with complete_nms(quiet=True):
            names = self.yolo.predict(np.full((64, 64, 3), 114, dtype=np.uint8), **self.arguments)[0].names
        self.names = tuple(names[number] for number in sorted(names))
        return str(getattr(self.yolo.predictor.model, "task", None) or self.yolo.task)

    def judge(self, source: Any, thresholds: Floats, tiling: Tiling | None = None) -> Iterator[Judged]:
        """Yield every picture and frame with its detections above the thresholds ``(C,)``, or why there are none."""
        from lidd_yolo.training.nms_watch import listen_to_nms  # noqa: PLC0415 - loads torch

        frames: Counter[str] = Counter()
        with listen_to_nms(quiet=True) as gave_up:
            whole = self._whole(source, float(thresholds.min()))
            for name, image, found in whole if tiling is None else self._tiled(source, float(thresholds.min()), tiling):
                frame = None
                if not _is_picture(name):
                    frames[name] += 1
                    frame = frames[name]
                problem = "the suppression of double boxes ran out of time: free the machine" if gave_up() else ""
                if found is None:
                    problem = "it cannot be decoded"
                elif not problem and frame is None:
                    problem = _what_is_missing(Path(name))
                yield Judged(name, frame, image, found and found.above(thresholds), problem)

    def _whole(self, source: Any, conf: float) -> Iterator[tuple[str, Any, FoundDefects | None]]:
        results = self.yolo.predict(source, stream=True, conf=conf, **self.arguments)
        seen = ((str(result.path), result.orig_img, result) for result in results)
        for name, image, result in _with_skipped(seen, lambda: self.yolo.predictor.dataset):
            yield name, image, None if image is None else found_in(result)

    def _tiled(self, source: Any, conf: float, tiling: Tiling) -> Iterator[tuple[str, Any, FoundDefects | None]]:
        from torch.nn import Module  # noqa: PLC0415 - seconds to import
        from ultralytics.data.build import load_inference_source  # noqa: PLC0415 - as above

        def detect(images: Sequence[NDArray[np.uint8]]) -> list[FoundDefects]:
            results = self.yolo.predict(list(images), stream=False, conf=EXTENDS * conf, **self.arguments)
            return [found_in(result) for result in results]

        at_once = {} if isinstance(self.yolo.model, Module) else {"at_once": 1}  # exported files may take one picture
        loader = load_inference_source(source, **({"channels": self.channels} if self.channels != 3 else {}))
        seen = (
            (str(path), image, None) for paths, images, _ in loader for path, image in zip(paths, images, strict=True)
        )
        for name, image, _ in _with_skipped(seen, lambda: loader):
            yield name, image, None if image is None else detect_in_tiles(detect, image, tiling, **at_once)


def _with_skipped(seen: Iterator[tuple[str, Any, Any]], loader: Callable[[], Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield what was seen, and in between, without an image, the files that the loader passed over."""
    files: list[str] | None = None
    at, last = 0, None
    for name, image, result in seen:
        if files is None:
            files = [str(file) for file in getattr(loader(), "files", ())]
        if name != last or _is_picture(name):  # else a further frame
            with suppress(ValueError):  # no file, as of a stream
                place = files.index(name, at)
                yield from ((file, None, None) for file in files[at:place])
                at = place + 1
        last = name
        yield name, image, result
    rest = getattr(loader(), "files", ()) if files is None else files[at:]
    yield from ((str(file), None, None) for file in rest)


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in PICTURES | NO_PICTURES and "://" not in name


def _what_is_missing(picture: Path) -> str:
    """Return what of a picture's file is not there or damaged; empty if nothing is, or there is no such file."""
    if not picture.is_file():
        return ""
    data = picture.read_bytes()
    header = read_header(data)
    return "" if header is None else missing_part(data, header)
