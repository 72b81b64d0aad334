"""Make the checkout importable, keep Ultralytics offline and torch on one thread."""

import os
import sys
from pathlib import Path

os.environ.setdefault("YOLO_OFFLINE", "true")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

torch.set_num_threads(1)
