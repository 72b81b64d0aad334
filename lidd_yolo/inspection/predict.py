"""Pictures judged one after the other: OK or not OK and why, written down as soon as each is judged.

A detection above the threshold of its class makes a picture not OK.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.data.enlarge.change import encode_picture
from lidd_yolo.data.tiles import Tiling
from lidd_yolo.errors import InputError
from lidd_yolo.files import check_new
from lidd_yolo.inspection.detections import FoundDefects
from lidd_yolo.inspection.measures import Measures, MillimetreScale, measure, read_scale
from lidd_yolo.inspection.network import Judged, Network
from lidd_yolo.inspection.operating_file import read_operating
from lidd_yolo.inspection.tiles import read_joinable

RESULTS, DEFECTS, LINES, DRAWN = "results.csv", "defects.csv", "results.jsonl", "pictures"
CONFIDENCE = 0.25
"""Threshold of all classes where there is no operating point, Ultralytics' own."""
OK, NOT_OK, UNREADABLE = "OK", "NOT OK", "UNREADABLE"
_NAMED = 3  # most confident defects in the reason
_SIZES = tuple(size.name for size in fields(Measures))


@dataclass(repr=False)
class Predicted:
    """What `predict` has found.

    Args:
        out: Folder with the results.
        thresholds: Threshold of each class by name.
        operating: Where they are from: an ``operating.yaml``, or one in an exported file; empty for one of all classes.
        tiling: Tiles in which the network sees the pictures; None for whole pictures.
        verdicts: Pictures of each verdict: ``OK``, ``NOT OK``, ``UNREADABLE``.
        defects: Defects of each class.
        unreadable: Each picture that could not be judged, and why.
        without_scale: Pictures that no millimetres are stated for, though they are for others.
    """

    out: Path
    thresholds: Mapping[str, float]
    operating: str = ""
    tiling: Tiling | None = None
    verdicts: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    without_scale: int = 0

    def __repr__(self) -> str:
        """Return the number of pictures of each verdict and the folder."""
        counts = ", ".join(f"{verdict} {self.verdicts[verdict]}" for verdict in (OK, NOT_OK, UNREADABLE))
        return f"Predicted({counts}, out={str(self.out)!r})"


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
        tile: Cut pictures into tiles: ``SIDE`` or ``SIDE:OVERLAP`` in pixels; None for those that the operating point
            was chosen in, if any.
        mm_per_pixel: Number, CSV file, or two points and a length; see `read_scale`.
        conf: Threshold of all classes, instead of ``operating``; 0.25 if neither is given.
        imgsz: Input size; None for that of ``operating``, or of the training.
        device: Device, as Ultralytics names it.
        pictures: Whether to draw the defects into copies of the pictures that are not OK.
        out: Folder to make.
        say: Gets one line for every picture that is not OK or cannot be judged, and one if the thresholds were chosen
            on whole pictures and are used in tiles.

    Returns:
        Counts; the pictures themselves are in the files, which grow while this runs.

    Raises:
        InputError: If an argument cannot be used, the thresholds are for other weights, classes or tiles, there is
            nothing to judge, or ``out`` holds something.
        ImportError: If tiles are asked for and sahi is missing.
        OSError: If the results cannot be written.
    """
    try:
        tiling = None if tile is None else read_joinable(tile)
        scale = read_scale(mm_per_pixel) if mm_per_pixel is not None else None
        confidence = _confidence(conf, operating)
        file = Path(operating) if operating else None
        point = None if file is None else read_operating(file)
        folder = Path(out)
        check_new(folder)
        network = Network(model, imgsz or (None if point is None else point.imgsz), device)
        thresholds, origin, chosen_in = dict.fromkeys(network.names, confidence), "", ""
        carried = network.carried() if conf is None else None
        if file is not None and point is not None:
            if not any_weights:
                read_operating(file, _weights(model), carried.weights_sha256 if carried else "")
            thresholds, origin, chosen_in = dict(point.thresholds), str(file), point.tile
        elif carried is not None:
            thresholds, origin, chosen_in = dict(carried.thresholds), f"{carried.file} in {model}", carried.tile
            network.arguments.setdefault("imgsz", carried.imgsz)
        if unlike := set(thresholds) ^ set(network.names):
            reason = f"its classes are others than those of {model}: {', '.join(sorted(unlike))}"
            raise InputError(f"{origin}: {reason}")
        if chosen_in:
            tiling = _same_tiling(tiling, chosen_in, origin)
        done = Predicted(folder, thresholds, origin, tiling)
        judged = network.judge(source, np.array([thresholds[name] for name in network.names]), tiling)
        first = next(judged, None)  # a source that is not there is said before a folder is made
    except (FileNotFoundError, FileExistsError, ValueError) as error:
        raise InputError(" ".join(str(error).split())) from error
    if origin and tiling and not chosen_in:
        say(f"{origin}: its thresholds were chosen on whole pictures; of tiles nothing is promised")
    folder.mkdir(parents=True, exist_ok=True)
    with _Writer(folder, done, network.names, scale, draw=pictures) as writer:
        while first is not None:
            if line := writer.write(first):
                say(line)
            first = next(judged, None)
    return done


def _confidence(conf: float | None, operating: str | Path | None) -> float:
    if conf is not None and operating is not None:
        raise InputError("conf and operating exclude each other: the file states the threshold of every class")
    if conf is not None and not 0 <= conf <= 1:
        raise InputError(f"conf lies between 0 and 1, not {conf:g}")
    return CONFIDENCE if conf is None else conf


def _same_tiling(typed: Tiling | None, chosen_in: str, origin: str) -> Tiling:
    """Return the tiles that the thresholds were chosen in, if no others were typed."""
    tiling = read_joinable(chosen_in)
    if typed not in {None, tiling}:
        way_out = f"leave it out, or choose others by `lidd inspect --tile {typed}`"
        raise InputError(f"--tile {typed}: the thresholds of {origin} were chosen in tiles of {tiling}; {way_out}")
    return tiling


def _weights(model: str | Path) -> Path:
    """Return the file whose hash an operating point states."""
    from lidd_yolo.models.pretrained import find  # noqa: PLC0415 - loads torch

    file = Path(find(model) or model)
    if not file.exists():
        raise InputError(f"{file}: no such weights")
    return file


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
