"""The command ``lidd`` as users call it, in this process: its words, exit status and what it prints."""

import contextlib
import io
import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock


class Called(NamedTuple):
    """What one call gave.

    Args:
        status: Exit status.
        out: Standard output.
        err: Standard error.
    """

    status: int
    out: str
    err: str


def lidd(*words: object, folder: Path | None = None) -> Called:
    """Run ``python -m lidd_yolo WORDS`` in this process.

    Args:
        words: What stands after ``lidd``.
        folder: Where to run it; None stays here.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["lidd", *map(str, words)]),
        mock.patch.dict(os.environ, {"COLUMNS": "100", "NO_COLOR": "1"}),
        _inside(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            runpy.run_module("lidd_yolo", run_name="__main__")
        except SystemExit as stop:
            status = stop.code
    assert isinstance(status, int)
    return Called(status, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _inside(folder: Path | None) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder or before)
    try:
        yield
    finally:
        os.chdir(before)
