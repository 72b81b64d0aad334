"""Mask R-CNN as an Ultralytics segmentation model: a peer of WLNet, trained and measured by the same commands.

Paper: WLNet, section 2.4, table 2. The network is torchvision's: ``lidd_yolo.layers.mask_rcnn``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.nn.tasks import SegmentationModel
from ultralytics.utils.ops import xywh2xyxy

from lidd_yolo.layers.mask_rcnn import MaskRCNNSegment
from lidd_yolo.models import guard
from lidd_yolo.models.upstream import loss_items

MASK_RCNN_LOSS_NAMES = ("box_loss", "seg_loss", "cls_loss", "rpn_loss")
_NORM_EPS, _NORM_MOMENTUM = 1e-5, 0.1


class MaskRCNNModel(SegmentationModel):
    """A network whose YAML ends in ``MaskRCNNSegment``; arguments as ``SegmentationModel``, ``ch`` is 3."""

    criterion: Any = None
    """Asked for by Ultralytics' trainer; the loss needs none, torchvision's network has it inside."""

    def __init__(
        self, cfg: str | dict[str, Any] = "maskrcnn.yaml", ch: int = 3, nc: int | None = None, verbose: bool = True
    ) -> None:
        with guard.building():
            super().__init__(cfg, ch=ch, nc=nc, verbose=verbose)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):  # Ultralytics sets its own constants; these are torchvision's
                layer.eps, layer.momentum = _NORM_EPS, _NORM_MOMENTUM

    @property
    def head(self) -> MaskRCNNSegment:
        """The last layer, which holds the whole network."""
        head: MaskRCNNSegment = self.model[-1]
        return head

    def predict(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Run the network.

        Raises:
            RuntimeError: If it is being traced: the number of objects in one picture would be fixed for all others.
        """
        compiling = hasattr(torch, "compiler") and torch.compiler.is_compiling()
        if compiling or torch.jit.is_tracing() or torch.onnx.is_in_onnx_export():  # type: ignore[attr-defined]
            raise RuntimeError(
                f"{self.yaml.get('yaml_file', 'maskrcnn.yaml')}: Mask R-CNN is here to be trained and compared; "
                "lidd_yolo does not export or compile it"
            )
        return super().predict(x, *args, **kwargs)

    def loss(self, batch: dict[str, Tensor], preds: Any = None) -> tuple[Tensor, Any]:  # noqa: ARG002
        """Return the terms whose sum is minimised, and torchvision's own, detached, for the log.

        What is minimised is scaled by the share of ``nbs`` pictures in the batch: over the batches whose gradients
        Ultralytics adds up before a step, it comes to the mean. The gains ``box``, ``cls`` and ``dfl`` are not used. In
        evaluation the network runs again, with the anchors and proposals drawn from a seed of their own; ``preds`` are
        not used.
        """
        targets = mask_targets(batch, overlap=self.args.overlap_mask)
        device = batch["img"].device
        with torch.random.fork_rng([device] if device.type == "cuda" else [], enabled=not self.training):
            if not self.training:
                torch.manual_seed(0)
            terms = self.head.losses(batch["img"], targets)
        proposals = terms["loss_objectness"] + terms["loss_rpn_box_reg"]
        of_objects = terms["loss_box_reg"], terms["loss_mask"], terms["loss_classifier"]
        named = dict(zip(MASK_RCNN_LOSS_NAMES, (*of_objects, proposals), strict=True))
        share = len(batch["img"]) / self.args.nbs
        return torch.stack(list(named.values())) * share, loss_items(named)

    def half(self) -> MaskRCNNModel:
        """Keep float32: in half precision boxes and their suppression are off by pixels. Autocast is safe."""
        return self

    def set_head_attr(self, **_values: Any) -> None:
        """Keep the number of detections that the YAML says: torchvision's default, not ``max_det``."""


def mask_targets(batch: dict[str, Tensor], *, overlap: bool) -> list[dict[str, Tensor]]:
    """Turn the labels of a batch of Ultralytics into targets of torchvision.

    Args:
        batch: ``img`` ``(B, 3, H, W)``; ``batch_idx`` ``(N,)``, ``cls`` ``(N, 1)`` and ``bboxes`` ``(N, 4)`` (xywh,
            0-1) of all objects; ``masks`` of any size.
        overlap: Whether ``masks`` is ``(B, h, w)``, holding for each pixel the number of the picture's object, from 1;
            else it is ``(N, h, w)`` of 0 and 1.

    Returns:
        For each picture ``boxes`` ``(n, 4)`` as xyxy in pixels, ``labels`` ``(n,)`` from 1 and ``masks`` ``(n, H, W)``;
        objects without extent are left out.
    """
    device, (height, width) = batch["img"].device, batch["img"].shape[2:]
    scale = torch.tensor([width, height, width, height], device=device)
    index, all_masks = batch["batch_idx"].to(device).view(-1), batch["masks"].to(device)
    all_boxes = xywh2xyxy(batch["bboxes"].to(device).float().view(-1, 4) * scale)
    labels = batch["cls"].to(device).long().view(-1) + 1
    targets = []
    for picture in range(len(batch["img"])):
        own = index == picture
        boxes = all_boxes[own]
        masks = _split(all_masks[picture], len(boxes)) if overlap else all_masks[own]
        solid = (boxes[:, 2:] > boxes[:, :2]).all(1)
        resized = _resized(masks[solid], height, width)
        targets.append({"boxes": boxes[solid], "labels": labels[own][solid], "masks": resized})
    return targets


def _split(numbers: Tensor, count: int) -> Tensor:
    """Return a mask ``(count, h, w)`` for each object number in ``(h, w)``."""
    return numbers == torch.arange(1, count + 1, device=numbers.device).view(-1, 1, 1)


def _resized(masks: Tensor, height: int, width: int) -> Tensor:
    """Return masks ``(n, h, w)`` in another size; their edges follow those of the smaller ones without steps."""
    if not len(masks):
        return torch.zeros(0, height, width, dtype=torch.uint8, device=masks.device)
    if masks.shape[1:] != (height, width):
        masks = F.interpolate(masks[None].float(), (height, width), mode="bilinear", align_corners=False)[0] > 0.5
    return masks.to(torch.uint8)
