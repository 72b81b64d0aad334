"""Export a trained checkpoint to ONNX and show that it gives the same numbers as PyTorch.

python examples/02_export_onnx.py runs/example/train/weights/best.pt --imgsz 192
"""

import argparse

import numpy as np
import onnxruntime
import torch
from ultralytics import YOLO


def main() -> None:
    """Export, run both on the same random image, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights")
    parser.add_argument("--imgsz", type=int, default=192)
    options = parser.parse_args()

    model = YOLO(options.weights)
    exported = model.export(format="onnx", imgsz=options.imgsz)
    image = torch.rand(1, 3, options.imgsz, options.imgsz)
    with torch.no_grad():
        expected = model.model.float().eval()(image)[0].numpy()
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    print(f"{exported}: largest difference {np.abs(found - expected).max():.1e} at outputs up to {expected.max():.0f}")


if __name__ == "__main__":
    main()
