"""The ``lidd_yolo:`` section of a model YAML: what ``yolo`` arguments cannot carry."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

AUX_KINDS = ("light", "dense", "off")


@dataclass(frozen=True)
class Options:
    """Options of LIDD-Net.

    Args:
        aux: Auxiliary training head: ``light``, ``dense`` (NanoDet-Plus's size) or ``off``.
        detach_epoch: First epoch in which the auxiliary branch no longer shapes backbone and neck.
        center_radius: RTMDet's soft centre prior in the assigner, in strides; None (the paper) leaves it out.
        default_scale: Scale when the file name gives none.
    """

    aux: str = "light"
    detach_epoch: int = 10
    center_radius: float | None = None
    default_scale: str = "n"

    def __post_init__(self) -> None:
        if self.aux not in AUX_KINDS:
            raise ValueError(f"lidd_yolo: aux: {self.aux!r} is not one of {', '.join(AUX_KINDS)}")
        if not _is_number(self.detach_epoch, int) or self.detach_epoch < 0:
            raise ValueError(f"lidd_yolo: detach_epoch: {self.detach_epoch!r} is not a number of epochs")
        if self.center_radius is not None and not _is_number(self.center_radius, (int, float)):
            raise ValueError(f"lidd_yolo: center_radius: {self.center_radius!r} is not a number of strides")


@dataclass(frozen=True)
class WLNetOptions:
    """Options of WLNet.

    Args:
        default_scale: Scale when the file name gives none.
    """

    default_scale: str = "s"


_Kind = TypeVar("_Kind", Options, WLNetOptions)


def _is_number(value: Any, kind: Any) -> bool:
    """Tell whether ``value`` is of this kind of number; YAML's true and false are not."""
    return isinstance(value, kind) and not isinstance(value, bool)


def read_options(yaml: dict[str, Any], kind: type[_Kind]) -> _Kind:
    """Read the section of a model dictionary.

    Args:
        yaml: Model dictionary.
        kind: Whose options: `Options` are LIDD-Net's.

    Raises:
        ValueError: If a key or value is unknown; names the known ones.
    """
    section = yaml.get("lidd_yolo") or {}
    if section is True or not isinstance(section, dict):
        raise ValueError(f"lidd_yolo: must hold keys and values, not {section!r}")
    section = {k: "off" if k == "aux" and v is False else v for k, v in section.items()}  # YAML reads off as False
    known = [f.name for f in fields(kind)]
    if unknown := section.keys() - set(known):
        raise ValueError(f"lidd_yolo: unknown key {', '.join(sorted(map(str, unknown)))}; known are {', '.join(known)}")
    return kind(**section)
