"""Detect with an exported ONNX file: onnxruntime, numpy and OpenCV, no torch, no Ultralytics, nothing of ours.

pip install onnxruntime numpy "opencv-python>=4.7"
python 03_onnx_detect.py best.onnx picture-or-folder --out drawn

Finds what `YOLO("best.onnx")` finds. Exit status: 0 all done, 1 some pictures could not be used, 2 could not begin.
"""

import argparse
import ast
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

ENDINGS = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


class Detector:
    """A detection network that Ultralytics exported to ONNX; the file itself tells names, stride and size."""

    def __init__(self, file: str) -> None:
        self.session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        told = self.session.get_modelmeta().custom_metadata_map
        self.names, task = ast.literal_eval(told.get("names", "{}")), told.get("task", "not told")
        point = dict.fromkeys(self.names.values(), 0.25)
        if "operating" in told:  # by `lidd export --operating`
            carried = json.loads(told["operating"])
            if carried.get("tile"):
                raise ValueError(f"its thresholds are for tiles of {carried['tile']}: use `lidd predict`")
            point = carried["thresholds"]
        self.thresholds = np.array([point[self.names[number]] for number in range(len(self.names))])
        self.input = self.session.get_inputs()[0]
        if task != "detect" or self.input.shape[1] != 3:
            raise ValueError(f"not a detection network for colour pictures (task: {task}, input: {self.input.shape})")
        self.batch, _, *self.size = self.input.shape
        self.dynamic = not isinstance(self.size[0], int)
        if self.dynamic:
            self.size, self.stride = ast.literal_eval(told["imgsz"]), int(told["stride"])

    def letterbox(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the input (B, 3, H, W), RGB 0-1, the picture's scale in it (x, y), and the grey border (left, top)."""
        (height, width), (h, w) = self.size, picture.shape[:2]
        ratio = min(height / h, width / w)
        h_new, w_new = max(round(h * ratio), 1), max(round(w * ratio), 1)
        if self.dynamic:  # no more grey than the stride asks for
            height, width = (-(-side // self.stride) * self.stride for side in (h_new, w_new))
        top, left = round((height - h_new) / 2 - 0.1), round((width - w_new) / 2 - 0.1)
        canvas = np.full((height, width, 3), 114, np.uint8)
        canvas[top : top + h_new, left : left + w_new] = cv2.resize(picture, (w_new, h_new))
        number = np.float16 if "float16" in self.input.type else np.float32
        pixels = canvas[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(number) / number(255)
        pixels = pixels.repeat(self.batch if isinstance(self.batch, int) else 1, axis=0)
        return np.ascontiguousarray(pixels), np.array([w_new / w, h_new / h]), np.array([left, top])

    def detect(
        self, picture: np.ndarray, conf: float | None = None, iou: float = 0.7
    ) -> list[tuple[str, float, np.ndarray]]:
        """Return name, score and box (x1, y1, x2, y2 in pixels) of all that is found in a BGR picture, best first.

        Found is what is above the threshold of its class in the file, or above `conf`; if neither is told, above 0.25.
        """
        thresholds = self.thresholds if conf is None else np.full(len(self.names), conf)
        lowest = float(thresholds.min())
        pixels, scale, border = self.letterbox(picture)
        found = self.session.run(None, {self.input.name: pixels})[0][0].astype(np.float32)  # (4 + classes, points)
        if len(found) != 4 + len(self.names):
            raise ValueError(f"its output {found.shape} is not that of {len(self.names)} classes, with NMS to follow")
        found = found[:, found[4:].max(0) > lowest]
        corners, sizes = (found[:2] - found[2:4] / 2).T, found[2:4].T
        classes, scores = found[4:].argmax(0), found[4:].max(0)
        kept = cv2.dnn.NMSBoxesBatched(np.hstack((corners, sizes)), scores, classes, lowest, iou)[:300]
        first, last = (corners - border) / scale, (corners + sizes - border) / scale
        boxes = np.hstack((first, last)).clip(0, picture.shape[1::-1] * 2)
        kept = [i for i in kept if scores[i] > thresholds[classes[i]]]
        return [(self.names[int(classes[i])], float(scores[i]), boxes[i]) for i in kept]


def read(file: Path) -> np.ndarray | None:
    """Return a picture (H, W, 3), BGR, or None; `cv2.imread` cannot open every name on Windows."""
    try:
        return cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None


def main() -> int:
    """Detect in every picture, print a line for each detection, draw them if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("source", type=Path)
    parser.add_argument("--conf", type=float, help="one threshold (default: those in the file, else 0.25)")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    source, failed = options.source, 0
    files = sorted(f for f in source.iterdir() if f.suffix.lower() in ENDINGS) if source.is_dir() else [source]
    if not files:
        parser.exit(2, f"{source}: no pictures in this folder\n")
    try:
        detector = Detector(options.network)
        detector.detect(np.zeros((8, 8, 3), np.uint8))  # what does not work shall fail here
    except Exception as error:  # onnxruntime's own have no narrower base
        parser.exit(2, f"{options.network}: {error}\n")
    for file in files:
        picture = read(file)
        if picture is None:
            sys.stderr.write(f"{file}: {'not a picture' if file.exists() else 'no such file'}\n")
            failed = 1
            continue
        print(file)
        for name, score, box in detector.detect(picture, options.conf):
            print(f"  {name} {score:.4f} {' '.join(f'{side:.1f}' for side in box)}")
            x1, y1, x2, y2 = box.round().astype(int).tolist()
            cv2.rectangle(picture, (x1, y1), (x2, y2), (0, 160, 255), 2)
            cv2.putText(picture, f"{name} {score:.2f}", (x1, max(y1 - 4, 12)), 0, 0.5, (0, 160, 255), 1, cv2.LINE_AA)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            cv2.imencode(".jpg", picture)[1].tofile(options.out / f"{file.name}.jpg")
    return failed


if __name__ == "__main__":
    sys.exit(main())
