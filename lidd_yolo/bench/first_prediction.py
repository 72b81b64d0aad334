"""The first predictions of a fresh process: ``python -m lidd_yolo.bench.first_prediction MODEL FOLDER IMGSZ``.

Writes one JSON line: ``first_at``, the time in seconds since 1970 when the first picture was done, and the
process's largest resident memory in MiB with the packages loaded (``imported_mib``) and after all pictures of the
folder (``peak_mib``).
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from lidd_yolo.bench.in_turn import peak_memory_mib


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Predict every picture of a folder with a network and return what was measured."""
    model, folder, imgsz = sys.argv[1:] if argv is None else argv
    with contextlib.redirect_stdout(sys.stderr):
        from ultralytics import YOLO  # noqa: PLC0415 - its import is a part of what is measured

        imported = peak_memory_mib()
        first = 0.0
        results = YOLO(model).predict(folder, imgsz=int(imgsz), device="cpu", stream=True, verbose=False)
        for _ in results:
            first = first or time.time()
    return {"first_at": first, "imported_mib": round(imported, 1), "peak_mib": round(peak_memory_mib(), 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
