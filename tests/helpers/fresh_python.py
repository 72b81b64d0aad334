"""A virtual environment like a user's: torch and its kind are there, this checkout is not.

The packages of the running interpreter are linked into a folder that comes last on the environment's path, all but
lidd_yolo and its start-up files (and, if asked, others): a link is found by ``import`` and by pip, and nothing of it
can be changed or removed from inside the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_OURS = ("lidd_yolo", "_editable_impl_lidd", "__editable__", "lidd-yolo")

_NOT_INHERITED = ("LIDD_", "PYTHON", "ULTRALYTICS_", "YOLO_", "PYTEST_")
"""Beginnings of environment variables; Ultralytics saves elsewhere when it sees pytest's."""

_RUNS_HERE = "from ultralytics import settings; settings.update(runs_dir='runs', datasets_dir='datasets')"
"""Ultralytics saves below the git repository that its package lies in, where there is one: here, the checkout's."""


class FreshPython:
    """The environment and a folder to work in.

    Args:
        folder: Where both are made.
        without: Beginnings of names of further packages to leave out.
    """

    def __init__(self, folder: Path, without: Sequence[str] = ()) -> None:
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self._home = folder / "venv"
        venv.create(self._home, with_pip=False)
        scheme = "nt" if os.name == "nt" else "posix_prefix"
        places = sysconfig.get_paths(scheme, {"base": str(self._home), "platbase": str(self._home)})
        self.scripts, self.packages = Path(places["scripts"]), Path(places["purelib"])
        self.python = self.scripts / "python"
        self.settings = folder / "settings"
        linked = folder / "linked"
        _link_packages(linked, without=(*_OURS, *without))
        (self.packages / "linked.pth").write_text(f"{linked}\n", encoding="utf-8")
        if not any(name.startswith("ultralytics") for name in without):
            self._write_yolo_script()
        self.start = self.files()

    def _write_yolo_script(self) -> None:
        """Write the console script that pip would have made for the linked Ultralytics."""
        (entry,) = (e for e in metadata.distribution("ultralytics").entry_points if e.name == "yolo")
        text = f"#!{self.python}\nimport sys\nfrom {entry.module} import {entry.attr}\nsys.exit({entry.attr}())\n"
        script = self.scripts / "yolo"
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)

    def files(self) -> set[Path]:
        """Return every file of the environment but byte code."""
        return {file for file in self._home.rglob("*") if file.is_file() and "__pycache__" not in file.parts}

    def run(self, *command: str | Path, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the work folder, a script of the environment by its bare name.

        Args:
            command: Program and arguments.
            check: Whether to fail with the program's output when its exit status is not 0.
            variables: Environment variables to set.
        """
        program = self.scripts / command[0]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
        environment |= {"YOLO_CONFIG_DIR": str(self.settings), "YOLO_OFFLINE": "true", "OMP_NUM_THREADS": "1"}
        environment |= {"PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}", **variables}
        if command[0] == "yolo" and not self.settings.exists():
            self.settings.mkdir()
            self.run("python", "-c", _RUNS_HERE)
        words = [str(program if program.exists() else command[0]), *map(str, command[1:])]
        done = subprocess.run(words, cwd=self.work, env=environment, capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        return done

    def pip(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the test interpreter's pip on the environment."""
        command = [sys.executable, "-m", "pip", "--python", self.python, *words]
        done = subprocess.run([str(w) for w in command], cwd=self.work, capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        return done


def build_wheel(folder: Path, kind: str = "wheel") -> Path:
    """Build the wheel of this checkout, or its ``sdist``, with the build tools at hand; return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def _link_packages(folder: Path, without: Sequence[str]) -> None:
    folder.mkdir()
    source = Path(sysconfig.get_path("purelib"))
    for entry in source.iterdir():
        if entry.name != "__pycache__" and entry.suffix != ".pth" and not entry.name.startswith(tuple(without)):
            (folder / entry.name).symlink_to(entry)
