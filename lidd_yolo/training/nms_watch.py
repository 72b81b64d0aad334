"""Figures of complete detections only: notice when Ultralytics gives up the suppression of double boxes (NMS).

On a busy machine its NMS stops after some seconds, leaves the rest of the batch without detections, and says
so in one line of the log; the figures are then those of other detections than the network's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ultralytics.utils import LOGGER

_SAID = "NMS time limit"


@contextmanager
def complete_nms(*, quiet: bool = False) -> Iterator[None]:
    """Fail at the end if Ultralytics gave up NMS inside.

    Args:
        quiet: Whether to hold back every line that Ultralytics logs inside.

    Raises:
        TimeoutError: If it did.
    """
    level = LOGGER.level
    heard = _Listener(logging.CRITICAL + 1 if quiet else level)
    LOGGER.setLevel(logging.WARNING if quiet else min(level, logging.WARNING))
    LOGGER.addFilter(heard)
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeFilter(heard)
    if heard.gave_up:
        raise TimeoutError("Ultralytics gave up NMS after its time limit and left detections out: free the machine")


@contextmanager
def listen_to_nms() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ultralytics has given up NMS since it was asked last."""
    level = LOGGER.level
    heard = _Listener(level)

    def gave_up() -> bool:
        told, heard.gave_up = heard.gave_up, False
        return told

    LOGGER.setLevel(min(level, logging.WARNING))
    LOGGER.addFilter(heard)
    try:
        yield gave_up
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeFilter(heard)


class _Listener(logging.Filter):
    """Pass on lines from a level on, and remember whether one says that NMS was given up."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.least = least
        self.gave_up = False

    def filter(self, record: logging.LogRecord) -> bool:
        self.gave_up |= _SAID in record.getMessage()
        return record.levelno >= self.least
