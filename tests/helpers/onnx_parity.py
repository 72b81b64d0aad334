"""Raw outputs of a checkpoint and of its ONNX file, compared inside another environment."""

from pathlib import Path

from tests.helpers.fresh_python import FreshPython

_SCRIPT = """
import sys
import onnxruntime
import torch
from ultralytics import YOLO
torch.manual_seed(0)
picture = torch.rand(1, 3, 64, 64)
with torch.no_grad():
    want = YOLO(sys.argv[1]).model.float().eval()(picture)[0]
session = onnxruntime.InferenceSession(sys.argv[1].replace(".pt", ".onnx"), providers=["CPUExecutionProvider"])
(got,) = session.run(None, {session.get_inputs()[0].name: picture.numpy()})
print(*got.shape, float((torch.from_numpy(got) - want).abs().max()))
"""


def compare_onnx(user: FreshPython, checkpoint: str | Path) -> tuple[list[int], float]:
    """Return the shape of the ONNX file's output at 64 pixels and its largest difference from the checkpoint's."""
    *shape, difference = user.run("python", "-c", _SCRIPT, checkpoint).stdout.splitlines()[-1].split()
    return [int(side) for side in shape], float(difference)
