"""LIDD-Net as an Ultralytics detection model: build, criterion, folding, and the training-only branch (LATM)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.torch_utils import scale_img

from lidd_yolo.layers.auxiliary_head import AuxiliaryHead
from lidd_yolo.layers.head import LIDDDetect
from lidd_yolo.layers.latm import LATM, RowGraph
from lidd_yolo.layers.reparam import fold_all_batch_norm
from lidd_yolo.layers.simam import SimAM
from lidd_yolo.models import guard
from lidd_yolo.models.activation import default_activation
from lidd_yolo.models.criterion import LIDDCriterion
from lidd_yolo.models.folding import prefer_channels_last, unshuffle
from lidd_yolo.models.options import Options, read_options
from lidd_yolo.models.transfer import source_of, transfer

_CHANGES = ((1.0, False), (0.83, True), (0.67, False))  # scale and mirroring of test-time augmentation

_LARGEST_STRIDE = 32  # what image sides must divide by; the level above is rounded up, so 480 trains at 480


class LIDDModel(DetectionModel):
    """A detection network whose YAML ends in ``LIDDDetect``; arguments as ``DetectionModel``."""

    def __init__(
        self, cfg: str | dict[str, Any] = "lidd.yaml", ch: int = 3, nc: int | None = None, verbose: bool = True
    ) -> None:
        with guard.building():
            super().__init__(cfg, ch=ch, nc=nc, verbose=verbose)
        self.stride = self.head.stride.clamp(max=_LARGEST_STRIDE)
        self.head.latm = self._build_latm(read_options(self.yaml, Options))

    @property
    def head(self) -> LIDDDetect:
        """The last layer."""
        head: LIDDDetect = self.model[-1]
        return head

    def _build_latm(self, options: Options) -> LATM | None:
        if options.aux == "off":
            return None
        head, first = self.head, len(self.yaml["backbone"])
        levels, taps = head.f[: head.nl], head.f[head.nl :]
        if not taps:
            raise ValueError(
                f"lidd_yolo: aux: {options.aux} needs the backbone rows under the neck as further inputs of the head "
                f"row (after its {head.nl} levels); add them or set aux: off"
            )
        neck = RowGraph(list(self.model)[first:-1], taps=taps, outputs=levels)
        width = head.cv3[0][-1].in_channels
        with default_activation(self.yaml.get("activation")):
            return LATM(neck, AuxiliaryHead(2 * width, head.nc, head.reg_max, head.nl, options.aux))

    def init_criterion(self) -> LIDDCriterion:
        """Return the criterion that ``loss`` uses."""
        return LIDDCriterion(self)

    def set_epoch(self, epoch: int) -> None:
        """Follow the detach schedule: tell LATM which epoch begins."""
        if self.head.latm is not None:
            self.head.latm.detached = epoch >= read_options(self.yaml, Options).detach_epoch

    def load(self, weights: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - what Ultralytics may pass
        """Load matching weights; a source without LATM (a finished checkpoint) leaves ours a fresh copy of the neck.

        Raises:
            ValueError: If nothing fits: a checkpoint of another network.
        """
        transfer(self, weights, super().load)
        if self.head.latm is not None and not any(".latm." in key for key in source_of(weights).state_dict()):
            first = len(self.yaml["backbone"])
            rows: nn.ModuleList = self.head.latm.neck.rows
            for row, trained in zip(rows, list(self.model)[first:-1], strict=True):
                row.load_state_dict(trained.state_dict())

    def drop_training_branch(self) -> LIDDModel:
        """Remove LATM: what is left predicts exactly the same."""
        self.head.latm = None
        return self

    def predict(self, x: Any, *args: Any, augment: bool = False, **kwargs: Any) -> Any:
        """Run the network; a file made for one size of picture may use operators that need a fixed size.

        With ``augment`` it runs on the picture, on a smaller, mirrored one and on a smaller one still, as Ultralytics'
        networks do, and the predictions of all stand side by side, ``(B, 4 + nc, A)``, with None for the raw ones.
        """
        if augment:
            return torch.cat([self._predict_changed(x, scale, mirrored) for scale, mirrored in _CHANGES], 2), None
        if self.head.export:
            for module in self.modules():
                if isinstance(module, SimAM):
                    module.fixed_size = not self.head.dynamic
        return super().predict(x, *args, **kwargs)

    def _predict_changed(self, x: Tensor, scale: float, mirrored: bool) -> Tensor:
        """Return the predictions for changed pictures in pixels of the given ones."""
        changed = scale_img(x.flip(3) if mirrored else x, scale, gs=_LARGEST_STRIDE)
        predictions: Tensor = self.predict(changed)[0].clone()
        predictions[:, :4] /= scale
        if mirrored:
            predictions[:, 0] = x.shape[3] - predictions[:, 0]
        return predictions

    def fuse(self, *args: Any, **kwargs: Any) -> LIDDModel:
        """Fold every training-time structure, then what Ultralytics folds itself.

        On a CPU the network then works in channels-last order, which needs no copies around a convolution.
        """
        self.drop_training_branch()
        if fold_all_batch_norm(self):
            unshuffle(self.model)
        super().fuse(*args, **kwargs)
        prefer_channels_last(self)
        return self
