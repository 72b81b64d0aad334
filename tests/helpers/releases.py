"""Where the published releases lie, for tests that need a real one."""

import os
from pathlib import Path

import pytest


def release(name: str) -> Path:
    """Return the folder of a release, or skip the test with the reason."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("LIDD_YOLO_DATA") or beside) / name
    if not folder.is_dir():
        pytest.skip(f"no release {name}: set LIDD_YOLO_DATA to the folder that holds {name}/")
    return folder
