"""On what a figure was measured: processor, threads, versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from lidd_yolo.optional import package_version

_PACKAGES = (
    *("lidd-yolo", "ultralytics", "torch", "torchvision", "numpy", "opencv-python", "onnxruntime"),
    *("openvino", "ultralytics-thop", "faster-coco-eval"),
)


def describe_machine(device: str = "cpu") -> dict[str, Any]:
    """Return processor, cores and versions, and the GPU's name where ``device`` is one."""
    import torch  # noqa: PLC0415 - reading a ledger must not wait for it

    machine: dict[str, Any] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := package_version(name))},
    }
    if device not in {"", "cpu"} and torch.cuda.is_available():
        machine["gpu"] = torch.cuda.get_device_name()
    return machine


def commit(folder: Path) -> str:
    """Return the git commit of a folder, with ``+`` for uncommitted changes of tracked files; '' outside git."""
    head = _git(folder, "rev-parse", "HEAD")
    changed = head and _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{head}+" if changed else head


def _git(folder: Path, *command: str) -> str:
    try:
        run = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
