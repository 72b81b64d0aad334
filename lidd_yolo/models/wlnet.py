"""WLNet as an Ultralytics segmentation model: build the same network on every release, and fold it.

Paper: WLNet, section 1 and figure 1; the box loss of section 1.2: ``lidd_yolo.models.nwd``.
"""

from __future__ import annotations

from typing import Any

from ultralytics.nn.modules import SPPF

from lidd_yolo.layers.reparam import fold_all_batch_norm
from lidd_yolo.models.nwd import NWDSegmentationModel
from lidd_yolo.models.options import WLNetOptions


class WLNetModel(NWDSegmentationModel):
    """A segmentation network whose YAML ends in ``WLNetSegment``.

    Args:
        cfg: Model YAML name or dictionary.
        ch: Channels of the input image.
        nc: Number of classes; None keeps the YAML's.
        verbose: Whether to log layers and size.

    Raises:
        ValueError: If the ``lidd_yolo:`` section has a key that is not WLNet's.
    """

    options_kind = WLNetOptions

    def __init__(
        self, cfg: str | dict[str, Any] = "wlnet.yaml", ch: int = 3, nc: int | None = None, verbose: bool = True
    ) -> None:
        super().__init__(cfg, ch=ch, nc=nc, verbose=verbose)
        for row in self.model:
            if isinstance(row, SPPF):
                row.cv1.act = row.cv2.act  # the first releases of 8.4 leave this activation out

    def fuse(self, *args: Any, **kwargs: Any) -> WLNetModel:
        """Fold every batch normalisation behind a convolution, in float64, then what Ultralytics folds itself."""
        fold_all_batch_norm(self)
        super().fuse(*args, **kwargs)
        return self
