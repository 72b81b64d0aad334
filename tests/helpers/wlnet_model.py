"""WLNets for tests, with the gains of a training run, and a batch with masks."""

from typing import Any

import torch
from torch import Tensor, nn
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo.models.wlnet import WLNetModel
from tests.helpers.randomise import randomise_batch_norm


def build_wlnet(name: str = "wlnet-n.yaml", *, seed: int = 0, **keys: Any) -> WLNetModel:
    """Return a network as a trainer hands it over; ``keys`` replace those of its YAML."""
    torch.manual_seed(seed)
    model = WLNetModel({**yaml_model_load(name), **keys}, verbose=False)
    model.args = get_cfg()
    if model.nwd is not None:
        model.set_measured(0.2)
    return model


def mask_batch(images: int = 3, size: int = 64) -> dict[str, Tensor]:
    """Return noise with one square object in each image, its mask at a quarter of the size."""
    masks = torch.zeros(images, size // 4, size // 4)
    masks[:, 4:12, 4:12] = 1
    return {
        "img": torch.rand(images, 3, size, size, generator=torch.Generator().manual_seed(0)),
        "batch_idx": torch.arange(images).float(),
        "cls": (torch.arange(images) % 3).view(-1, 1).float(),
        "bboxes": torch.tensor([[0.5, 0.5, 0.5, 0.5]]).repeat(images, 1),
        "masks": masks,
        "sem_masks": masks.long(),
    }


def state(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of all tensors of a network."""
    return {key: value.clone() for key, value in model.state_dict().items()}


def with_statistics(model: WLNetModel) -> WLNetModel:
    """Give a network the batch statistics of noise and random prediction layers, and many pixels as neighbours.

    With its own start values the signal fades from layer to layer: predictions would not depend on the picture, and
    every pixel would be every other's neighbour.
    """
    randomise_batch_norm(model, seed=1)
    layers = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [m.momentum for m in layers]
    for layer in layers:
        layer.momentum = 1.0
    pictures = torch.randn(4, 3, 160, 160, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        model.train()(pictures)
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        handle = model.model[16].register_forward_pre_hook(_set_radius)
        model.eval()(pictures[:1])
        handle.remove()
    return model


def _set_radius(hypergraph: nn.Module, inputs: tuple[Tensor]) -> None:
    nodes = inputs[0].flatten(2).transpose(1, 2)
    hypergraph.radius = torch.cdist(nodes, nodes).median().item()
