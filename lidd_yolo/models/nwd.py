"""Networks whose box loss holds a share of NWD: what WLNet and any YAML of stock rows have in common.

Paper: WLNet, section 1.2. A model YAML asks for it with ``lidd_yolo: {nwd: {iou_weight: 0.6, c_rel: auto}}``.
"""

from __future__ import annotations

from typing import Any

from ultralytics.nn.tasks import DetectionModel, SegmentationModel

from lidd_yolo.models import guard
from lidd_yolo.models.box_loss import blend_nwd
from lidd_yolo.models.options import NWDOptions, StockOptions, read_options


class NWDModel:
    """What a network of Ultralytics gains by an ``nwd:`` key: the criterion, and where its constant is kept.

    To be named before the class of Ultralytics that it extends.
    """

    yaml: dict[str, Any]
    options_kind: type[StockOptions] = StockOptions

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with guard.building():
            super().__init__(*args, **kwargs)
        read_options(self.yaml, self.options_kind)  # what is wrong in it is said now, not at the first batch

    @property
    def nwd(self) -> NWDOptions | None:
        """The ``nwd:`` key of this network's YAML; None if the box loss is the stock one."""
        return read_options(self.yaml, self.options_kind).nwd

    def set_measured(self, c_rel: float | None) -> None:
        """Write what the trainer measured for ``c_rel: auto`` into this network's YAML, so into its checkpoints."""
        section = self.yaml["lidd_yolo"]
        nwd = section["nwd"] if isinstance(section["nwd"], dict) else {}
        self.yaml["lidd_yolo"] = {**section, "nwd": {**nwd, "measured": c_rel}}

    def init_criterion(self) -> Any:
        """Return Ultralytics' criterion, with NWD in its box loss if the YAML asks for it.

        Raises:
            RuntimeError: If ``c_rel: auto`` has not been measured: outside a training run.
        """
        criterion = super().init_criterion()  # type: ignore[misc]
        if self.nwd is None:
            return criterion
        if self.nwd.constant is None:
            raise RuntimeError(
                "lidd_yolo: nwd: c_rel: auto is measured on the training labels by yolo train; to compute the loss "
                "without a training run, give c_rel a number, for example 0.2"
            )
        return blend_nwd(criterion, self.nwd.iou_weight, self.nwd.constant)


class NWDDetectionModel(NWDModel, DetectionModel):
    """A detection network of stock rows whose YAML has a ``lidd_yolo:`` section; arguments as ``DetectionModel``."""


class NWDSegmentationModel(NWDModel, SegmentationModel):
    """The same for segmentation; arguments as ``SegmentationModel``."""
