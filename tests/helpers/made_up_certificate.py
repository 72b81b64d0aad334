"""Made-up results of exports, written as a certificate by what ``lidd export`` writes them with."""

import hashlib
from pathlib import Path
from typing import Any

from lidd_yolo.export.certificate import Agreement, Certificate, file_hashes, surroundings
from lidd_yolo.export.comparison import Apart, Checked, Compared
from lidd_yolo.export.formats import InputShape, Variant, limits_of

PICTURES = [Path("scratch_1.png"), Path("pit_7.png")]
CASES = ("static 192x192, batch 1", "dynamic 192x128, batch 1", "dynamic 192x192, batch 3")


def compared(case: str, difference: float, *, iou: float = 0.9995, alone: int = 0) -> Compared:
    """Return outputs that differ by so much from the folded network's, and by twice that from the trained one's."""
    first, second = (picture.name for picture in PICTURES)
    final = Agreement(12, alone, 1, iou, 1.0, difference * 2, second)
    return Compared(case, Apart(difference, "scores", second), Apart(2 * difference, "boxes", first), final)


def format_of(name: str, difference: float, *, failures: tuple[str, ...] = (), **words: Any) -> dict[str, Any]:
    """Return the entry of a format that was compared at three shapes."""
    result = Checked(name, Variant(InputShape(192, 192)), limits_of(name, half=False), failures=list(failures))
    result.compared = [compared(case, difference * (i + 1), **words) for i, case in enumerate(CASES)]
    result.map = None if failures else {"box": 0.3512}
    result.first_layer = "model.5 (CSEB)" if failures else ""
    context = {
        "data": {"file": "steel.yaml", "split": "val", "pictures": [p.name for p in PICTURES]},
        "confidence": 0.25,
    }
    return {**result.entry(), **context, **surroundings()}


def int8_entry() -> dict[str, Any]:
    """Return an entry with recall of each class and the calibration, and without comparisons of outputs."""
    return {
        "passed": False,
        "failures": ["recall of pit falls from 0.900 to 0.850, limit 0.01"],
        "precision": "int8",
        "recall": {"scratch": [0.8, 0.81], "pit": [0.9, 0.85]},
        "calibration": {
            "split": "train",
            "seed": 0,
            "pictures": ["a.png", "b.png", "c.png", "d.png"],
            "sha256": "ab" * 32,
        },
        "map50_95": {"box": 0.345},
    }


def write_certificate(file: Path, formats: dict[str, dict[str, Any]], *, fold: float = 4e-6) -> Path:
    """Write a certificate with its weights and a file for each format beside it; return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    weights = file.with_name("best.pt")
    weights.write_bytes(b"weights")
    for name, entry in formats.items():
        exported = file.with_name(f"best.{name}")
        exported.write_text(name)
        entry["files"] = file_hashes(exported)
    worst = compared("folded", fold / 2)
    passed = fold <= 1e-4
    content = {
        "weights": {
            "file": weights.name,
            "sha256": hashlib.sha256(b"weights").hexdigest(),
            "network": "LIDDModel",
            "task": "detect",
            "trained_at": 192,
        },
        "fold": {
            "passed": passed,
            "limit": 1e-4,
            "first_layer": "" if passed else "model.2 (CSEA)",
            **worst.entry(),
            "map50_95": {"trained": {"box": 0.3511}, "folded": {"box": 0.3511}},
        },
        "formats": formats,
    }
    Certificate.of(content).write(file)
    return file
