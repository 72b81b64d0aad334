"""The ``lidd_yolo:`` section of a model YAML: what ``yolo`` arguments cannot carry."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from math import inf
from typing import Any, TypeVar

AUX_KINDS = ("light", "dense", "off")
CANDIDATES = ("nearest", "inside")
_BEST_BY = re.compile(r"recall@false-alarms=(\d{1,3}(?:\.\d{1,6})?)%")


def most_false_alarms(best_by: str) -> float | None:
    """Return the share of rejected good pictures in ``recall@false-alarms=1%``; None for ``map``.

    Raises:
        ValueError: If it is neither of the two.
    """
    if best_by == "map":
        return None
    asked = _BEST_BY.fullmatch(best_by) if isinstance(best_by, str) else None
    share = float(asked[1]) / 100 if asked else 1.0
    if share >= 1:
        raise ValueError(f"lidd_yolo: best_by: {best_by!r} is neither map nor such as recall@false-alarms=1%")
    return share


@dataclass(frozen=True)
class Options:
    """Options of LIDD-Net.

    Args:
        aux: Auxiliary training head: ``light``, ``dense`` (NanoDet-Plus's size) or ``off``.
        detach_epoch: First epoch in which the auxiliary branch no longer shapes backbone and neck.
        center_radius: RTMDet's soft centre prior in the assigner, in strides; None (the paper) leaves it out.
        candidates: Anchor points that may learn an object: those ``inside`` boxes (the paper), so that an object that
            holds none may get none, or ``nearest``, where such an object gets its nearest.
        best_by: What makes a checkpoint the best one, see `most_false_alarms`.
        default_scale: Scale when the file name gives none.
    """

    aux: str = "light"
    detach_epoch: int = 10
    center_radius: float | None = None
    candidates: str = "nearest"
    best_by: str = "map"
    default_scale: str = "n"

    def __post_init__(self) -> None:
        most_false_alarms(self.best_by)
        if self.aux not in AUX_KINDS:
            raise ValueError(f"lidd_yolo: aux: {self.aux!r} is not one of {', '.join(AUX_KINDS)}")
        if self.candidates not in CANDIDATES:
            raise ValueError(f"lidd_yolo: candidates: {self.candidates!r} is not one of {', '.join(CANDIDATES)}")
        if not _is_number(self.detach_epoch, int) or self.detach_epoch < 0:
            raise ValueError(f"lidd_yolo: detach_epoch: {self.detach_epoch!r} is not a number of epochs")
        if self.center_radius is not None and not _is_number(self.center_radius, (int, float)):
            raise ValueError(f"lidd_yolo: center_radius: {self.center_radius!r} is not a number of strides")


@dataclass(frozen=True)
class NWDOptions:
    """The ``nwd:`` key: NWD in the box loss of any detection or segmentation network.

    Args:
        iou_weight: Share of the CIoU term, 0 to 1; the rest is NWD's (WLNet, equation 5).
        c_rel: NWD's constant as a share of the longer side of the input, or ``auto``: the mean size of the training
            boxes, which the trainer measures.
        measured: What the trainer measured for ``auto``; written by it, so that a resumed run goes on with it.
    """

    iou_weight: float = 0.6
    c_rel: float | str = "auto"
    measured: float | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.iou_weight, (int, float)) or not 0 <= self.iou_weight <= 1:
            raise ValueError(f"lidd_yolo: nwd: iou_weight: {self.iou_weight!r} is not a number from 0 to 1")
        for value in (self.c_rel, self.measured):
            if value not in ("auto", None) and (not _is_number(value, (int, float)) or not 0 < float(value) < inf):
                raise ValueError(f"lidd_yolo: nwd: c_rel: {value!r} is neither auto nor a positive number")

    @property
    def constant(self) -> float | None:
        """The share of the input side, or None while nobody has measured it."""
        return self.measured if self.c_rel == "auto" else float(self.c_rel)


@dataclass(frozen=True)
class StockOptions:
    """Options of a YAML that holds only rows of Ultralytics.

    Args:
        nwd: `NWDOptions`, or None for the stock box loss.
        best_by: As of `Options`.
    """

    nwd: NWDOptions | None = None
    best_by: str = "map"

    def __post_init__(self) -> None:
        most_false_alarms(self.best_by)
        object.__setattr__(self, "nwd", _read_nwd(self.nwd))


@dataclass(frozen=True)
class WLNetOptions(StockOptions):
    """Options of WLNet.

    Args:
        default_scale: Scale when the file name gives none.
        max_nodes: Most pixels of stride 16 in one hypergraph, whose cost grows with their square; a larger map is
            pooled for it. None (the paper) leaves every map as it is.
    """

    default_scale: str = "s"
    max_nodes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_nodes is not None and (not _is_number(self.max_nodes, int) or self.max_nodes < 1):
            raise ValueError(f"lidd_yolo: max_nodes: {self.max_nodes!r} is not a number of pixels")


_Kind = TypeVar("_Kind", bound="Options | StockOptions")
_Filled = TypeVar("_Filled", bound="NWDOptions | Options | StockOptions")


def _read_nwd(value: Any) -> NWDOptions | None:
    """Read the ``nwd:`` key: keys and values, true for the paper's, false (YAML's off) for none."""
    if value is None or value is False or isinstance(value, NWDOptions):
        return value or None
    if value is not True and not isinstance(value, dict):
        raise ValueError(f"lidd_yolo: nwd: must hold keys and values, on or off, not {value!r}")
    return _filled(NWDOptions, {} if value is True else value, "lidd_yolo: nwd")


def _is_number(value: Any, kind: Any) -> bool:
    """Tell whether ``value`` is of this kind of number; YAML's true and false are not."""
    return isinstance(value, kind) and not isinstance(value, bool)


def read_options(yaml: dict[str, Any], kind: type[_Kind]) -> _Kind:
    """Read the section of a model dictionary; `Options` are LIDD-Net's.

    Raises:
        ValueError: If a key or value is unknown; names the file and what is known.
    """
    section = yaml.get("lidd_yolo") or {}
    try:
        if not isinstance(section, dict):
            raise ValueError(f"lidd_yolo: must hold keys and values, not {section!r}")
        section = {k: "off" if k == "aux" and v is False else v for k, v in section.items()}  # YAML reads off as False
        return _filled(kind, section, "lidd_yolo")
    except ValueError as error:
        raise ValueError(f"{yaml.get('yaml_file', 'model YAML')}: {error}") from None


def _filled(kind: type[_Filled], section: dict[str, Any], place: str) -> _Filled:
    known = [f.name for f in fields(kind)]
    if unknown := section.keys() - set(known):
        raise ValueError(f"{place}: unknown key {', '.join(sorted(map(str, unknown)))}; known are {', '.join(known)}")
    return kind(**section)
