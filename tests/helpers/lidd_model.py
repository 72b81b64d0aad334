"""Small LIDD-Nets and batches for tests: any option, objects for every level, pictures that can be learnt."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo.models.lidd import LIDDModel


def build_lidd(name: str = "lidd.yaml", *, nc: int | None = None, seed: int = 0, **options: Any) -> LIDDModel:
    """Return a network with the paper's gains and these entries of the ``lidd_yolo:`` section."""
    config = yaml_model_load(name)
    config["lidd_yolo"] = {**config["lidd_yolo"], **options}
    torch.manual_seed(seed)
    model = LIDDModel(config, nc=nc, verbose=False)
    model.args = SimpleNamespace(cls=1.0, dfl=0.25, box=2.0)
    return model


def noise_batch(images: int = 4, size: int = 96) -> dict[str, Tensor]:
    """Return noise with four objects in each image, sized as an untrained network's boxes on its four levels."""
    generator = torch.Generator().manual_seed(0)
    sides = torch.tensor([56.0, 112.0, 224.0, 448.0]).repeat(images).view(-1, 1) / size
    count = len(sides)
    centers = 0.5 + 0.1 * torch.rand(count, 2, generator=generator)
    return {
        "img": torch.rand(images, 3, size, size, generator=generator),
        "batch_idx": torch.arange(images).repeat_interleave(4).float(),
        "cls": (torch.arange(count) % 6).view(-1, 1).float(),
        "bboxes": torch.cat((centers, sides.expand(-1, 2)), 1),
    }


def picture_batch(images: int = 8, size: int = 96) -> dict[str, Tensor]:
    """Return grey noise with one rectangle in each image: black is class 0, white class 1."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(images, 3, size, size, generator=generator) * 0.2 + 0.4
    wh = torch.randint(size // 4, size // 2 + 1, (images, 2), generator=generator)
    xy = (torch.rand(images, 2, generator=generator) * (size - wh)).long()
    for i, ((x, y), (w, h)) in enumerate(zip(xy.tolist(), wh.tolist(), strict=True)):
        pictures[i, :, y : y + h, x : x + w] = float(i % 2)
    return {
        "img": pictures,
        "batch_idx": torch.arange(images).float(),
        "cls": (torch.arange(images) % 2).view(-1, 1).float(),
        "bboxes": torch.cat(((xy + wh / 2) / size, wh / size), 1),
    }
