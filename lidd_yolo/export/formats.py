"""The formats that can be certified, how far each may differ, and the input shapes at which a file is compared.

Limits are relative to the size of an output, as float32 rounding is. Every fixed shape but the delivered one needs a
further export; square pictures alone and rectangles in fours cover both with one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lidd_yolo.errors import InputError
from lidd_yolo.optional import missing_packages, not_installed

FOLD_LIMIT = 1e-4
"""How far folding may move an output as a share of its size: float32 rounding in some hundred layers leaves 1e-6 to
2e-5. An exported file is held to its format's limit beside the folded network, and to no less than this one beside the
trained network."""


@dataclass(frozen=True)
class Format:
    """One format of Ultralytics' export.

    Args:
        suffix: What Ultralytics puts in the place of ``.pt``.
        packages: Import names of what it needs.
        raw_limit: Largest difference of an output in float32, as a share of the output's size.
        no_dynamic: Why it has no dynamic shapes; empty if it has them.
        no_batch: Why it has no batches; empty if it has them.
        gpu: Whether it is made and run on an NVIDIA GPU alone.
    """

    suffix: str
    packages: tuple[str, ...]
    raw_limit: float
    no_dynamic: str = ""
    no_batch: str = ""
    gpu: bool = False


FORMATS: dict[str, Format] = {
    "onnx": Format(".onnx", ("onnx", "onnxruntime", "onnxslim"), 1e-4),
    "openvino": Format("_openvino_model", ("openvino",), 1e-3),
    "ncnn": Format(
        "_ncnn_model",
        ("ncnn", "pnnx"),
        1e-2,
        no_dynamic="an ncnn file has one input size",
        no_batch="ncnn takes one picture at a time",
    ),
    "torchscript": Format(".torchscript", (), 1e-5),
    "engine": Format(
        ".engine",
        ("tensorrt",),
        1e-2,  # TensorRT multiplies float32 with the 10 bits of TF32
        no_dynamic="an engine is built for one size here: each further one takes minutes",
        gpu=True,
    ),
}


INT8_PACKAGES: dict[str, tuple[str, ...]] = {"onnx": (), "openvino": ("nncf",)}
"""The formats that can be made in int8, and what that needs besides."""


@dataclass(frozen=True)
class Limits:
    """How far an exported file may differ.

    Args:
        raw: Largest difference of an output from the folded network's, as a share of its size.
        score: Largest difference of a detection's score.
        box_iou: Smallest IoU of the boxes of one detection.
        mask_iou: Smallest IoU of its masks.
        unmatched: Largest number of detections without a counterpart, as a share of those with one: where two
            overlap by just the IoU of NMS, or have just the same score, rounding decides which of them stay.
        map: Largest difference of mAP50-95.
    """

    raw: float
    score: float = 0.005
    box_iou: float = 0.98
    mask_iou: float = 0.95
    unmatched: float = 0.0
    map: float = 0.002

    @property
    def raw_to_trained(self) -> float:
        """Largest difference of an output from the trained network's: folding moves it too."""
        return max(self.raw, FOLD_LIMIT)


def limits_of(format_name: str, *, half: bool) -> Limits:
    """Return the limits of a format; ``half`` for files of float16 numbers."""
    if half:
        raw = max(2e-2, FORMATS[format_name].raw_limit)
        return Limits(raw=raw, score=0.05, box_iou=0.9, mask_iou=0.85, unmatched=0.02, map=0.005)
    return Limits(raw=FORMATS[format_name].raw_limit)


def int8_key(name: str) -> str:
    """Return what the certificate calls a format in int8."""
    return f"{name}-int8"


def parse_formats(text: str) -> list[str]:
    """Return the formats of a comma-separated list, each once.

    Raises:
        InputError: If one is unknown, or there is none.
    """
    names = list(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        reason = f"{', '.join(unknown)}: no such format" if unknown else "no format"
        raise InputError(f"--formats: {reason}; a parity certificate can be made for {', '.join(FORMATS)}")
    return names


def check_packages(names: Sequence[str], *, int8: bool = False) -> None:
    """Refuse formats whose packages are not installed, before Ultralytics tries to install them itself.

    Raises:
        InputError: Names the packages and how to get them, the formats that cannot be made in int8, or those that need
            a GPU where there is none.
    """
    never = [name for name in names if int8 and name not in INT8_PACKAGES]
    if never:
        raise InputError(f"--int8: not for {', '.join(never)}; it can be made for {', '.join(INT8_PACKAGES)}")
    needed = [p for name in names for p in (*FORMATS[name].packages, *(INT8_PACKAGES[name] if int8 else ()))]
    if on_gpu := [name for name in names if FORMATS[name].gpu]:
        if not _has_gpu():
            raise InputError(f"{', '.join(on_gpu)}: made and run on an NVIDIA GPU, and torch sees none here")
        if "tensorrt" in missing_packages(needed):
            raise InputError(f"{', '.join(on_gpu)}: needs TensorRT: pip install tensorrt")
    if missing := not_installed(needed, "export"):
        raise InputError(f"{missing}, or other --formats")


def device_of(format_name: str) -> str:
    """Return what Ultralytics calls the device on which a format is made and run."""
    return "0" if FORMATS[format_name].gpu else "cpu"


def _has_gpu() -> bool:
    import torch  # noqa: PLC0415 - a second to load, and most formats do not ask

    return torch.cuda.is_available()


FOURS = 4


@dataclass(frozen=True)
class InputShape:
    """One input of a network, in pixels, and the number of pictures at a time."""

    height: int
    width: int
    batch: int = 1

    @property
    def side(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    def __str__(self) -> str:
        """Return for example ``192x192, batch 1``."""
        return f"{self.height}x{self.width}, batch {self.batch}"


@dataclass(frozen=True)
class Variant:
    """One exported file, made for a shape; whether it takes others too."""

    made_for: InputShape
    dynamic: bool = False

    def cases(self, stride: int) -> Iterator[InputShape]:
        """Yield the shapes at which the file is compared."""
        if not self.dynamic:
            yield self.made_for
            return
        for height, width in (self.made_for.side, rectangle(self.made_for.side, stride)):
            yield from (InputShape(height, width, batch) for batch in dict.fromkeys((self.made_for.batch, 1, FOURS)))

    def __str__(self) -> str:
        """Return for example ``static 192x192, batch 1``."""
        return f"dynamic, made with {self.made_for}" if self.dynamic else f"static {self.made_for}"


def rectangle(side: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return a height and width that differ, a quarter (at least one stride) cut from the height where it can be.

    No side shrinks to one stride, where a map has one row: not every runtime pools that.
    """
    height, width = side
    if height != width:
        return side
    shorter = height - max(stride, height // 4 // stride * stride)
    return (shorter, width) if shorter > stride else (height, width + stride)


def probes(delivered: Variant, kind: Format, stride: int) -> tuple[list[Variant], list[str]]:
    """Return what is exported for comparison only, and what the format cannot be compared at, with the reason."""
    side = delivered.made_for.side
    variants = [Variant(InputShape(*side))] if delivered.dynamic else []
    variants.append(Variant(InputShape(*rectangle(side, stride), 1 if kind.no_batch else FOURS)))
    if not delivered.dynamic and not kind.no_dynamic:
        variants.append(Variant(InputShape(*side), dynamic=True))
    left_out = [f"dynamic shapes: {kind.no_dynamic}"] if kind.no_dynamic else []
    left_out += [f"batch {FOURS}: {kind.no_batch}"] if kind.no_batch else []
    return [variant for variant in variants if variant != delivered], left_out
