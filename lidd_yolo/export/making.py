"""One export by stock Ultralytics into a folder of its own, where a half-written file harms nobody."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ultralytics import YOLO
from ultralytics.utils import DEFAULT_CFG_DICT, LOGGER

from lidd_yolo.errors import InputError
from lidd_yolo.export.formats import Variant, device_of
from lidd_yolo.files import all_or_nothing, write_beside

REJECTED = ".failed"
"""Ends the name of a file that did not pass, so that nothing loads it."""
_OURS = {
    "batch": "it may be given, as a number",
    "data": "--data",
    "end2end": "certificates are for networks with NMS after them",
    "format": "--formats",
    "half": "--half",
    "imgsz": "--imgsz",
    "int8": "--int8",
    "mode": "it is export",
    "model": "the first word",
    "nms": "the certificate compares what comes before NMS",
    "quantize": "--half or --int8",
    "task": "the checkpoint knows it",
}


class ExportError(RuntimeError):
    """Ultralytics could not export; the message says what it said."""


def checked_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of Ultralytics' export, if it has them and they are not given in another way.

    Raises:
        InputError: Names the first such argument.
    """
    for key, value in arguments.items():
        if key not in {*DEFAULT_CFG_DICT, *_OURS}:
            raise InputError(f"'{key}={value}' is no argument of Ultralytics' export, written key=value")
        if key in _OURS and not (key == "batch" and type(value) is int and value > 0):
            raise InputError(f"'{key}={value}' cannot be passed on: {_OURS[key]}")
    return dict(arguments)


def make_export(
    weights: Path,
    folder: Path,
    format_name: str,
    variant: Variant,
    *,
    half: bool,
    arguments: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Export a copy of a checkpoint into a new folder and return the file, or folder, that Ultralytics wrote.

    The exported file is called what the checkpoint is called. ``metadata`` joins Ultralytics' own in the place that
    the format has for it, each entry as JSON.

    Raises:
        ExportError: If it failed.
    """
    folder.mkdir(parents=True)
    shape = variant.made_for
    precision = {"quantize": 16} if "quantize" in DEFAULT_CFG_DICT else {"half": True}
    try:
        with quietly():
            model = YOLO(shutil.copy(weights, folder / weights.name))
            model.clear_callback("on_export_end")  # the notice that nothing was compared
            if metadata:
                model.add_callback("on_export_start", lambda exporter: _join_metadata(exporter, metadata))
            words = {**arguments, "batch": shape.batch, "dynamic": variant.dynamic, **(precision if half else {})}
            device = device_of(format_name)
            written = Path(model.export(format=format_name, imgsz=list(shape.side), device=device, **words))
    except Exception as error:
        raise ExportError(f"{type(error).__name__}: {error}") from error
    if not written.exists() or folder not in written.parents:
        raise ExportError(f"Ultralytics reports {written}, which is not there")
    return written


def _join_metadata(exporter: Any, metadata: Mapping[str, Any]) -> None:
    if not hasattr(exporter, "metadata"):  # made after this callback, up to some release behind 8.3.100
        raise RuntimeError("this Ultralytics lets nothing into the metadata of exported files; 8.3.200 does")
    exporter.metadata.update({key: json.dumps(content) for key, content in metadata.items()})


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Hold back what Ultralytics, exporters and the programs that they start write; errors come as exceptions."""
    level, stderr = LOGGER.level, os.dup(2)
    LOGGER.setLevel(logging.CRITICAL)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nothing, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(nothing.fileno(), 2)
            with contextlib.redirect_stdout(nothing):
                yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        LOGGER.setLevel(level)


def place_export(written: Path, folder: Path, *, passed: bool) -> Path:
    """Put a file or folder into the checkpoint's folder, in the place of one of the same name; return where it lies.

    A rejected one is kept for a look into it, under a name that nothing can load, until one passes.
    """
    rejected = folder / f"{written.name}{REJECTED}"
    if not passed:
        return _put(written, rejected)
    if rejected.is_dir():
        shutil.rmtree(rejected)
    rejected.unlink(missing_ok=True)
    return _put(written, folder / written.name)


def _put(written: Path, target: Path) -> Path:
    if written.is_dir():
        with all_or_nothing(target) as made:
            shutil.copytree(written, made, dirs_exist_ok=True)
        return target
    with write_beside(target) as beside:
        shutil.copyfile(written, beside)
    return target
