"""Command ``lidd doctor``: versions, device, what is connected, which data sets are there, and what is wrong.

Every finding comes with the way out. Exit status: 0 nothing is wrong, 1 something is.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from lidd_yolo import __version__, connect, names, paths
from lidd_yolo.errors import InputError
from lidd_yolo.optional import package_version

_PROBE = """
import sys
hook = sys.modules.get("lidd_yolo_startup")
watching = any(type(finder).__module__ == "lidd_yolo_startup" for finder in sys.meta_path)
print(hook.__file__ if hook else "", watching, sep="|")
"""


@dataclass
class Report:
    """Facts to show, and what is wrong with the way out, a line each."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the text for the screen."""
        count = len(self.problems)
        title = "Nothing is wrong." if not count else f"{count} problem{'s' * (count > 1)}:"
        return "\n".join([*self.facts, "", title, *(f"  {i}. {p}" for i, p in enumerate(self.problems, 1))])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command; it has no arguments."""
    parser.description = "Say which versions and what device are used, what is connected and what is wrong."


def run(_args: argparse.Namespace) -> int:
    """Print the report; return 0 if nothing is wrong, else 1."""
    report = examine()
    sys.stdout.write(f"{report}\n")
    return 1 if report.problems else 0


def examine() -> Report:
    """Look at everything."""
    report = Report()
    _versions(report)
    _start_up(report)
    try:
        connect.attach_all()
    except ImportError as error:
        report.problems.append(f"Ultralytics cannot be imported ({error}): pip install --upgrade ultralytics torch")
        return report
    _device(report)
    _connection(report)
    _networks(report)
    _data_sets(report)
    return report


def _version(*packages: str) -> str:
    """Return the version of the first of these packages that is installed."""
    return next((version for package in packages if (version := package_version(package))), "not installed")


def _versions(report: Report) -> None:
    oldest, newest = connect.TESTED
    ultralytics = _version("ultralytics")
    report.facts += [
        f"lidd_yolo     {__version__}  {Path(__file__).parent}",
        f"Python        {platform.python_version()}  {sys.executable}",
        f"ultralytics   {ultralytics}  tested: {oldest} to {newest}",
        f"torch         {_version('torch')}",
        f"torchvision   {_version('torchvision')}",
        f"onnxruntime   {_version('onnxruntime', 'onnxruntime-gpu')}",
    ]
    if not ultralytics[0].isdigit():
        return
    if text := connect.untested(ultralytics):
        report.facts.append(f"note: {text}")
        if "older" in text:
            report.problems.append(f"{text}: pip install 'ultralytics>={oldest}'")


def _start_up(report: Report) -> None:
    """Ask a fresh interpreter what it loaded; this one is connected by our import in any case."""
    answer = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False)
    file, _, watching = answer.stdout.strip().partition("|")
    if watching == "True":
        report.facts.append(f"start-up file active  {file}")
    elif file:
        value = os.environ.get("LIDD_YOLO_AUTOLOAD")
        report.facts.append(
            f"start-up file turned off by LIDD_YOLO_AUTOLOAD={value}: `yolo` knows our checkpoints but not our names; "
            "use `lidd train ...` instead of `yolo train ...`, or unset the variable"
        )
    else:
        report.facts.append("start-up file not run")
        report.problems.append(
            "No start-up file of lidd_yolo runs in this Python, so `yolo` does not know lidd.yaml. Reinstall with "
            "`pip install lidd-yolo` (--target folders and PYTHONPATH run no start-up files), or use `lidd train ...` "
            "instead of `yolo train ...` and `import lidd_yolo` in Python."
        )
    command = shutil.which("yolo")
    scripts = Path(sysconfig.get_path("scripts"))
    report.facts.append(f"yolo command  {command or 'not on the PATH'}")
    if command and not Path(command).resolve().is_relative_to(scripts.resolve()):
        report.facts.append(f"note: this `yolo` may belong to another Python; the scripts of this one are in {scripts}")


def _device(report: Report) -> None:
    import torch  # noqa: PLC0415 - `--help` answers without it

    if torch.cuda.is_available():
        names_of_gpus = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        report.facts.append(f"device        CUDA: {names_of_gpus}")
    else:
        report.facts.append(f"device        CPU: {os.cpu_count()} cores, torch uses {torch.get_num_threads()}")


def _connection(report: Report) -> None:
    report.facts += [f"{module}: {state}" for module, state in connect.state().items()]
    if problem := connect.explain_problem():
        report.problems.append(problem)


def _networks(report: Report) -> None:
    """Build the default network, which starts with the parser's self-test."""
    try:
        from lidd_yolo.models.lidd import LIDDModel  # noqa: PLC0415 - `--help` answers without torch

        network = LIDDModel("lidd.yaml", verbose=False)
    except Exception as error:
        report.problems.append(f"lidd.yaml cannot be built: {error}")
        return
    size = sum(p.numel() for p in network.drop_training_branch().parameters())
    report.facts.append(f"parser self-test passed; lidd.yaml builds, {size:,} parameters before folding")


def _data_sets(report: Report) -> None:
    from lidd_yolo.yaml_text import read_mapping  # noqa: PLC0415 - `--help` answers without yaml

    root = paths.datasets_dir()
    report.facts.append(f"data sets     {root}")
    for name, file in sorted(names.data_yamls().items()):
        try:
            folder = root / str(read_mapping(file).get("path") or name)
        except InputError as error:
            report.problems.append(f"{error}; repair the file, or install lidd-yolo again")
            continue
        there = folder if folder.is_dir() else f"not there; `yolo train data={name}.yaml` makes it or says how"
        report.facts.append(f"  {name}.yaml: {there}")
