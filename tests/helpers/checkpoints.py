"""Checkpoints of small networks whose batch normalisations have the statistics of trained ones, and data for them."""

from pathlib import Path

import torch
from torch import nn

from tests.helpers.lidd_model import build_lidd
from tests.helpers.randomise import randomise_batch_norm
from tests.helpers.wlnet_model import build_wlnet, with_statistics

SIZE = 64


def write_lidd(file: Path, *, nc: int = 2) -> Path:
    """Write a LIDD-Net without its training branch."""
    model = build_lidd(nc=nc).drop_training_branch()
    randomise_batch_norm(model, seed=1)
    for cls in model.head.cv3:  # some scores above the confidences that are asked for
        nn.init.constant_(cls[-1].bias, -1.0)
    layers = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.rand(8, 3, 96, 96, generator=torch.Generator().manual_seed(7)))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    return _write(file, model, "detect")


def write_wlnet(file: Path, *, nc: int = 2) -> Path:
    """Write the smallest WLNet."""
    return _write(file, with_statistics(build_wlnet("wlnet-t.yaml", nc=nc)), "segment")


def _write(file: Path, model: nn.Module, task: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    model.args = {"task": task, "imgsz": SIZE, "data": "tiny.yaml"}
    torch.save({"model": model.eval(), "train_args": {"task": task, "imgsz": SIZE, "data": "tiny.yaml"}}, file)
    return file
