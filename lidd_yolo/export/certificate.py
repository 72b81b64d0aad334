"""The parity certificate: what was compared, with which limits, the worst case and its picture, hashes and versions.

One JSON file beside the weights; a format that is certified later joins those certified before.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lidd_yolo.export.calibration import Calibration
from lidd_yolo.export.comparison import Compared
from lidd_yolo.export.float_check import FormatResult
from lidd_yolo.export.int8_check import MAP_LIMIT, RECALL_LIMIT, Int8Result

_PACKAGES = (
    "lidd-yolo",
    "ultralytics",
    "torch",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxslim",
    "openvino",
    "ncnn",
    "pnnx",
    "nncf",
)


def certificate_file(weights: Path) -> Path:
    """Return where the certificate of a checkpoint lies."""
    return weights.with_name(f"{weights.stem}.parity.json")


def file_hashes(path: Path) -> dict[str, str]:
    """Return the SHA-256 of a file, or of each file in a folder, by its place beside the weights."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    place = path.parent
    return {f.relative_to(place).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def compared_entry(compared: Compared, files: Sequence[Path]) -> dict[str, Any]:
    """Return one comparison as it stands in the certificate."""

    def told(which: str) -> dict[str, Any]:
        apart = getattr(compared, which)
        return {"difference": apart.value, "output": apart.part, "picture": files[apart.picture].name}

    final = {**asdict(compared.final), "picture": files[compared.final_picture].name}
    return {"case": compared.case, "to_folded": told("to_folded"), "to_trained": told("to_trained"), "final": final}


def format_entry(result: FormatResult, files: Sequence[Path], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the certificate says about one format; the hashes of its files are added when they are placed.

    Args:
        result: What was found out.
        files: The pictures.
        context: Data set, confidence and the like.
    """
    cases = [compared_entry(compared, files) for compared in result.compared]
    sides = ("to_folded", "to_trained") if cases else ()
    worst = {side: max(cases, key=lambda case: float(case[side]["difference"])) for side in sides}
    return {
        "passed": not result.failures,
        "failures": result.failures,
        "first_layer": result.first_layer,
        "precision": "float16" if result.half else "float32",
        "delivered": str(result.delivered),
        "limits": {**asdict(result.limits), "raw_to_trained": result.limits.raw_to_trained},
        "worst": {side: {"case": case["case"], **case[side]} for side, case in worst.items()},
        "map50_95": result.map,
        "cases": cases,
        "not_compared": result.left_out,
        "notes": result.notes,
        **context,
    }


def int8_entry(result: Int8Result, calibration: Calibration, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the certificate says about one format in int8; hashes are added when the files are placed.

    Args:
        result: What was found out.
        calibration: The training pictures.
        context: Data set, confidence and the like.
    """
    found = result.sensitivity
    masks = {"mask_recall": {name: list(pair) for name, pair in result.mask_recall.items()}}
    return {
        "passed": not result.failures,
        "failures": result.failures,
        "first_layer": "",
        "precision": "int8",
        "delivered": str(result.delivered),
        "limits": {"recall": RECALL_LIMIT, "map": MAP_LIMIT},
        "calibration": calibration.as_dict(),
        "keep_float": list(result.keep_float),
        "recall": {name: list(pair) for name, pair in result.recall.items()},
        **(masks if result.mask_recall else {}),
        "sensitivity": asdict(found) if found else None,
        "map50_95": result.map,
        "worst": {},
        "cases": [],
        "not_compared": [],
        "notes": result.notes,
        **context,
    }


def surroundings() -> dict[str, Any]:
    """Return the date, the machine and the versions of everything that takes part."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def joined_with(earlier: Path, certificate: Mapping[str, Any]) -> dict[str, Any]:
    """Return a certificate with the formats that an earlier one of the same weights certified, if they still hold.

    Args:
        earlier: File of the earlier certificate, which need not exist.
        certificate: The new one.
    """
    try:
        before = json.loads(earlier.read_text(encoding="utf-8"))
        same = before["weights"]["sha256"] == certificate["weights"]["sha256"]
        kept = {k: v for k, v in before["formats"].items() if same and v["passed"] and _holds(v, earlier.parent)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        kept = {}
    formats = {**kept, **certificate["formats"]} if certificate["fold"]["passed"] else certificate["formats"]
    passed = certificate["fold"]["passed"] and all(entry["passed"] for entry in formats.values())
    return {"passed": bool(passed), **certificate, "formats": formats}


def _holds(entry: Mapping[str, Any], folder: Path) -> bool:
    """Tell whether the files of a certified format are still the same."""
    places = {folder / name.split("/")[0] for name in entry["files"]}
    return all(place.exists() for place in places) and entry["files"] == {
        name: found for place in places for name, found in file_hashes(place).items()
    }
