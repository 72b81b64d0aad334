"""Pictures judged one after the other: OK or not OK and why, written down as soon as each is judged.

What a network detects is what the stock predictor detects, streamed, so that memory does not grow with the pictures. A
detection above the threshold of its class makes a picture not OK. Two ways in which Ultralytics loses detections with
no more than a line in its log are said here: a picture that it passes over, and a suppression of double boxes that ran
out of time. So is a picture that is not all there, whose missing part decoders fill with grey.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.enlarge.change import encode_picture
from lidd_yolo.data.pictures.completeness import missing_part
from lidd_yolo.data.pictures.header import read_header
from lidd_yolo.data.readers.data_yaml import NO_PICTURES, PICTURES
from lidd_yolo.data.tiles import Tiling, read_tiling
from lidd_yolo.errors import InputError
from lidd_yolo.export.certificate import CARRIED, CarriedPoint
from lidd_yolo.files import check_new
from lidd_yolo.inspection.detections import Floats, FoundDefects, found_in
from lidd_yolo.inspection.measures import Measures, MillimetreScale, measure, read_scale
from lidd_yolo.inspection.operating_file import read_carried, read_operating
from lidd_yolo.inspection.tiles import EXTENDS, detect_in_tiles

RESULTS, DEFECTS, LINES, DRAWN = "results.csv", "defects.csv", "results.jsonl", "pictures"
CONFIDENCE = 0.25
"""Threshold of all classes where there is no operating point, Ultralytics' own."""
OK, NOT_OK, UNREADABLE = "OK", "NOT OK", "UNREADABLE"
_TASKS = ("detect", "segment")
_NAMED = 3  # most confident defects in the reason
_SIZES = tuple(size.name for size in fields(Measures))


@dataclass(repr=False)
class Predicted:
    """What `predict` has found.

    Args:
        out: Folder with the results.
        thresholds: Threshold of each class by name.
        operating: Where they are from: an ``operating.yaml``, or one in an exported file; empty for one of all classes.
        verdicts: Pictures of each verdict: ``OK``, ``NOT OK``, ``UNREADABLE``.
        defects: Defects of each class.
        unreadable: Each picture that could not be judged, and why.
        without_scale: Pictures that no millimetres are stated for, though they are for others.
    """

    out: Path
    thresholds: Mapping[str, float]
    operating: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    without_scale: int = 0

    def __repr__(self) -> str:
        """Return the number of pictures of each verdict and the folder."""
        counts = ", ".join(f"{verdict} {self.verdicts[verdict]}" for verdict in (OK, NOT_OK, UNREADABLE))
        return f"Predicted({counts}, out={str(self.out)!r})"


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


def predict(  # noqa: PLR0913 - the options of the command
    model: str | Path,
    source: Any,
    *,
    operating: str | Path | None = None,
    any_weights: bool = False,
    tile: str | int | None = None,
    mm_per_pixel: float | str | Path | None = None,
    conf: float | None = None,
    imgsz: int | None = None,
    device: str | None = None,
    pictures: bool = False,
    out: str | Path = "predictions",
    say: Callable[[str], None] = lambda _: None,
) -> Predicted:
    """Judge pictures: OK or not OK, why, and how large the defects are.

    Args:
        model: Checkpoint or exported file of a detector or segmenter of Ultralytics.
        source: What Ultralytics predicts on: file, folder, pattern, list, video, stream, address.
        operating: An ``operating.yaml``; its thresholds are used. None for that which an exported file carries, if any.
        any_weights: Whether to use it with other weights than those it was made for.
        tile: Cut pictures into tiles: ``SIDE`` or ``SIDE:OVERLAP`` in pixels.
        mm_per_pixel: Number, CSV file, or two points and a length; see `read_scale`.
        conf: Threshold of all classes, instead of ``operating``; 0.25 if neither is given.
        imgsz: Input size; None for that of ``operating``, or of the training.
        device: Device, as Ultralytics names it.
        pictures: Whether to draw the defects into copies of the pictures that are not OK.
        out: Folder to make.
        say: Gets one line for every picture that is not OK or cannot be judged.

    Returns:
        Counts; the pictures themselves are in the files, which grow while this runs.

    Raises:
        InputError: If an argument cannot be used, the thresholds are for other weights or classes, there is nothing to
            judge, or ``out`` holds something.
        ImportError: If tiles are asked for and sahi is missing.
        OSError: If the results cannot be written.
    """
    try:
        tiling = _tiling(tile)
        scale = read_scale(mm_per_pixel) if mm_per_pixel is not None else None
        confidence = _confidence(conf, operating)
        file = Path(operating) if operating else None
        point = None if file is None else read_operating(file)
        folder = Path(out)
        check_new(folder)
        network = _Network(model, imgsz or (None if point is None else point.imgsz), device)
        thresholds, origin = dict.fromkeys(network.names, confidence), ""
        carried = network.carried() if conf is None else None
        if file is not None and point is not None:
            if not any_weights:
                read_operating(file, _weights(model), carried.weights_sha256 if carried else "")
            thresholds, origin = dict(point.thresholds), str(file)
        elif carried is not None:
            thresholds, origin = dict(carried.thresholds), f"{carried.file} in {model}"
            network.arguments.setdefault("imgsz", carried.imgsz)
        if unlike := set(thresholds) ^ set(network.names):
            reason = f"its classes are others than those of {model}: {', '.join(sorted(unlike))}"
            raise InputError(f"{origin}: {reason}")
        done = Predicted(folder, thresholds, origin)
        judged = network.judge(source, np.array([thresholds[name] for name in network.names]), tiling)
        first = next(judged, None)  # a source that is not there is said before a folder is made
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(" ".join(str(error).split())) from error
    folder.mkdir(parents=True, exist_ok=True)
    with _Writer(folder, done, network.names, scale, draw=pictures) as writer:
        while first is not None:
            if line := writer.write(first):
                say(line)
            first = next(judged, None)
    return done


def _tiling(tile: str | int | None) -> Tiling | None:
    if tile is None:
        return None
    tiling = read_tiling(tile)
    if not tiling.overlap:
        raise InputError("tile: without an overlap nothing tells which parts are one defect; give SIDE:OVERLAP")
    tiling.positions(1, 1)  # a missing package is said before anything is done
    return tiling


def _confidence(conf: float | None, operating: str | Path | None) -> float:
    if conf is not None and operating is not None:
        raise InputError("conf and operating exclude each other: the file states the threshold of every class")
    if conf is not None and not 0 <= conf <= 1:
        raise InputError(f"conf lies between 0 and 1, not {conf:g}")
    return CONFIDENCE if conf is None else conf


def _weights(model: str | Path) -> Path:
    """Return the file whose hash an operating point states."""
    from lidd_yolo.models.pretrained import find  # noqa: PLC0415 - loads torch

    file = Path(find(model) or model)
    if not file.exists():
        raise InputError(f"{file}: no such weights")
    return file


class _Network:
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
        self.channels = int(getattr(self.yolo.predictor.model, "channels", 3))

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

    def judge(self, source: Any, thresholds: Floats, tiling: Tiling | None) -> Iterator[Judged]:
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
        from torch.nn import Module  # noqa: PLC0415 - as above
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


class _Writer:
    """Writes each picture into the files of a folder at once: what is written survives the end of the process."""

    def __init__(
        self, folder: Path, done: Predicted, names: Sequence[str], scale: MillimetreScale | None, *, draw: bool
    ) -> None:
        self.folder, self.done, self.names, self.scale, self.draw = folder, done, names, scale, draw
        self.count = 0
        with ExitStack() as files:
            self.results = _table(files, folder / RESULTS, ("picture", "frame", "verdict", "defects", "reason"))
            units = ("px", "mm") if scale else ("px",)
            columns = [f"{size}_{unit}{2 if size == 'outline_area' else ''}" for unit in units for size in _SIZES]
            head = ("picture", "frame", "class", "score", "threshold", "left", "top", *columns)
            self.defects = _table(files, folder / DEFECTS, head)
            self.lines = files.enter_context((folder / LINES).open("x", encoding="utf-8"))
            self.files = files.pop_all()
        if draw:
            (folder / DRAWN).mkdir()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.files.close()

    def write(self, judged: Judged) -> str:
        """Write a picture down; return the line to say of it, empty if it is OK."""
        self.count += 1
        place = judged.picture if judged.frame is None else f"{judged.picture}, frame {judged.frame}"
        mm = self.scale.at(judged.picture) if self.scale else None
        self.done.without_scale += bool(self.scale and mm is None)
        found = None if judged.problem else judged.found
        defects = [] if found is None else [self._defect(found, row, mm) for row in range(len(found.numbers))]
        verdict = UNREADABLE if judged.problem else NOT_OK if defects else OK
        more = [f"and {len(defects) - _NAMED} more"] if len(defects) > _NAMED else []
        reason = judged.problem or "; ".join([*map(_in_words, defects[:_NAMED]), *more])
        self.done.verdicts[verdict] += 1
        self.done.defects.update(defect["class"] for defect in defects)
        if judged.problem:
            self.done.unreadable.append(f"{place}: {reason}")
        start = [judged.picture, judged.frame]
        for defect in defects:
            sizes = [list(defect["px"].values()), *([list(_sizes(defect.get("mm")).values())] if self.scale else [])]
            named = [defect[key] for key in ("class", "score", "threshold")]
            _row(self.defects, [*start, *named, *defect["box"][:2], *(size for of_unit in sizes for size in of_unit)])
        _row(self.results, [*start, verdict, len(defects), reason])
        facts = {"picture": judged.picture, "frame": judged.frame, "verdict": verdict, "reason": reason}
        line = json.dumps({**facts, "mm_per_pixel": mm, "defects": defects}, ensure_ascii=False)
        self.lines.write(f"{line}\n")
        self.lines.flush()
        if self.draw and defects and found is not None and judged.image is not None:
            image = draw_found(judged.image, found, [_label(defect) for defect in defects])
            name = f"{self.count:06d}_{Path(judged.picture).stem}.jpg"
            (self.folder / DRAWN / name).write_bytes(encode_picture(image, ".jpg")[0])
        return "" if verdict == OK else f"{place}: {verdict}: {reason}"

    def _defect(self, found: FoundDefects, row: int, mm: float | None) -> dict[str, Any]:
        name = self.names[found.numbers[row]]
        sizes = measure(found.boxes[row], None if found.regions is None else found.regions[row])
        return {
            "class": name,
            "score": round(float(found.confidence[row]), 4),
            "threshold": self.done.thresholds[name],
            "box": [round(float(edge), 2) for edge in found.boxes[row]],
            "px": _sizes(sizes),
            **({"mm": _sizes(sizes.scaled(mm))} if mm is not None else {}),
        }


def _sizes(sizes: Measures | dict[str, Any] | None) -> dict[str, float | None]:
    """Return sizes by their names, rounded to five digits for people."""
    if isinstance(sizes, dict):
        return sizes
    values = dict.fromkeys(_SIZES) if sizes is None else asdict(sizes)
    return {key: None if value is None else float(f"{value:.5g}") for key, value in values.items()}


def _in_words(defect: Mapping[str, Any]) -> str:
    """Return class, score, place and size of a defect."""
    left, top = defect["box"][:2]
    return f"{defect['class']} {defect['score']:.2f} at x={left:.0f} y={top:.0f}, {_size_in_words(defect)}"


def _size_in_words(defect: Mapping[str, Any]) -> str:
    unit = "mm" if "mm" in defect else "px"
    sizes = defect[unit]
    sides = ("width", "height") if sizes["outline_length"] is None else ("outline_length", "outline_width")
    return " x ".join(f"{sizes[side]:.3g}" for side in sides) + f" {unit}"


def _label(defect: Mapping[str, Any]) -> str:
    return f"{defect['class']} {defect['score']:.2f} {_size_in_words(defect)}"


def draw_found(image: NDArray[np.uint8], found: FoundDefects, labels: Sequence[str]) -> NDArray[np.uint8]:
    """Return a picture ``(H, W, C)``, BGR or grey, with boxes, outlines and a label at each."""
    from ultralytics.utils.plotting import Annotator, colors  # noqa: PLC0415 - loads torch

    canvas = np.ascontiguousarray(image if image.shape[2] == 3 else image[..., :1].repeat(3, axis=2)).copy()
    shades = [colors(int(number), bgr=True) for number in found.numbers]
    for region, shade in zip(found.regions or (), shades, strict=False):
        height, width = region.pixels.shape
        window = canvas[region.top : region.top + height, region.left : region.left + width]
        window[region.pixels] = (0.5 * window[region.pixels] + 0.5 * np.array(shade)).astype(np.uint8)
    annotator = Annotator(canvas, example="".join(labels))
    for box, label, shade in zip(found.boxes, labels, shades, strict=True):
        annotator.box_label(box, label, color=shade)
    return np.asarray(annotator.result())


def _table(files: ExitStack, file: Path, columns: Sequence[str]) -> tuple[Any, TextIO]:
    """Open a new table, with the mark by which spreadsheets know UTF-8, and write its head."""
    stream = files.enter_context(file.open("x", encoding="utf-8-sig", newline=""))
    table = (csv.writer(stream), stream)
    _row(table, columns)
    return table


def _row(table: tuple[Any, TextIO], cells: Sequence[Any]) -> None:
    table[0].writerow(cells)
    table[1].flush()
