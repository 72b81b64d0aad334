"""Carry out several runs on the machines of a Ray cluster, each as one task, within a time limit.

Moritz et al., "Ray: A Distributed Framework for Emerging AI Applications", OSDI 2018. Folders of runs and ledger are
on a disk that all machines share: a task looks whether it sees them, then starts the worker. A run whose machine is
lost goes on elsewhere from its last epoch.
"""

from __future__ import annotations

import os
import platform
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lidd_yolo.compare.plan import Run
from lidd_yolo.compare.pool import Outcome, Pool, Say, Teller, command_words, end_processes, start_process
from lidd_yolo.compare.run_folder import LOG, begun_on, note_begun, progress_of
from lidd_yolo.errors import InputError
from lidd_yolo.exit_status import COULD_NOT_RUN, DONE, FINDINGS, TIME_IS_UP
from lidd_yolo.optional import load_extra
from lidd_yolo.results.ledger import find_file

_LOOK_EVERY = 0.5
_POLL_EVERY = 0.2
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


def on_cluster(address: str, *, cpus: int | None = None, jobs: int | None = None) -> Pool:
    """Return what carries runs out on a cluster, for `lidd_yolo.compare`.

    Args:
        address: As Ray takes it: ``auto``, ``local``, ``HOST:PORT`` or ``ray://HOST:PORT``.
        cpus: Cores for a run; None takes up to 4, as the machines have them.
        jobs: Largest number of runs at once; None leaves it to the room that the cluster has.

    Raises:
        ImportError: If Ray is not installed.
    """
    load_ray()
    return partial(carry_out_on_ray, address=address, cpus=cpus, jobs=jobs)


def carry_out_on_ray(
    folders: Sequence[tuple[Run, Path]],
    *,
    address: str,
    cpus: int | None = None,
    jobs: int | None = None,
    ledger: Path,
    say: Say,
    until: float | None = None,
) -> Outcome:
    """Send each run to a cluster and wait for all; arguments as of `on_cluster` and `carry_out_runs`.

    Raises:
        ImportError: If Ray is not installed.
        InputError: If there is no such cluster, or none of its machines has what a run takes.
        KeyboardInterrupt: If the user stops it; all tasks have ended then.
    """
    if not folders:
        return Outcome()
    gpus = [gpu_of(run) for run, _ in folders]
    ledger.mkdir(parents=True, exist_ok=True)
    with _connected(address) as ray:
        cpus = _room(ray.nodes(), cpus, gpu=any(gpus))
        return _Tasks(ray, cpus, ledger, say, until).carry_out(folders, jobs or len(folders))


def load_ray() -> Any:
    """Import Ray, without the report of its use that it would send."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return load_extra("ray", extra="ray")


def gpu_of(run: Run) -> bool:
    """Tell whether a run asks for a GPU, not for several; which one of a machine's is Ray's to say."""
    device = str(run.extra.get("device", "")).strip("[]() ")
    if "," in device:
        raise InputError(f"device={device}: with --ray a run takes one GPU")
    return device not in {"", "None", "cpu", "mps"}


class _Tasks:
    """The tasks of a plan, from the first to the last."""

    def __init__(self, ray: Any, cpus: int, ledger: Path, say: Say, until: float | None) -> None:
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
                if self.until is not None and time.time() >= self.until:
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

    def _send(self, run: Run, file: Path) -> None:
        gpu, attempt = gpu_of(run), uuid.uuid4().hex
        # lost tasks are sent again by this process, which looks whether they came any further
        options = {"num_cpus": self.cpus, "num_gpus": int(gpu), "max_retries": 0, "name": run.name}
        file = file.resolve()
        content, place = file.read_text(encoding="utf-8"), str(Path.cwd())
        errand = Errand(str(file), content, str(self.ledger), place, attempt, self.cpus, gpu, self.until)
        teller = Teller(run, file.parent, self.say)  # before the task writes anything
        self.running[self.function.options(**options).remote(errand)] = _Task(run, file, teller, attempt)

    def _look(self) -> list[tuple[Run, Path]]:
        """Say how far the tasks are; returns the runs to send again."""
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
            status = FINDINGS
            reason = f"its entry is not in {self.ledger}, which is not the same folder on all machines"
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
            ended, _ = self.ray.wait(left, num_returns=len(left), timeout=_GRACE) if left else ([], [])
            for reference in ended:
                del self.running[reference]


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to a cluster, and disconnect afterwards; an `InputError` says that there is none."""
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
    """Ask a machine once for an answer, an OSError if there is none: Ray tries for minutes."""
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


@dataclass(frozen=True)
class Errand:
    """What a task needs to know; paths are absolute.

    Args:
        file: The run's ``run.json``, which holds ``content``.
        place: Folder that the command was called in: where a relative path of data or model begins.
        attempt: Tells this task from earlier ones of the run.
        cpus: Threads of the process.
        gpu: Whether Ray has given the task a GPU.
        until: Time, in seconds since 1970, when the last epoch should be over.
    """

    file: str
    content: str
    ledger: str
    place: str
    attempt: str
    cpus: int
    gpu: bool
    until: float | None


def carry_out_errand(errand: Errand) -> tuple[int, str]:
    """Carry out a run; returns the worker's exit status, and why where it was not started (status 2)."""
    file, ledger = Path(errand.file), Path(errand.ledger)
    if problem := _not_shared(file, errand.content, ledger):
        return COULD_NOT_RUN, problem
    if errand.until is not None and time.time() >= errand.until:
        return TIME_IS_UP, ""
    note_begun(file.parent, errand.attempt, platform.node())
    place = Path(errand.place)
    process = start_process(
        file,
        command_words(file, ledger, errand.until, "--elsewhere", *(["--gpu"] if errand.gpu else [])),
        threads=errand.cpus,
        place=place if place.is_dir() else file.parent,
        variables={} if errand.gpu else {"CUDA_VISIBLE_DEVICES": ""},  # a GPU that was not asked for may be another's
    )
    try:
        while process.poll() is None:  # in steps that an exception can interrupt
            time.sleep(_POLL_EVERY)
    finally:
        end_processes([process])
    return process.returncode, ""


def _not_shared(file: Path, content: str, ledger: Path) -> str:
    """Say which folder of the machine that asks is not seen from here; empty if all are."""
    where = platform.node()
    try:
        same = file.read_text(encoding="utf-8") == content
    except OSError:
        same = False
    if not same:
        return f"{where} does not see {file.parent}: --project has to be on a folder that all machines share"
    if not ledger.is_dir() or not os.access(ledger, os.W_OK):
        return f"{where} cannot write to {ledger}: --ledger has to be on a folder that all machines share"
    return ""
