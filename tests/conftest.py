"""Make the checkout importable, keep Ultralytics offline and torch on one thread; a trained run for many tests."""

import os
import sys
from pathlib import Path

os.environ.setdefault("YOLO_OFFLINE", "true")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest
import torch
from ultralytics import YOLO

from tests.helpers.checkpoints import write_lidd, write_wlnet
from tests.helpers.tiny import write_tiny_data

torch.set_num_threads(1)

_TRAINING_FIXTURES = {"finished_run", "trained"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """A test trains if a fixture that it asks for does."""
    for item in items:
        if _TRAINING_FIXTURES & set(item.fixturenames):
            item.add_marker("trains")


QUICK = {"optimizer": "AdamW", "lr0": 0.002, "batch": 4, "nbs": 4, "warmup_epochs": 0}
PLAIN = dict.fromkeys(("mosaic", "scale", "translate", "hsv_s", "hsv_v", "erasing"), 0)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """Folder of a segmentation run that finds most of its few rectangles; the data set has no test part."""
    folder = tmp_path_factory.mktemp("finished")
    data = write_tiny_data(folder / "tiny", train=16, val=8)
    for file in (folder / "tiny" / "labels").rglob("*.txt"):
        rows = [list(map(float, line.split())) for line in file.read_text().splitlines()]
        file.write_text("\n".join(map(_outline, rows)) + "\n")
    YOLO("yolov8n-seg.yaml").train(
        data=str(data),
        epochs=40,
        imgsz=64,
        workers=0,
        device="cpu",
        project=str(folder),
        name="run",
        plots=False,
        val=False,
        verbose=False,
        **QUICK,
        **PLAIN,
    )
    return folder / "run"


def _outline(row):
    """Turn a line of class and box into one of class and four corners."""
    c, x, y, w, h = row
    x1, x2, y1, y2 = x - w / 2, x + w / 2, y - h / 2, y + h / 2
    return " ".join(map(str, (int(c), x1, y1, x2, y1, x2, y2, x1, y2)))


@pytest.fixture(scope="session")
def tiny_yaml(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture(scope="session")
def lidd_weights(tmp_path_factory):
    """Checkpoint of an untrained LIDD-Net."""
    return write_lidd(tmp_path_factory.mktemp("lidd") / "best.pt")


@pytest.fixture(scope="session")
def wlnet_weights(tmp_path_factory):
    """Checkpoint of an untrained WLNet."""
    return write_wlnet(tmp_path_factory.mktemp("wlnet") / "best.pt")
