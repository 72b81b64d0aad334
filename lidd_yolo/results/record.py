"""Turn a finished ``yolo train`` run into a ledger entry: what ran, on what data and machine, and what came out."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.data.groups.picture_groups import stated_groups
from lidd_yolo.data.splits.report import data_identity
from lidd_yolo.results.coco_figures import coco_figures, require_coco
from lidd_yolo.results.cost import count
from lidd_yolo.results.evidence import Evidence, from_seen
from lidd_yolo.results.machine import commit, describe_machine
from lidd_yolo.results.seen import Seen
from lidd_yolo.results.validation import observe

SCHEMA = 2
"""Version of a training entry: 1, without the key, lacks counts, second opinion, losses and evidence."""
_PLACES = ("project", "save_dir", "data", "model", "name", "resume")  # folders of one machine


def record_run(
    run: Path, *, name: str | None = None, splits: tuple[str, ...] = ("val", "test"), note: str = ""
) -> dict[str, Any]:
    """Measure the best checkpoint of a run and describe how it came about.

    The evidence of each validation is written into the run's folder; ``evidence_files`` names it for the ledger.

    Args:
        run: Folder of the run, with ``args.yaml``, ``results.csv`` and ``weights/best.pt``.
        name: Name of the entry; None takes the folder's.
        splits: Splits to measure on, of those that the data set has.
        note: One sentence a reader of the figures needs.

    Returns:
        The entry: plain numbers, strings, lists and dictionaries.

    Raises:
        FileNotFoundError: If the run is not finished.
        ModuleNotFoundError: If the second opinion on mAP is not installed; says what to install.
    """
    for part in ("args.yaml", "results.csv", "weights/best.pt"):
        if not (run / part).is_file():
            raise FileNotFoundError(f"{run / part} does not exist: {run} is not a finished training run")
    require_coco()
    name = name or run.name
    args = yaml.safe_load((run / "args.yaml").read_text(encoding="utf-8"))
    weights = run / "weights" / "best.pt"
    curve = read_curve(run / "results.csv")
    counts = count(weights, args["imgsz"])
    measured = {split: _measure(weights, args, split) for split in splits if _has_split(args["data"], split)}
    return {
        "schema": SCHEMA,
        "name": name,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "note": note,
        "model": _model_name(args, weights),
        "data": data_identity(args["data"], _folder(args["data"])),
        "arguments": {k: v for k, v in args.items() if k not in _PLACES},
        "epochs_run": len(curve["epoch"]),
        "seconds": curve["time"][-1],
        "curve": curve,
        "results": {split: results for split, (results, _) in measured.items()},
        "evidence": {
            split: _save_evidence(evidence, results, run / f"{name}.{split}.npz")
            for split, (results, evidence) in measured.items()
        },
        "size": {"file_bytes": weights.stat().st_size},
        "counts": counts,
        "commit": commit(Path(__file__).parent),
        "machine": describe_machine(str(args.get("device") or "cpu")),
    }


def evidence_files(entry: dict[str, Any], run: Path) -> dict[str, Path]:
    """Return what ``ledger.append`` has to copy beside an entry that ``record_run`` made of this run."""
    return {named["file"]: run / named["file"] for named in entry["evidence"].values()}


def _model_name(args: dict[str, Any], weights: Path) -> str:
    """Return the name of the YAML or checkpoint that a run began with; a resumed run's arguments name ``last.pt``."""
    if args.get("resume"):
        from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

        return Path(YOLO(weights).model.yaml["yaml_file"]).name
    return Path(args["model"]).name


def read_curve(results: Path) -> dict[str, list[float | None]]:
    """Return epoch, wall time in seconds, mAP and losses of every epoch from Ultralytics' ``results.csv``.

    Losses keep their column's name, such as ``train/box_loss``; a number that is not finite becomes None.
    """
    with results.open(encoding="utf-8", newline="") as file:
        rows = [{k.strip(): float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    columns = {
        "epoch": "epoch",
        "time": "time",
        "map50": "metrics/mAP50(B)",
        "map": "metrics/mAP50-95(B)",
        "mask_map50": "metrics/mAP50(M)",
        "mask_map": "metrics/mAP50-95(M)",
        **{column: column for column in rows[0] if column.startswith(("train/", "val/"))},
    }
    return {
        name: [row[column] if math.isfinite(row[column]) else None for row in rows]
        for name, column in columns.items()
        if column in rows[0]
    }


def _folder(data: str) -> Path:
    """Return the folder of a data set."""
    from ultralytics.data.utils import check_det_dataset  # noqa: PLC0415 - reading a ledger must not wait for it

    return Path(check_det_dataset(data, autodownload=False)["path"])


def _has_split(data: str, split: str) -> bool:
    from ultralytics.data.utils import check_det_dataset  # noqa: PLC0415 - reading a ledger must not wait for it

    return bool(check_det_dataset(data, autodownload=False).get(split))


def _measure(weights: Path, args: dict[str, Any], split: str) -> tuple[dict[str, Any], Evidence]:
    """Return Ultralytics' figures beside COCO's, and the evidence."""
    metrics, seen = observe(weights, args["data"], split, args["imgsz"], args.get("device"))
    results = _figures(metrics.box, metrics.names)
    if hasattr(metrics, "seg"):
        results |= {f"mask_{key}": value for key, value in _figures(metrics.seg, metrics.names).items()}
    coco = {key: round(value, 5) for key, value in coco_figures(seen).items()}
    return {**results, "coco": {**coco, "difference": _differences(coco, results)}}, from_seen(
        seen, _groups(args["data"], seen)
    )


def _groups(data: str, seen: Sequence[Seen]) -> tuple[int, ...] | None:
    """Return which pictures show the same spot, if the data set says so."""
    return stated_groups(_folder(data), [picture.file for picture in seen if picture.file is not None])


def _save_evidence(evidence: Evidence, results: dict[str, Any], target: Path) -> dict[str, Any]:
    """Write an evidence file; return its name, its hash and how far figures computed from it are from the results."""
    evidence.save(target)
    return {
        "file": target.name,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "difference": _differences(evidence.figures(), results),
    }


def _differences(figures: dict[str, float], results: dict[str, Any]) -> dict[str, float]:
    return {key: round(value - results[key], 5) + 0.0 for key, value in figures.items()}  # + 0.0: no minus zero


def _figures(metric: Any, names: dict[int, str]) -> dict[str, Any]:
    """Return what is kept of one of Ultralytics' metrics."""
    classes = [names[c] for c in metric.ap_class_index]
    return {
        "map50": round(float(metric.map50), 5),
        "map": round(float(metric.map), 5),
        "precision": round(float(metric.mp), 5),
        "recall": round(float(metric.mr), 5),
        "map50_of_class": {name: round(float(m), 5) for name, m in zip(classes, metric.ap50, strict=True)},
        "map_of_class": {name: round(float(m), 5) for name, m in zip(classes, metric.ap, strict=True)},
    }
