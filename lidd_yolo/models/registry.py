"""Every name our YAML rows may use: the class behind it and what it does to channels. A table, no decorators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from lidd_yolo.layers.cse import CSEA, CSEB
from lidd_yolo.layers.dw_sep import DWSep
from lidd_yolo.layers.ghost_pan import GhostBlock
from lidd_yolo.layers.gs_conv import GSConv, VoVGSCSP
from lidd_yolo.layers.head import LIDDDetect
from lidd_yolo.layers.hyper_compute import HyperCompute
from lidd_yolo.layers.ma_net import MANet
from lidd_yolo.layers.mask_rcnn import BODIES, MaskRCNNSegment
from lidd_yolo.layers.msffm import MSFFM
from lidd_yolo.layers.rep_ghost import RepGhostBlock
from lidd_yolo.layers.segment_head import WLNetSegment
from lidd_yolo.layers.shuffle_net import ShuffleUnit
from lidd_yolo.layers.sum import Sum


@dataclass(frozen=True)
class Context:
    """What a row's rule is told.

    Args:
        sources: Channels of the row's inputs, in the order of its ``from``.
        args: The row's arguments from the YAML, ``nc`` and literals resolved.
        width: Scales a channel count as Ultralytics does (cap, multiply, round up to 8).
        repeats: The row's repeats, scaled.
    """

    sources: Sequence[int]
    args: Sequence[Any]
    width: Callable[[int], int]
    repeats: int = 1


@dataclass(frozen=True)
class Built:
    """What a rule answers: constructor arguments and output channels."""

    args: tuple[Any, ...]
    channels: int


Rule = Callable[[Context], Built]


def _only_source(row: Context) -> int:
    if len(row.sources) != 1:
        raise ValueError(f"it takes one input, not {len(row.sources)}")
    return row.sources[0]


def conv_rule(row: Context) -> Built:
    """``[c2, ...]`` becomes ``(c1, width(c2), ...)``; repeats after the first take ``c2`` as input."""
    c1 = _only_source(row)
    if not row.args or not isinstance(row.args[0], int):
        raise ValueError("its first argument must be the number of output channels")
    c2 = row.width(row.args[0])
    return Built((c1, c2, *row.args[1:]), c2)


def exact_rule(row: Context) -> Built:
    """As `conv_rule`, but ``c2`` is taken as written: the paper's baseline has widths that do not divide by 8."""
    return Built((_only_source(row), *row.args), int(row.args[0]))


def chain_rule(row: Context) -> Built:
    """As `conv_rule`, with the repeats as the third constructor argument: ``(c1, width(c2), n, ...)``."""
    c1, c2, *rest = conv_rule(row).args
    return Built((c1, c2, row.repeats, *rest), c2)


def keep_rule(row: Context) -> Built:
    """``[...]`` becomes ``(c, ...)``; the channels stay as they are."""
    c = _only_source(row)
    return Built((c, *row.args), c)


def sum_rule(row: Context) -> Built:
    """All inputs have equal channels and are added."""
    if len(row.sources) < 2:
        raise ValueError("it adds two inputs or more, once")
    if len(set(row.sources)) != 1:
        raise ValueError(f"its inputs have {list(row.sources)} channels; maps can be added only when they are equal")
    return Built((), row.sources[0])


@dataclass(frozen=True)
class Row:
    """One legal row name.

    Args:
        module: Our class.
        rule: Its constructor arguments and output channels.
        repeats_inside: Whether the module takes the repeats itself; else it is built that many times.
    """

    module: type[nn.Module]
    rule: Rule
    repeats_inside: bool = False


ROWS: dict[str, Row] = {
    "CSEA": Row(CSEA, conv_rule),
    "CSEB": Row(CSEB, conv_rule),
    "MSFFM": Row(MSFFM, conv_rule),
    "RepGhostBlock": Row(RepGhostBlock, conv_rule),
    "DWSep": Row(DWSep, conv_rule),
    "Sum": Row(Sum, sum_rule),
    "ShuffleUnit": Row(ShuffleUnit, exact_rule),
    "GhostBlock": Row(GhostBlock, conv_rule),
    "MANet": Row(MANet, chain_rule, repeats_inside=True),
    "HyperCompute": Row(HyperCompute, keep_rule),
    "GSConv": Row(GSConv, conv_rule),
    "VoVGSCSP": Row(VoVGSCSP, chain_rule, repeats_inside=True),
}


def check_detect(inputs: int, args: Sequence[Any]) -> None:
    """Arguments are ``[nc, levels, bins]``, inputs the levels and then any others.

    All three are needed: Ultralytics appends arguments of its own, which would take the place of a missing one.
    """
    if len(args) != 3 or not all(isinstance(arg, int) for arg in args[1:]):
        raise ValueError("its arguments must be [nc, levels, bins]")
    if inputs < args[1]:
        raise ValueError(f"it has {inputs} inputs, fewer than its {args[1]} levels")


def check_segment(inputs: int, args: Sequence[Any]) -> None:
    """Arguments are ``[nc, masks, prototype channels]``, all needed as in `check_detect`; inputs are the levels."""
    if len(args) != 3 or not all(isinstance(arg, int) for arg in args[1:]):
        raise ValueError("its arguments must be [nc, masks, prototype channels]")
    if inputs < 1:
        raise ValueError("it needs a level to predict from")


def check_mask_rcnn(inputs: int, args: Sequence[Any]) -> None:
    """Arguments are ``[nc, body, ImageNet weights or None, detections]``, all needed as in `check_detect`."""
    if len(args) != 4 or not isinstance(args[3], int):
        raise ValueError("its arguments must be [nc, body, ImageNet weights or None, detections]")
    if args[1] not in BODIES:
        raise ValueError(f"its body is one of {', '.join(BODIES)}, not {args[1]!r}")
    if inputs != 1:
        raise ValueError(f"it takes the picture alone, not {inputs} inputs")


@dataclass(frozen=True)
class Head:
    """One legal head row.

    Args:
        module: Our class.
        stands_for: Ultralytics' head as which its parser reads the row.
        task: What the network does.
        check: Raises ValueError if the number of inputs or the row's arguments are wrong.
    """

    module: type[nn.Module]
    stands_for: str
    task: str
    check: Callable[[int, Sequence[Any]], None]


HEADS: dict[str, Head] = {
    "LIDDDetect": Head(LIDDDetect, "Detect", "detect", check_detect),
    "WLNetSegment": Head(WLNetSegment, "Segment", "segment", check_segment),
    "MaskRCNNSegment": Head(MaskRCNNSegment, "Detect", "segment", check_mask_rcnn),
}


def head_name(yaml: dict[str, Any]) -> str:
    """Return the module name of the last row of a model YAML, or an empty string."""
    return (_module_names(yaml.get("head")) or [""])[-1]


def uses_our_rows(yaml: dict[str, Any]) -> bool:
    """Tell whether any row of a model YAML is ours."""
    module_names = [*_module_names(yaml.get("backbone")), *_module_names(yaml.get("head"))]
    return any(name in ROWS or name in HEADS for name in module_names)


def _module_names(rows: Any) -> list[str]:
    """Return the third entry of each row; malformed rows are left for a parser to complain about."""
    return [str(row[2]) for row in rows or [] if isinstance(row, (list, tuple)) and len(row) > 2]
