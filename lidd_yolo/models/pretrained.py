"""Pretrained weights that come with the package: ``lidd.pt`` means them in every folder that holds no such file.

A file holds tensors and plain values alone. The network is built by the installed code and then filled, so that one
file serves every supported release of Ultralytics, and torch's restricted unpickler (``ULTRALYTICS_SAFE_LOAD=1``) too.
A card beside each, ``lidd.json``, says what the weights were made of and holds the SHA-256 of the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from ultralytics.utils import SETTINGS

from lidd_yolo import names
from lidd_yolo.files import sha256, write_beside
from lidd_yolo.models.classes import model_class

_VERSION = 1


def find(weights: Any) -> Path | None:
    """Return the packaged file that a name means; None for names of others, and where the user has such a file.

    The user's own may lie in the working folder or in Ultralytics' ``weights_dir``, as for stock names.

    Raises:
        FileNotFoundError: If the name is one of ours and there is no such file; names those there are.
        ValueError: If the packaged file is not the one that its card describes.
    """
    name = names.weights_name(weights)
    if not name or Path(weights).exists() or (Path(SETTINGS["weights_dir"]) / weights).exists():
        return None
    file = names.packaged_weights().get(name)
    if file is None:
        known = ", ".join(names.packaged_weights()) or "none in this installation"
        raise FileNotFoundError(
            f"{weights}: no such file here, and no weights of this name come with lidd_yolo ({known}); "
            f"model={Path(name).with_suffix('.yaml')} starts from random numbers"
        )
    if sha256(file) != read_card(file)["sha256"]:
        raise ValueError(f"{file} is damaged (SHA-256 is not its card's): pip install --force-reinstall lidd-yolo")
    return file


def read_card(file: Path) -> dict[str, Any]:
    """Return the card of a packaged file."""
    card: dict[str, Any] = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return card


def build(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a file as the checkpoint that Ultralytics reads, with the network in float32.

    Raises:
        ValueError: If a newer release of this package wrote the file.
    """
    if content[names.WEIGHTS_FORMAT] > _VERSION:
        raise ValueError("these weights are of a newer lidd_yolo: pip install --upgrade lidd-yolo")
    yaml, task, arguments = content["yaml"], content["task"], dict(content["arguments"])
    with torch.random.fork_rng(devices=[]):  # building draws numbers that are not the user's
        network: Any = model_class(yaml, task)
        model = network(yaml, ch=yaml["channels"], nc=yaml["nc"], verbose=False)
    if hasattr(model, "drop_training_branch"):
        model.drop_training_branch()
    model.load_state_dict(content["state"])
    model.names, model.task, model.args = dict(enumerate(content["classes"])), task, arguments
    return {"epoch": -1, "model": model.eval(), "train_args": arguments, "train_metrics": {}, "date": content["date"]}


def pack(checkpoint: Mapping[str, Any], file: Path, card: Mapping[str, Any]) -> None:
    """Write a trained checkpoint of one of our networks in half precision, and its card beside it.

    Raises:
        ValueError: If a weight is too large for half precision.
    """
    model = checkpoint.get("ema") or checkpoint["model"]
    state = _halved(model.state_dict())
    if too_large := [key for key, value in state.items() if not value.isfinite().all()]:
        raise ValueError(f"{file.name}: {', '.join(too_large)} cannot be written in half precision")
    classes, trained = list(model.names.values()), checkpoint["train_args"]
    content = {
        names.WEIGHTS_FORMAT: _VERSION,
        "yaml": {**model.yaml, "channels": model.yaml.get("channels", 3)},
        "task": trained["task"],
        "classes": classes,
        "arguments": {"task": trained["task"], "data": Path(trained["data"]).name, "imgsz": trained["imgsz"]},
        "date": card["date"],
        "state": state,
    }
    with write_beside(file) as beside:
        torch.save(content, beside)
        described = {**card, "classes": classes, "sha256": sha256(beside)}
    with write_beside(file.with_suffix(".json")) as beside:
        beside.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


def _halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors in half precision, whole numbers as they are, all of the former in one record of the file."""
    halved = {key: value.half() for key, value in state.items() if value.is_floating_point()}
    joined = torch.cat([value.flatten() for value in halved.values()])
    parts = joined.split([value.numel() for value in halved.values()])
    views = {key: part.view(value.shape) for (key, value), part in zip(halved.items(), parts, strict=True)}
    return {key: views.get(key, value) for key, value in state.items()}
