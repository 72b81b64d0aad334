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
    """Raise a TimeoutError at the end if Ultralytics gave up NMS inside.

    Args:
        quiet: Whether to hold back every line that Ultralytics logs inside.
    """
    with listen_to_nms(quiet=quiet) as gave_up:
        yield
    if gave_up():
        raise TimeoutError("Ultralytics gave up NMS after its time limit and left detections out: free the machine")


@contextmanager
def listen_to_nms(*, quiet: bool = False) -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ultralytics has given up NMS since its last call; ``quiet`` as above."""
    level = LOGGER.level
    listener = _Listener(logging.CRITICAL + 1 if quiet else level)

    def gave_up() -> bool:
        answer, listener.gave_up = listener.gave_up, False
        return answer

    LOGGER.setLevel(logging.WARNING if quiet else min(level, logging.WARNING))
    LOGGER.addFilter(listener)
    try:
        yield gave_up
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeFilter(listener)


class _Listener(logging.Filter):
    """Pass on lines from a level on, and remember whether one says that NMS was given up."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.least = least
        self.gave_up = False

    def filter(self, record: logging.LogRecord) -> bool:
        self.gave_up |= _SAID in record.getMessage()
        return record.levelno >= self.least
