"""WLNet as an Ultralytics segmentation model: build the same network on every release, and fold it.

Paper: WLNet, section 1 and figure 1; the box loss of section 1.2: ``lidd_yolo.models.nwd``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from torch import Tensor
from ultralytics.nn.modules import SPPF
from ultralytics.utils import LOGGER

from lidd_yolo.layers.hyper_compute import HyperCompute
from lidd_yolo.layers.reparam import fold_all_batch_norm
from lidd_yolo.models.folding import prefer_channels_last
from lidd_yolo.models.nwd import NWDSegmentationModel
from lidd_yolo.models.options import WLNetOptions, read_options
from lidd_yolo.models.transfer import transfer


class WLNetModel(NWDSegmentationModel):
    """A segmentation network whose YAML ends in ``WLNetSegment``; arguments as ``SegmentationModel``.

    Raises:
        ValueError: If the ``lidd_yolo:`` section has a key that is not WLNet's.
    """

    options_kind = WLNetOptions

    def __init__(
        self, cfg: str | dict[str, Any] = "wlnet.yaml", ch: int = 3, nc: int | None = None, verbose: bool = True
    ) -> None:
        super().__init__(cfg, ch=ch, nc=nc, verbose=verbose)
        for hypergraph in self._hypergraphs():
            hypergraph.max_nodes = read_options(self.yaml, WLNetOptions).max_nodes
        for row in self.model:
            if isinstance(row, SPPF):
                row.cv1.act = row.cv2.act  # the first releases of 8.4 leave this activation out

    def load(self, weights: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - what Ultralytics may pass
        """Load matching weights.

        Raises:
            ValueError: If nothing fits: a checkpoint of another network.
        """
        transfer(self, weights, super().load)

    def predict(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Run the network; the first time that a map is pooled for the hypergraph, a warning says so."""
        out = super().predict(x, *args, **kwargs)
        for hypergraph in self._hypergraphs():
            if hypergraph.pooled_by > 1:
                _mention_pooling(hypergraph.max_nodes, hypergraph.pooled_by)
        return out

    def fuse(self, *args: Any, **kwargs: Any) -> WLNetModel:
        """Fold every batch normalisation, in float64, and every change of the channels' order; same output.

        On a CPU the network then works in channels-last order, which needs no copies around a convolution.
        """
        fold_all_batch_norm(self)
        super().fuse(*args, **kwargs)
        prefer_channels_last(self)
        return self

    def _hypergraphs(self) -> list[HyperCompute]:
        return [row for row in self.model if isinstance(row, HyperCompute)]


@cache
def _mention_pooling(max_nodes: int, factor: int) -> None:
    """Log, once in a process, that hypergraphs have fewer nodes than the map has pixels."""
    LOGGER.warning(
        f"lidd_yolo: max_nodes: {max_nodes}: this picture size gives more; the hypergraph works on squares of "
        f"{factor}x{factor} pixels of stride 16"
    )
