"""How many damaged files a run makes, and how long each may take."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 2.0
"""Longest processor time that one file may take; the clock would count what else the machine does."""


def rounds(whole: int) -> int:
    """Return the number of files: all with ``LIDD_YOLO_FUZZ=whole`` in the environment, else a tenth."""
    return whole if os.environ.get("LIDD_YOLO_FUZZ") == "whole" else whole // 10


def in_time(call: Callable[[], T]) -> T:
    """Return what a call returns; fail if it takes too much processor time."""
    begun = time.process_time()
    result = call()
    assert time.process_time() - begun < SECONDS
    return result
