"""Carry out several runs on the machines of a Ray cluster, each as one task, within a time limit.

Moritz et al., "Ray: A Distributed Framework for Emerging AI Applications", OSDI 2018. Folders of runs and
ledger are on a disk that all machines share, and a run whose machine is lost goes on elsewhere from its last epoch.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.pool import Outcome, Pool, Teller
from lidd_yolo.compare.ray.task import Errand, carry_out_errand
from lidd_yolo.compare.run_folder import LOG, begun_on, progress_of
from lidd_yolo.errors import InputError
from lidd_yolo.exit_status import DONE, FINDINGS, TIME_IS_UP
from lidd_yolo.optional import load_extra
from lidd_yolo.results.ledger import find_file

_LOOK_EVERY = 0.5
_GRACE = 20.0
_MOST_LOSSES = 3
_MOST_CPUS = 4
_ANSWER = 10.0
_OBJECTS = 2**27  # bytes; a task returns a number


@dataclass
class _Task:
    run: Run
    file: Path
    teller: Teller
    attempt: str
    begun: bool = False


@dataclass(frozen=True)
class Cluster:
    """A cluster of Ray and what a run takes of it.

    Args:
        address: As Ray takes it: ``auto``, ``local``, ``HOST:PORT`` or ``ray://HOST:PORT``.
        cpus: Cores for a run; None takes up to 4, as the machines have them.
        jobs: Largest number of runs at once; None leaves it to the room that the cluster has.
    """

    address: str
    cpus: int | None = None
    jobs: int | None = None


def on_cluster(address: str, *, cpus: int | None = None, jobs: int | None = None) -> Pool:
    """Return what carries runs out on a cluster, for `lidd_yolo.compare`; arguments as for `Cluster`.

    Raises:
        ImportError: If Ray is not installed.
    """
    load_ray()
    return partial(carry_out_on_ray, cluster=Cluster(address, cpus, jobs))


def carry_out_on_ray(
    folders: Sequence[tuple[Run, Path]],
    *,
    cluster: Cluster,
    ledger: Path,
    say: Callable[[str], None],
    until: float | None = None,
) -> Outcome:
    """Send each run to a cluster and wait for all.

    Args:
        folders: Each run and the ``run.json`` in its folder.
        cluster: Where, and how much of it.
        ledger: Folder of the ledger.
        say: Takes each line of progress.
        until: Time, in seconds since 1970, after which nothing is begun and trainings stop at an epoch's end.

    Raises:
        ImportError: If Ray is not installed.
        InputError: If there is no such cluster, or none of its machines has what a run takes.
        KeyboardInterrupt: If the user stops it; all tasks have ended then.
    """
    if not folders:
        return Outcome()
    gpus = [gpu_of(run) for run, _ in folders]
    ledger.mkdir(parents=True, exist_ok=True)
    with _connected(cluster.address) as ray:
        cpus = _room(ray.nodes(), cluster.cpus, gpu=any(gpus))
        return _Tasks(ray, cpus, ledger, say, until).carry_out(folders, cluster.jobs or len(folders))


def load_ray() -> Any:
    """Import Ray.

    Raises:
        ImportError: If it is not installed; says what to install.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return load_extra("ray", extra="ray")


def gpu_of(run: Run) -> bool:
    """Tell whether a run asks for a GPU; which one of a machine's is Ray's to say.

    Raises:
        InputError: If it asks for several.
    """
    device = str(run.extra.get("device", "")).strip("[]() ")
    if "," in device:
        raise InputError(f"device={device}: with --ray a run takes one GPU")
    return device not in {"", "None", "cpu", "mps"}


class _Tasks:
    """The tasks of a plan, from the first to the last."""

    def __init__(self, ray: Any, cpus: int, ledger: Path, say: Callable[[str], None], until: float | None) -> None:
        self.ray = ray
        self.function = ray.remote(carry_out_errand)
        self.cpus = cpus
        self.ledger = ledger.resolve()
        self.say = say
        self.until = until
        self.outcome = Outcome()
        self.running: dict[Any, _Task] = {}
        self.losses: dict[str, tuple[int, int]] = {}

    def carry_out(self, folders: Sequence[tuple[Run, Path]], jobs: int) -> Outcome:
        """Carry out all runs, ``jobs`` at once."""
        waiting = list(folders)
        try:
            while waiting or self.running:
                if self._late():
                    self.outcome.left += [run.name for run, _ in waiting]
                    waiting = []
                    self._call_off()
                while waiting and len(self.running) < jobs:
                    self._send(*waiting.pop(0))
                if self.running:
                    waiting = [*self._look(), *waiting]
        finally:
            self._cancel_all()
        return self.outcome

    def _late(self) -> bool:
        return self.until is not None and time.time() >= self.until

    def _send(self, run: Run, file: Path) -> None:
        gpu, attempt = gpu_of(run), uuid.uuid4().hex
        # lost tasks are sent again by this process, which looks whether they came any further
        options = {"num_cpus": self.cpus, "num_gpus": int(gpu), "max_retries": 0, "name": run.name}
        task = self.function.options(**options)
        file = file.resolve()
        content = file.read_text(encoding="utf-8")
        place = str(Path.cwd())
        errand = Errand(str(file), content, str(self.ledger), place, attempt, self.cpus, gpu, self.until)
        teller = Teller(run, file.parent, self.say)  # before the task writes anything
        self.running[task.remote(errand)] = _Task(run, file, teller, attempt)

    def _look(self) -> list[tuple[Run, Path]]:
        """Tell how far the tasks are; returns the runs to send again."""
        ready, _ = self.ray.wait(list(self.running), timeout=_LOOK_EVERY)
        for task in self.running.values():
            where = begun_on(task.file.parent, task.attempt)
            if where and not task.begun:
                task.begun = True
                self.say(f"{task.run.name}: started on {where}, log: {task.file.parent / LOG}")
            task.teller.progress()
        return [again for reference in ready for again in self._settle(reference, self.running.pop(reference))]

    def _settle(self, reference: Any, task: _Task) -> list[tuple[Run, Path]]:
        """Count a task that has ended; returns its run if it is to be sent again."""
        errors = self.ray.exceptions
        status, reason = FINDINGS, ""
        try:
            status, reason = self.ray.get(reference)
        except errors.TaskCancelledError:
            status = TIME_IS_UP
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:
            return self._lost(task, error)
        except errors.RayError as error:
            reason = _first_cause(error)
        if status == DONE and not find_file(self.ledger, f"{task.run.name}.json").is_file():
            status, reason = (
                FINDINGS,
                f"its entry is not in {self.ledger}, which is not the same folder on all machines",
            )
        task.teller.ended(status, self.outcome, reason)
        return []

    def _lost(self, task: _Task, error: Exception) -> list[tuple[Run, Path]]:
        """Send a run again whose process or machine was lost, unless it comes no further."""
        epoch, _ = progress_of(task.file.parent)
        before, count = self.losses.get(task.run.name, (-1, 0))
        count = 1 if epoch > before else count + 1
        self.losses[task.run.name] = (epoch, count)
        if count >= _MOST_LOSSES:
            reason = f"its process was lost {count} times after epoch {epoch}: {_first_cause(error)}"
            task.teller.ended(FINDINGS, self.outcome, reason)
            return []
        self.say(f"{task.run.name}: its process or machine was lost after epoch {epoch}; it goes on from there")
        return [(task.run, task.file)]

    def _call_off(self) -> None:
        """Cancel the tasks that have not begun."""
        for reference, task in self.running.items():
            if not begun_on(task.file.parent, task.attempt):
                self.ray.cancel(reference)

    def _cancel_all(self) -> None:
        """End what is still running, at first so that it can end its own processes."""
        for force in (False, True):
            left = list(self.running)
            for reference in left:
                self.ray.cancel(reference, force=force)
            if left:
                ended, _ = self.ray.wait(left, num_returns=len(left), timeout=_GRACE)
                for reference in ended:
                    del self.running[reference]


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to a cluster, and disconnect afterwards.

    Raises:
        InputError: If there is none.
    """
    ray = load_ray()
    ours = {"include_dashboard": False, "object_store_memory": _OBJECTS} if address == "local" else {}
    try:
        _call(address)
        ray.init(address, log_to_driver=False, logging_level="error", **ours)
    except Exception as error:  # Ray raises plain ones too
        raise InputError(f"--ray {address}: no cluster there: {_first_cause(error)}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _call(address: str) -> None:
    """Ask a machine once for an answer: where there is none, Ray tries for minutes.

    Raises:
        OSError: If nobody answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER).close()


def _room(nodes: Sequence[dict[str, Any]], cpus: int | None, *, gpu: bool) -> int:
    """Return the cores of a run.

    Raises:
        InputError: If no machine has as many, or none has a GPU where one is needed: the tasks would wait for ever.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    fit = [int(machine.get("CPU", 0)) for machine in alive if not gpu or machine.get("GPU", 0) >= 1]
    if not fit:
        raise InputError("--device asks for a GPU, and no machine of the cluster has one")
    cores = cpus or max(1, min(_MOST_CPUS, max(fit)))
    if cores > max(fit):
        raise InputError(f"no machine of the cluster has {cores} cores for a run: the largest has {max(fit)}; --cpus N")
    return cores


def _first_cause(error: Exception) -> str:
    """Return the message of an error in one line, without the machinery's traceback."""
    cause = getattr(error, "cause", None)
    if cause is None:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[0] if lines else type(error).__name__
    return f"{type(cause).__name__}: {' '.join(str(cause).split())}"
