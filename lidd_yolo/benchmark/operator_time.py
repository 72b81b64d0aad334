"""Where an exported network spends its time: every operator of a runtime's own profile, on one thread of the CPU.

Own work. The runtimes measure; their figures are medians over runs and are added up by the type of operator.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lidd_yolo.benchmark.inference_time import on_threads
from lidd_yolo.export.runtimes import open_runtime

_WARM_UP = 20

Profile = dict[str, tuple[str, list[float]]]
"""Name of an operator -> its type and the seconds of each run."""


def operator_times(runtime: str, file: Path, *, imgsz: int, rounds: int = 200) -> dict[str, Any]:
    """Return how long one picture takes as a whole, and in the operators of each type.

    Args:
        runtime: ``onnx`` or ``openvino``.
        file: What Ultralytics exported for one picture of this size.
        imgsz: Side of the generated picture in pixels.
        rounds: Runs that are measured, as often with the profile as without.

    Returns:
        ``whole_s``: seconds of a call without the profile; ``operators``: type -> ``count`` and ``seconds``, the most
        expensive first. What is missing in their sum passes between operators.
    """
    picture = np.random.default_rng(0).random((1, 3, imgsz, imgsz), dtype=np.float32)
    with on_threads(1):
        whole = _whole_call(runtime, file, picture, rounds)
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"count": 0, "seconds": 0.0})
    for kind, seconds in _PROFILERS[runtime](file, picture, rounds).values():
        found[kind]["count"] += 1
        found[kind]["seconds"] += statistics.median(seconds)
    ordered = sorted(found.items(), key=lambda item: -item[1]["seconds"])
    return {"whole_s": whole, "operators": dict(ordered)}


def _whole_call(runtime: str, file: Path, picture: NDArray[np.float32], rounds: int) -> float:
    import torch  # noqa: PLC0415 - a second to load

    run, batch, times = open_runtime(runtime, file), torch.from_numpy(picture), []
    for _ in range(_WARM_UP + rounds):
        start = time.perf_counter()
        run(batch)
        times.append(time.perf_counter() - start)
    return statistics.median(times[_WARM_UP:])


def _onnx(file: Path, picture: NDArray[np.float32], rounds: int) -> Profile:
    import onnxruntime  # noqa: PLC0415 - a part of the extra lidd-yolo[export]

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        for _ in range(_WARM_UP + rounds):
            session.run(None, {session.get_inputs()[0].name: picture})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    found: Profile = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            found.setdefault(event["name"], (event["args"]["op_name"], []))[1].append(1e-6 * event["dur"])
    return {name: (kind, seconds[_WARM_UP:]) for name, (kind, seconds) in found.items()}


def _openvino(folder: Path, picture: NDArray[np.float32], rounds: int) -> Profile:
    import openvino  # noqa: PLC0415 - a part of the extra lidd-yolo[export]

    config = {"PERF_COUNT": True, "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    request = core.compile_model(core.read_model(next(folder.glob("*.xml"))), "CPU", config).create_infer_request()
    found: Profile = {}
    for turn in range(_WARM_UP + rounds):
        request.infer(picture)
        for node in request.get_profiling_info() if turn >= _WARM_UP else ():
            if node.status == openvino.ProfilingInfo.Status.EXECUTED:
                found.setdefault(node.node_name, (node.node_type, []))[1].append(node.real_time.total_seconds())
    return found


_PROFILERS: dict[str, Callable[[Path, NDArray[np.float32], int], Profile]] = {"onnx": _onnx, "openvino": _openvino}
