"""Golden files: what the commands print and write, kept below ``tests/golden`` and compared by tests.

A change that is meant is written into them by ``LIDD_YOLO_REWRITE_GOLDEN=1 pytest -k golden``; look at ``git diff``.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
REWRITE = "LIDD_YOLO_REWRITE_GOLDEN"


def assert_golden(name: str, text: str, alike: Callable[[str], str] = str) -> None:
    """Compare a text with its golden file, or write that file with ``LIDD_YOLO_REWRITE_GOLDEN=1``.

    Args:
        name: File below ``tests/golden``.
        text: What is there now.
        alike: Takes from both texts what may differ.
    """
    file = GOLDEN / name
    if os.environ.get(REWRITE) == "1":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    wanted = file.read_text(encoding="utf-8")
    assert alike(text).splitlines() == alike(wanted).splitlines(), f"if it is meant: {REWRITE}=1, then git diff"


def as_json(content: Any) -> str:
    """Return JSON in the order of its keys, for a golden file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def without(text: str, **places: object) -> str:
    """Return a text with each of these folders replaced by its key in capital letters."""
    for key, place in sorted(places.items(), key=lambda item: -len(str(item[1]))):
        text = text.replace(str(place), key.upper())
    return text
