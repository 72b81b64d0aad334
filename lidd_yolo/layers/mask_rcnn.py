"""Mask R-CNN of torchvision as one row of a model YAML, with the output of Ultralytics' segmentation head.

Origin: He et al., ICCV 2017; the network is torchvision's (``maskrcnn_resnet50_fpn``), normalisation trained.
Differs from it: pictures come resized, scores under 0.05 are kept (Ultralytics' ``conf`` decides), and masks are pasted
at a quarter of the picture's size, where Ultralytics keeps masks. See docs/decisions/0023-mask-rcnn-as-a-peer.md.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.mask_rcnn import MaskRCNN
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import box_convert

BODIES = ("resnet50", "resnet101")
_LEAST_SCORE = 0.001  # Ultralytics' least when it validates; torchvision's 0.05 would cut the end off every curve
_MASK_STRIDE = 4


class MaskRCNNSegment(nn.Module):
    """Mask R-CNN; each of its detections is an anchor point, a mask prototype and a mask coefficient.

    Args:
        nc: Number of classes.
        body: One of `BODIES`.
        weights: Torchvision's name of ImageNet weights to download for the body; None for random numbers.
        detections: Most objects found in a picture, K.
        upstream: What Ultralytics' parser appends, last of it the channels of the inputs.

    Shape:
        - Input: list of one ``(B, 3, H, W)``, 0-1, sides divisible by 32
        - Output in inference: ``(B, 4 + nc + K, K)`` with xywh in pixels, scores 0-1 and coefficients 0 or 1, and
          prototypes ``(B, K, H / 4, W / 4)``, above 0 inside the mask

    Raises:
        ValueError: If the pictures do not have three channels.
    """

    def __init__(self, nc: int, body: str, weights: str | None, detections: int, *upstream: Any) -> None:
        super().__init__()
        if upstream and list(upstream[-1]) != [3]:
            raise ValueError(f"Mask R-CNN takes pictures of three channels, not {list(upstream[-1])}")
        self.nc, self.detections = nc, detections
        backbone = resnet_fpn_backbone(
            backbone_name=body, weights=weights, norm_layer=nn.BatchNorm2d, trainable_layers=5
        )
        backbone.register_forward_hook(_in_float32)
        self.network = MaskRCNN(
            backbone, num_classes=nc + 1, box_score_thresh=_LEAST_SCORE, box_detections_per_img=detections
        )
        self.network.transform = _ResizedAlready(
            1, 1, self.network.transform.image_mean, self.network.transform.image_std
        )

    def forward(self, x: list[Tensor]) -> Any:
        """Return the output in the nesting that the validators and predictors of all releases take apart."""
        (pictures,) = x
        output, prototypes = self._as_anchors(self.network(list(pictures.float())), pictures)
        return (output, prototypes), (None, None, prototypes)

    def losses(self, pictures: Tensor, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """Return torchvision's loss terms; in evaluation too, and then batch normalisation stays as it is.

        Args:
            pictures: ``(B, 3, H, W)``, 0-1.
            targets: For each picture ``boxes`` ``(N, 4)`` as xyxy in pixels, ``labels`` ``(N,)`` from 1 and ``masks``
                ``(N, H, W)`` of 0 and 1.
        """
        with _computing_losses(self.network, self.network.rpn, self.network.roi_heads):
            terms: dict[str, Tensor] = self.network(list(pictures.float()), targets)
        return terms

    def _as_anchors(self, found: list[dict[str, Tensor]], pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Lay the detections of all pictures into one tensor, and their masks into another; free places are 0."""
        b, _, h, w = pictures.shape
        k, nc = self.detections, self.nc
        output = torch.zeros(b, 4 + nc + k, k, device=pictures.device)
        prototypes = torch.zeros(b, k, h // _MASK_STRIDE, w // _MASK_STRIDE, device=pictures.device)
        for i, one in enumerate(found):
            slots = torch.arange(len(one["boxes"]), device=pictures.device)
            output[i, :4, slots] = box_convert(one["boxes"].float(), "xyxy", "cxcywh").T
            output[i, 4 + one["labels"] - 1, slots] = one["scores"].float()
            output[i, 4 + nc + slots, slots] = 1
            prototypes[i, slots] = one["masks"][:, 0].float() - 0.5
        return output, prototypes


class _ResizedAlready(GeneralizedRCNNTransform):
    """Torchvision's normalisation without its resizing, and its pasting of masks, followed by a reduction to a quarter.

    Pasted one picture at a time: a hundred masks of a whole picture take 164 MB at 640 px.
    """

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Leave a picture and its target as they are."""
        return image, target

    def postprocess(
        self,
        result: list[dict[str, Tensor]],
        image_shapes: list[tuple[int, int]],
        original_image_sizes: list[tuple[int, int]],
    ) -> list[dict[str, Tensor]]:
        """Return detections with mask probabilities ``(N, 1, H / 4, W / 4)``."""
        reduced = []
        for one, shape, original in zip(result, image_shapes, original_image_sizes, strict=False):
            (pasted,) = super().postprocess([one], [shape], [original])
            reduced.append({**pasted, "masks": F.avg_pool2d(pasted["masks"], _MASK_STRIDE)})
        return reduced


def _in_float32(_module: nn.Module, _inputs: Any, features: dict[str, Tensor]) -> dict[str, Tensor]:
    """Hand features on in float32: anchors get their type, and half precision rounds those by half a pixel."""
    return OrderedDict((name, feature.float()) for name, feature in features.items())


@contextlib.contextmanager
def _computing_losses(*parts: nn.Module) -> Iterator[None]:
    """Let parts of torchvision's network do what they do in training, without the layers inside them."""
    before = [part.training for part in parts]
    for part in parts:
        part.training = True
    try:
        yield
    finally:
        for part, training in zip(parts, before, strict=True):
            part.training = training
