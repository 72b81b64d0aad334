"""Turn a finished ``yolo train`` run into a ledger entry: what ran, on what data and machine, and what came out."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.benchmark.machine import commit, describe_machine

_IDENTITY = ("dataset", "protocol", "seed", "data_sha256", "split_sha256", "group_sha256", "images", "leak")
_PLACES = ("project", "save_dir", "data", "model", "name", "resume")  # folders of one machine


def record_run(run: Path, *, splits: tuple[str, ...] = ("val", "test"), note: str = "") -> dict[str, Any]:
    """Measure the best checkpoint of a run and describe how it came about.

    Args:
        run: Folder of the run, with ``args.yaml``, ``results.csv`` and ``weights/best.pt``.
        splits: Splits of the data set to measure on.
        note: One sentence a reader of the figures needs.

    Returns:
        The entry: plain numbers, strings, lists and dictionaries.

    Raises:
        FileNotFoundError: If the run is not finished.
    """
    for part in ("args.yaml", "results.csv", "weights/best.pt"):
        if not (run / part).is_file():
            raise FileNotFoundError(f"{run / part} does not exist: {run} is not a finished training run")
    args = yaml.safe_load((run / "args.yaml").read_text(encoding="utf-8"))
    curve = read_curve(run / "results.csv")
    return {
        "name": run.name,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "note": note,
        "model": _model_name(args, run / "weights" / "best.pt"),
        "data": data_identity(args["data"]),
        "arguments": {k: v for k, v in args.items() if k not in _PLACES},
        "epochs_run": len(curve["epoch"]),
        "seconds": curve["time"][-1],
        "curve": curve,
        "results": {split: _measure(run / "weights" / "best.pt", args, split) for split in splits},
        "size": _size(run / "weights" / "best.pt", args["imgsz"]),
        "commit": commit(Path(__file__).parent),
        "machine": describe_machine(str(args.get("device") or "cpu")),
    }


def _model_name(args: dict[str, Any], weights: Path) -> str:
    """Return the name of the YAML or checkpoint that a run began with; a resumed run's arguments name ``last.pt``."""
    if args.get("resume"):
        from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

        return Path(YOLO(weights).model.yaml["yaml_file"]).name
    return Path(args["model"]).name


def read_curve(results: Path) -> dict[str, list[float]]:
    """Return epoch, wall time in seconds and mAP of every epoch from Ultralytics' ``results.csv``."""
    with results.open(encoding="utf-8", newline="") as file:
        rows = [{k.strip(): v for k, v in row.items()} for row in csv.DictReader(file)]
    columns = {
        "epoch": "epoch",
        "time": "time",
        "map50": "metrics/mAP50(B)",
        "map": "metrics/mAP50-95(B)",
        "mask_map50": "metrics/mAP50(M)",
        "mask_map": "metrics/mAP50-95(M)",
    }
    return {name: [float(row[column]) for row in rows] for name, column in columns.items() if column in rows[0]}


def data_identity(data: str) -> dict[str, Any]:
    """Return what identifies a data set: the hashes of its ``split.json`` or ``about.json``, else its name alone."""
    from ultralytics.data.utils import check_det_dataset  # noqa: PLC0415 - reading a ledger must not wait for it

    checked = check_det_dataset(data, autodownload=False)
    for name in ("split.json", "about.json"):
        file = Path(checked["path"]) / name
        if file.is_file():
            about = json.loads(file.read_text(encoding="utf-8"))
            return {"yaml": Path(data).name, **{k: about[k] for k in _IDENTITY if k in about}}
    return {"yaml": Path(data).name}


def _measure(weights: Path, args: dict[str, Any], split: str) -> dict[str, Any]:
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

    model = YOLO(weights)
    segments = model.task == "segment"
    metrics = model.val(
        data=args["data"], split=split, imgsz=args["imgsz"], device=args.get("device"), plots=False, verbose=False
    )
    masks = {f"mask_{key}": value for key, value in _figures(metrics.seg, metrics.names).items()} if segments else {}
    return {**_figures(metrics.box, metrics.names), **masks}


def _figures(metric: Any, names: dict[int, str]) -> dict[str, Any]:
    """Return what is kept of one of Ultralytics' metrics."""
    by_class = zip(metric.ap_class_index, metric.ap50, strict=True)
    return {
        "map50": round(float(metric.map50), 5),
        "map": round(float(metric.map), 5),
        "precision": round(float(metric.mp), 5),
        "recall": round(float(metric.mr), 5),
        "map50_of_class": {names[c]: round(float(m), 5) for c, m in by_class},
    }


def _size(weights: Path, imgsz: int) -> dict[str, Any]:
    from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

    model = YOLO(weights)
    model.fuse()
    _, parameters, _, gflops = model.info(verbose=False, imgsz=imgsz) or model.model.info(imgsz=imgsz)
    return {
        "parameters_folded": int(parameters),
        "gflops": round(float(gflops), 4),
        "file_bytes": weights.stat().st_size,
    }


def write_entry(entry: dict[str, Any], folder: Path) -> Path:
    """Write an entry beside its final name, then rename it, so that no half-written ledger file can exist."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{entry['name']}.json"
    beside = target.with_suffix(".tmp")
    beside.write_text(json.dumps(entry, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(target)
    return target
