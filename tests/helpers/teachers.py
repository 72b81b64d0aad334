"""Checkpoints of untrained detectors, to be teachers, and their own word on what they see."""

from pathlib import Path

import torch
from torch import Tensor, nn
from ultralytics import YOLO
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import yaml_model_load


def write_teacher(file: Path, name: str, classes: tuple[str, ...], *, channels: int = 3, task: str = "detect") -> Path:
    """Write an untrained network of Ultralytics or of ours whose scores and boxes are not all alike."""
    torch.manual_seed(0)
    net = YOLO(name, task=task, verbose=False)
    kind = type(net.model)
    model = kind({**yaml_model_load(name)}, nc=len(classes), ch=channels, verbose=False)
    head = model.model[-1]
    for branch in ("cv2", "cv3", "one2one_cv2", "one2one_cv3"):
        for level in getattr(head, branch, None) or []:
            nn.init.normal_(level[-1].weight, std=0.3)
            nn.init.constant_(level[-1].bias, -1.0 if "cv3" in branch else 1.0)
    model.names, model.task, model.args = dict(enumerate(classes)), task, get_cfg()
    arguments = {"task": task, "imgsz": 64, "data": "tiny.yaml"}
    model.args = arguments
    torch.save({"epoch": -1, "model": model.eval(), "train_args": arguments}, file)
    return file


def decoded(file: Path, images: Tensor) -> Tensor:
    """Return the boxes in pixels as xywh, and scores, of the head that predicts several boxes for each object."""
    model = torch.load(file, weights_only=False)["model"].float().eval()
    model.model[-1].end2end = False
    with torch.no_grad():
        out: Tensor = model(images)[0]
    return out.transpose(1, 2)
