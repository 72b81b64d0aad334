"""Run an ncnn file in a process of its own: a graph that ncnn misunderstands can crash it, and the certificate with it.

Computed in float32 throughout, whatever the processor could do faster.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.files import stage
from lidd_yolo.optional import load_extra

_IN_FLOAT32 = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_vulkan_compute")


def run_ncnn(folder: Path, batch: NDArray[np.float32], threads: int) -> list[NDArray[np.float32]]:
    """Return the outputs of what Ultralytics exported for pictures ``(N, C, H, W)``, taken one at a time.

    Raises:
        RuntimeError: If ncnn fails or crashes; says how.
    """
    with stage("lidd-ncnn-") as exchange:
        given, made = exchange / "in.npy", exchange / "out.npz"
        np.save(given, batch)
        words = [sys.executable, "-m", "lidd_yolo.export.ncnn_runtime", folder, given, made, threads]
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
        if done.returncode:
            message = (done.stderr.strip().splitlines() or ["no message"])[-1]
            how = f"crashed (signal {-done.returncode})" if done.returncode < 0 else f"failed: {message}"
            raise RuntimeError(f"ncnn {how}")
        with np.load(made) as outputs:
            return [outputs[name] for name in outputs.files]


def main(folder: str, given: str, made: str, threads: str) -> None:
    """Do in the other process what `run_ncnn` asks for."""
    ncnn = load_extra("ncnn", "export")
    net = ncnn.Net()
    net.opt.num_threads = int(threads)
    for name in _IN_FLOAT32:
        setattr(net.opt, name, False)
    param = next(Path(folder).glob("*.param"))
    if net.load_param(str(param)) or net.load_model(str(param.with_suffix(".bin"))):
        raise RuntimeError(f"{param.name} holds what ncnn cannot run")
    rows: list[list[NDArray[np.float32]]] = []
    for picture in np.load(given):
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], ncnn.Mat(picture).clone())
        rows.append([])
        for name in sorted(net.output_names()):
            status, output = extractor.extract(name)
            if status:
                raise RuntimeError(f"no output {name}: status {status}")
            rows[-1].append(np.array(output))
    np.savez(made, *[np.stack(column) for column in zip(*rows, strict=True)])


if __name__ == "__main__":
    main(*sys.argv[1:])
