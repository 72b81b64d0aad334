"""Turn a finished ``yolo train`` run into a ledger entry: what ran, on what data and machine, and what came out."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

from lidd_yolo.data.groups.picture_groups import stated_groups
from lidd_yolo.data.splits.report import data_identity
from lidd_yolo.errors import InputError
from lidd_yolo.files import sha256
from lidd_yolo.optional import load_extra
from lidd_yolo.results.coco_figures import COCO, coco_figures
from lidd_yolo.results.curve import read_curve
from lidd_yolo.results.evidence import Evidence, from_results, named_figures
from lidd_yolo.results.machine import commit, describe_machine
from lidd_yolo.results.validation import validate
from lidd_yolo.yaml_text import read_mapping

SCHEMA = 2
"""Version of a training entry."""
_PLACES = ("project", "save_dir", "data", "model", "name", "resume")  # folders of one machine


def record_run(run: Path, *, name: str | None = None, note: str = "") -> dict[str, Any]:
    """Measure the best checkpoint of a run and describe how it came about.

    The evidence of each validation is written into the run's folder; ``evidence_files`` names it for the ledger.

    Args:
        run: Folder of the run, with ``args.yaml``, ``results.csv`` and ``weights/best.pt``.
        name: Name of the entry; None takes the folder's.
        note: One sentence a reader of the figures needs.

    Raises:
        FileNotFoundError: If the run is not finished.
        InputError: If ``args.yaml`` cannot be read or lacks what is needed.
        ImportError: If the second opinion on mAP is not installed; says what to install.
    """
    from ultralytics.data.utils import check_det_dataset  # noqa: PLC0415 - seconds to import

    for part in ("args.yaml", "results.csv", "weights/best.pt"):
        if not (run / part).is_file():
            raise FileNotFoundError(f"{run / part} does not exist: {run} is not a finished training run")
    load_extra(COCO)
    name = name or run.name
    args = read_mapping(run / "args.yaml")
    if missing := {"data", "imgsz", "model"} - args.keys():
        raise InputError(f"{run / 'args.yaml'}: it does not say {sorted(missing)[0]}: {run} is not a training run")
    weights = run / "weights" / "best.pt"
    curve = read_curve(run / "results.csv")
    counts = count(weights, args["imgsz"])
    data = check_det_dataset(args["data"], autodownload=False)
    folder = Path(data["path"])
    measured = {split: _measure(weights, args, split, folder) for split in ("val", "test") if data.get(split)}
    return {
        "schema": SCHEMA,
        "name": name,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "note": note,
        "model": _model_name(args, weights),
        "data": data_identity(args["data"], folder, data["train"]),
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


def count(weights: Path | str, imgsz: int) -> dict[str, Any]:
    """Count a network in the form that predicts: every branch merged, every normalisation folded.

    One multiply-add (MAC) is two floating-point operations (FLOPs); papers print either as "FLOPs".

    Returns:
        ``imgsz``; ``parameters`` as trained, with what only training needs; ``parameters_folded``; ``macs`` by thop, of
        convolutions and, by a rule each, interpolations, poolings and normalisations; ``gflops``, 2 ``macs`` / 1e9.
    """
    import torch  # noqa: PLC0415 - seconds to import
    from ultralytics import YOLO  # noqa: PLC0415

    model = YOLO(weights).model.float().cpu()
    channels = int(model.yaml.get("channels", 3))
    trained = type(model)(copy.deepcopy(model.yaml), ch=channels, verbose=False)
    model.fuse(verbose=False)
    model.eval()
    picture = torch.zeros(1, channels, imgsz, imgsz)
    macs = round(import_module("thop").profile(model, inputs=(picture,), verbose=False)[0])
    return {
        "imgsz": imgsz,
        "parameters": _parameters(trained),
        "parameters_folded": _parameters(model),
        "macs": macs,
        "gflops": 2 * macs / 1e9,
    }


def _parameters(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def evidence_files(entry: dict[str, Any], run: Path) -> dict[str, Path]:
    """Return what ``ledger.append`` has to copy beside an entry that ``record_run`` made of this run."""
    return {named["file"]: run / named["file"] for named in entry["evidence"].values()}


def _model_name(args: dict[str, Any], weights: Path) -> str:
    """Return the name of the YAML or checkpoint that a run began with; a resumed run's arguments name ``last.pt``."""
    if args.get("resume"):
        from ultralytics import YOLO  # noqa: PLC0415 - reading a ledger must not wait for it

        return Path(YOLO(weights).model.yaml["yaml_file"]).name
    return Path(args["model"]).name


def _measure(weights: Path, args: dict[str, Any], split: str, folder: Path) -> tuple[dict[str, Any], Evidence]:
    """Return Ultralytics' figures beside COCO's, and the evidence."""
    metrics, pictures = validate(weights, args["data"], split, args["imgsz"], args.get("device"))
    results = _figures(metrics.box, metrics.names)
    if hasattr(metrics, "seg"):
        results |= {f"mask_{key}": value for key, value in _figures(metrics.seg, metrics.names).items()}
    coco = {key: round(value, 5) for key, value in coco_figures(pictures).items()}
    results["coco"] = {**coco, "difference": _differences(coco, results)}
    return results, from_results(pictures, stated_groups(folder, [picture.file for picture in pictures]))


def _save_evidence(evidence: Evidence, results: dict[str, Any], target: Path) -> dict[str, Any]:
    """Write an evidence file; return its name, its hash and how far figures computed from it are from the results."""
    evidence.save(target)
    return {
        "file": target.name,
        "sha256": sha256(target),
        "difference": _differences(named_figures(evidence, results), results),
    }


def _differences(figures: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _differences(value, results[key])
        if isinstance(value, Mapping)
        else round(value - results[key], 5) + 0.0  # no minus zero
        for key, value in figures.items()
    }


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
