"""Train LIDD-Net on the generated data set, validate, and save pictures with detections.

python examples/01_train.py --epochs 15
"""

import argparse

from ultralytics import YOLO

import lidd_yolo  # noqa: F401 - connects our networks even where the start-up file is off


def main() -> None:
    """Train, validate, predict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--data", default="defects-demo.yaml")
    parser.add_argument("--imgsz", type=int, default=192)
    parser.add_argument("--project", default="runs/example")
    options = parser.parse_args()

    model = YOLO("lidd.yaml")
    model.train(data=options.data, imgsz=options.imgsz, epochs=options.epochs, project=options.project, name="train")
    metrics = model.val(data=options.data, imgsz=options.imgsz, project=options.project, name="val")
    print(f"mAP50 {metrics.box.map50:.3f}, mAP50-95 {metrics.box.map:.3f}")


if __name__ == "__main__":
    main()
