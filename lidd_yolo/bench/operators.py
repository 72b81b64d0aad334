"""Where an exported network spends its time: every operator of a runtime's own profile, on one thread of the CPU.

The runtimes measure: of ONNX Runtime's figures the median over runs is taken, OpenVINO gives an average. They
are added up by the type of operator.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from lidd_yolo.bench.latency import on_threads
from lidd_yolo.export.runtimes import open_runtime

_WARM_UP = 20

Profile = dict[str, tuple[str, float]]
"""Name of an operator -> its type and the seconds that it takes in a run."""


class Profiler(Protocol):
    """A network opened with its runtime's profile on."""

    def run(self, picture: NDArray[np.float32]) -> None:
        """Run it once."""

    def collect(self) -> Profile:
        """Return the profile of all runs; to be called once, after them."""


def operator_times(runtime: str, files: Mapping[str, Path], *, imgsz: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Return how long one picture takes as a whole, and in the operators of each type.

    All networks run in turn, each with and without the profile, so that a machine that changes its pace changes all.

    Args:
        runtime: ``onnx`` or ``openvino``.
        files: Name -> what Ultralytics exported for one picture of this size.
        imgsz: Side of the generated picture in pixels.
        rounds: Rounds that count.

    Returns:
        Name -> ``whole_s``: seconds of a call without the profile; ``operators``: type -> ``count`` and ``seconds``,
        the most expensive first. Their sum may exceed the call: the profile takes time itself.
    """
    picture = np.random.default_rng(0).random((1, 3, imgsz, imgsz), dtype=np.float32)
    batch = torch.from_numpy(picture)
    with on_threads(1):
        plain = {name: open_runtime(runtime, file) for name, file in files.items()}
        profiled = {name: _PROFILERS[runtime](file) for name, file in files.items()}
        whole: dict[str, list[float]] = {name: [] for name in files}
        for _ in range(_WARM_UP + rounds):
            for name, run in plain.items():
                start = time.perf_counter()
                run(batch)
                whole[name].append(time.perf_counter() - start)
                profiled[name].run(picture)
    return {
        name: {"whole_s": statistics.median(whole[name][_WARM_UP:]), "operators": _by_type(profiled[name].collect())}
        for name in files
    }


def _by_type(profile: Profile) -> dict[str, dict[str, float]]:
    """Add up all operators of a type; the most expensive type first."""
    added: dict[str, dict[str, float]] = defaultdict(lambda: {"count": 0, "seconds": 0.0})
    for kind, seconds in profile.values():
        added[kind]["count"] += 1
        added[kind]["seconds"] += seconds
    return dict(sorted(added.items(), key=lambda item: -item[1]["seconds"]))


class _Onnx:
    def __init__(self, file: Path) -> None:
        import onnxruntime  # noqa: PLC0415 - a part of the extra lidd-yolo[export]

        self._folder = tempfile.TemporaryDirectory()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(self._folder.name) / "profile")
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def run(self, picture: NDArray[np.float32]) -> None:
        self._session.run(None, {self._session.get_inputs()[0].name: picture})

    def collect(self) -> Profile:
        with self._folder:
            events = json.loads(Path(self._session.end_profiling()).read_text(encoding="utf-8"))
        kinds: dict[str, str] = {}
        runs: dict[str, list[float]] = defaultdict(list)
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
                kinds[event["name"]] = event["args"]["op_name"]
                runs[event["name"]].append(1e-6 * event["dur"])
        return {name: (kind, statistics.median(runs[name][_WARM_UP:])) for name, kind in kinds.items()}


class _OpenVINO:
    def __init__(self, folder: Path) -> None:
        import openvino  # noqa: PLC0415 - a part of the extra lidd-yolo[export]

        config = {"PERF_COUNT": True, "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(next(folder.glob("*.xml"))), "CPU", config)
        self._executed = openvino.ProfilingInfo.Status.EXECUTED
        self._request = compiled.create_infer_request()

    def run(self, picture: NDArray[np.float32]) -> None:
        self._request.infer(picture)

    def collect(self) -> Profile:
        """Return OpenVINO's own averages over all runs, in whole microseconds: what takes less counts as not run."""
        info = [node for node in self._request.get_profiling_info() if node.status == self._executed]
        return {node.node_name: (node.node_type, node.real_time.total_seconds()) for node in info}


_PROFILERS: dict[str, Callable[[Path], Profiler]] = {"onnx": _Onnx, "openvino": _OpenVINO}
