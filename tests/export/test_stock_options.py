"""Every option of ``yolo export`` that shapes a file, for both networks: the file finds what ``yolo predict`` finds.

The options are those that the exporter writes on the network or its head (``xyxy``, ``dynamic``, ``max_det``,
``agnostic_nms``, ``format``, half precision) or records the graph with (side, batch, operator set).
"""

import shutil

import cv2
import numpy as np
import pytest
from torchvision.ops import box_iou
from ultralytics import YOLO

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SURE, CONF, IOU = 0.35, 0.3, 0.5  # detections from the first on are looked for among all from the second on
OPTIONS = [
    ("torchscript", {}),
    ("torchscript", {"nms": True}),
    ("torchscript", {"nms": True, "agnostic_nms": True}),
    ("torchscript", {"nms": True, "max_det": 5}),
    ("torchscript", {"imgsz": (64, 96)}),
    ("torchscript", {"batch": 2}),
    ("onnx", {}),
    ("onnx", {"nms": True}),
    ("onnx", {"nms": True, "dynamic": True}),
    ("onnx", {"dynamic": True}),
    ("onnx", {"opset": 17}),
    ("onnx", {"simplify": False}),
    ("onnx", {"imgsz": (64, 96), "nms": True}),
    ("onnx", {"batch": 2}),
    ("openvino", {}),
    ("openvino", {"nms": True}),
    ("openvino", {"dynamic": True}),
    ("openvino", {"half": True}),
]


_TOLERANCE = {"torchscript": (1e-3, 1.0), "onnx": (1e-3, 1.0), "openvino": (5e-2, 0.75)}
"""Largest difference, and least share of the detections: OpenVINO computes in bfloat16 where it can."""


@pytest.fixture(scope="module")
def shown():
    """Two pictures with dark and bright areas."""
    generator = np.random.default_rng(3)
    pictures = []
    for place in (8, 20):
        pixels = generator.integers(100, 150, (64, 64, 3), dtype=np.uint8)
        pixels[place : place + 24, 6:30] = 20
        pixels[34:60, place : place + 30] = 235
        pictures.append(pixels)
    return pictures


def predict(network, pictures, task, options):
    """Return the results for pictures brought to the file's side: a checkpoint needs no borders there either."""
    height, width = options.get("imgsz", (64, 64))
    pictures = [cv2.resize(picture, (width, height)) for picture in pictures]
    words = {key: options[key] for key in ("imgsz", "agnostic_nms", "max_det") if key in options}
    words = {"imgsz": 64, "conf": CONF, "iou": IOU, "max_det": 300, **words}
    return YOLO(network, task=task)(pictures, verbose=False, device="cpu", **words)


def assert_alike(found, expected, tolerance, share):
    """Assert the same sure boxes: this share of either side with one of the other, its class, place and score."""
    pairs = box_iou(found.xyxy, expected.xyxy)
    pairs[found.cls.unsqueeze(1) != expected.cls] = 0
    alike = (pairs > 1 - 10 * tolerance) & ((found.conf.unsqueeze(1) - expected.conf).abs() < tolerance)
    for side, boxes in ((0, expected), (1, found)):
        sure = alike.any(side)[boxes.conf > SURE]
        assert sure.float().mean() >= share


@pytest.mark.parametrize("network", ["lidd", "wlnet"])
@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_file__finds_what_predict_finds(network, name, options, shown, request, tmp_path):
    for package in {"onnx": ("onnx", "onnxruntime", "onnxslim"), "openvino": ("openvino",)}.get(name, ()):
        pytest.importorskip(package, reason="export needs the extra lidd-yolo[export]")
    task = {"lidd": "detect", "wlnet": "segment"}[network]
    weights = tmp_path / "best.pt"
    shutil.copy(request.getfixturevalue(f"{network}_weights"), weights)
    expected = predict(weights, shown, task, options)
    inside = {"conf": CONF, "iou": IOU} if options.get("nms") else {}
    made = YOLO(weights).export(format=name, verbose=False, **{"imgsz": 64, **inside, **options})
    found = predict(made, shown, task, options)
    assert any((result.boxes.conf > SURE).sum() > 1 for result in expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert_alike(mine.boxes, theirs.boxes, *_TOLERANCE[name])
        if task == "segment" and len(theirs.boxes):
            assert mine.masks is not None
            assert mine.masks.data.shape[1:] == theirs.masks.data.shape[1:]
            drawn, expected_share = (float(side.masks.data.float().mean()) for side in (mine, theirs))
            assert drawn == pytest.approx(expected_share, abs=0.1 if name == "openvino" else 0.02)
