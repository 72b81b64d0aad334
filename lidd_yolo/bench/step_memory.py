"""Memory of a training step in a fresh process: `python -m lidd_yolo.bench.step_memory`.

Arguments: model YAML, auxiliary head or ``-``, side, batch, device. Writes one JSON line, ``peak_mib``: on a
CPU by how much the process's resident memory rose above its peak before the steps, on a GPU the most that torch
held there, network included. Two steps: the optimiser's state comes with the first.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence

import torch

from lidd_yolo.bench.in_turn import measured_alone, peak_memory_mib
from lidd_yolo.bench.training_step import trainable, training_step

_STEPS = 2
_MIB = 2**20


def step_memory(name: str, *, imgsz: int, batch: int, device: str, aux: str = "") -> float:
    """Return the memory of a training step in MiB, measured in a process of its own.

    Args:
        name: Model YAML.
        imgsz: Image side in pixels.
        batch: Images in a batch.
        device: What torch calls it.
        aux: Auxiliary head of ours; empty for the YAML's.
    """
    words = [name, aux or "-", imgsz, batch, device]
    return float(measured_alone("lidd_yolo.bench.step_memory", words)["peak_mib"])


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Take the steps and return the memory."""
    name, aux, imgsz, batch, device = sys.argv[1:] if argv is None else argv
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(sys.stderr):
        model = trainable(name, device=device, **({} if aux == "-" else {"aux": aux}))
        step = training_step(model, imgsz=int(imgsz), batch=int(batch), device=device)
        before = peak_memory_mib() if device == "cpu" else 0.0
        for _ in range(_STEPS):
            step()
    peak = peak_memory_mib() - before if device == "cpu" else torch.cuda.max_memory_allocated(device) / _MIB
    return {"peak_mib": round(peak, 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
