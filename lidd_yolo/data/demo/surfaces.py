"""Surfaces without defects of many materials: the backgrounds of the generated corpus.

Origin: our own; no paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lidd_yolo.data.demo import circuits, materials, metals, weaves
from lidd_yolo.data.demo.fields import ColourImage

_DRAW: Mapping[str, Callable[[np.random.Generator, int], ColourImage]] = {
    "hot-rolled": metals.hot_rolled,
    "cold-rolled": metals.cold_rolled,
    "ground": metals.ground,
    "cross-ground": metals.cross_ground,
    "circular-ground": metals.circular_ground,
    "brushed": metals.brushed,
    "turned": metals.lathe_turned,
    "milled": metals.milled,
    "sand-cast": metals.sand_cast,
    "die-cast": metals.die_cast,
    "shot-blasted": metals.shot_blasted,
    "galvanised": metals.galvanised,
    "polished": metals.polished,
    "extruded": metals.extruded,
    "magnetic-tile": metals.magnetic_tile,
    "perforated": metals.perforated,
    "painted": materials.painted,
    "etched": materials.etched,
    "moulded": materials.moulded,
    "leather": materials.leather,
    "ceramic": materials.ceramic,
    "granite": materials.granite,
    "marble": materials.marble,
    "concrete": materials.concrete,
    "sandpaper": materials.sandpaper,
    "wood": materials.wood,
    "glass": materials.glass,
    "film": materials.film,
    "rubber": materials.rubber,
    "rubber-mat": materials.rubber_mat,
    "plain-weave": weaves.plain_weave,
    "twill": weaves.twill,
    "knitted": weaves.knitted,
    "wire-mesh": weaves.wire_mesh,
    "felt": weaves.felt,
    "circuit-board": circuits.circuit_board,
}

SURFACES: tuple[str, ...] = tuple(_DRAW)


def draw_surface(rng: np.random.Generator, name: str, size: int) -> ColourImage:
    """Draw a surface without defects.

    Args:
        rng: Decides everything that is random: colour, scale, direction, strengths.
        name: One of ``SURFACES``.
        size: Side of the square picture in pixels, at least 64.

    Returns:
        BGR, nominally 0-255 and not clipped, shape ``(size, size, 3)``.

    Raises:
        KeyError: If the name is none of ``SURFACES``.
    """
    return np.ascontiguousarray(_DRAW[name](rng, size), dtype=np.float32)
