"""A made-up ledger: entries of schema 2 with their evidence files, for reports."""

import hashlib
import json
from pathlib import Path
from typing import Any

from lidd_yolo.results.evidence import Evidence, named_figures
from tests.helpers.evidence import write_evidence

CLASSES = ("crazing", "inclusion", "rolled-in_scale")
MACHINE = {"processor": "Some CPU", "threads": 1, "versions": {"lidd-yolo": "0.1.0", "ultralytics": "8.4.190"}}


def made_up_entry(
    name: str, *, model: str = "lidd.yaml", seed: int = 0, map50: float = 0.6, **keys: Any
) -> dict[str, Any]:
    """Return the entry of one training; ``keys`` replace or add keys of the entry."""
    masks = {"mask_map50": map50 - 0.05, "mask_map": 0.4 * map50} if "seg" in model else {}
    figures = {
        "map50": map50,
        "map": map50 / 2,
        "precision": 0.7,
        "recall": 0.6,
        "map50_of_class": {c: map50 - 0.1 * i for i, c in enumerate(CLASSES)},
        "map_of_class": {c: map50 / 2 - 0.05 * i for i, c in enumerate(CLASSES)},
        "coco": {"map50": map50 + 0.001, "map": map50 / 2, "difference": {"map50": 0.001, "map": 0.0}},
        **masks,
    }
    entry = {
        "schema": 2,
        "name": name,
        "date": "2026-01-02",
        "note": "",
        "model": model,
        "data": {
            "yaml": "steel.yaml",
            "dataset": "steel",
            "protocol": "grouped",
            "seed": 0,
            "data_sha256": "da" * 32,
            "split_sha256": "51" * 32,
            "images": {"train": 100, "val": 20, "test": 40},
            "leak": {"val": 0.0, "test": 0.125},
        },
        "arguments": {"epochs": 5, "imgsz": 192, "seed": seed, "lr0": 0.01, "device": "cpu"},
        "epochs_run": 5,
        "seconds": 1800.0,
        "curve": {"epoch": [1, 2, 3, 4, 5], "map50": [0.1, 0.2, 0.3, 0.4, map50], "map": [0, 0.1, 0.1, 0.2, map50 / 2]},
        "results": {"val": dict(figures), "test": figures},
        "size": {"file_bytes": 1_594_609},
        "counts": {
            "imgsz": 192,
            "parameters": 1_200_000,
            "parameters_folded": 626_256,
            "macs": 107e6,
            "gflops": 0.214,
            "difference": 0.0,
        },
        "commit": "0123456789abcdef",
        "machine": MACHINE,
    }
    return {**entry, **keys}


def write_entry(
    folder: Path, entry: dict[str, Any], *, quality: float | None = None, groups: int | None = None
) -> dict[str, Any]:
    """Write an entry into a flat ledger, with evidence of the test pictures where a quality is given; returns it."""
    if quality is not None:
        seed = entry["arguments"]["seed"]
        file = folder / f"{entry['name']}.test.npz"
        write_evidence(file, quality=quality, seed=seed, masks="mask_map" in entry["results"]["test"], groups=groups)
        entry["evidence"] = {"test": named_evidence(file, entry["results"]["test"])}
    put_entry(folder, entry)
    return entry


def put_entry(folder: Path, entry: dict[str, Any]) -> None:
    """Write an entry into the ledger itself, in no folder of a kind."""
    (folder / f"{entry['name']}.json").write_text(json.dumps(entry), encoding="utf-8")


def named_evidence(file: Path, results: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry says of an evidence file; the figures are made up, so the recorded difference is large."""
    figures = named_figures(Evidence.load(file), results)
    difference = {
        key: {name: number - results[key][name] for name, number in value.items()}
        if isinstance(value, dict)
        else value - results[key]
        for key, value in figures.items()
        if key in results
    }
    return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "difference": difference}


def write_latency(folder: Path, times: dict[str, float], *, imgsz: int = 192, threads: int = 1) -> dict[str, Any]:
    """Write the entry of times of a prediction in seconds; returns it."""
    results = {model: {"median_s": time, "min_s": time, "ratio": 1.0} for model, time in times.items()}
    entry = {
        "name": f"latency-{imgsz}-threads{threads}",
        "imgsz": imgsz,
        "batch": 1,
        "runtime": "pytorch",
        "results": results,
        "machine": {**MACHINE, "threads": threads},
    }
    put_entry(folder, entry)
    return entry
