"""Runs on a Ray cluster: what is sent, what is made of every ending, and two real nodes that train."""

import json
import re
import sys
import threading
import time
from itertools import chain, repeat
from types import SimpleNamespace

import psutil
import pytest

from lidd_yolo.cli import main as cli
from lidd_yolo.compare.pool import Outcome
from lidd_yolo.compare.ray import pool
from lidd_yolo.compare.ray.pool import carry_out_on_ray, gpu_of, load_ray
from lidd_yolo.compare.run_folder import claim_folder, note_begun
from lidd_yolo.compare.run_state import data_of, identity_of
from lidd_yolo.results.evidence import Evidence
from lidd_yolo.results.ledger import find_file
from tests.helpers.generated import generated_data
from tests.helpers.plans import compare, make_run

ray = pytest.importorskip("ray")
NODES = [{"Alive": True, "Resources": {"CPU": 8.0}}]


class Scripted:
    """A cluster that ends each attempt at a run as the script says; ``None`` is never ended but by a cancel."""

    exceptions = ray.exceptions

    def __init__(self, script, nodes=NODES):
        self.script = {name: list(endings) for name, endings in script.items()}
        self.nodes = lambda: nodes
        self.sent, self.cancelled, self.most = [], [], 0
        self.running = {}

    def remote(self, _):
        return SimpleNamespace(
            options=lambda **options: SimpleNamespace(remote=lambda errand: self.send(options, errand))
        )

    def send(self, options, errand):
        self.sent.append((options, errand))
        self.running[len(self.sent)] = options["name"]
        self.most = max(self.most, len(self.running))
        return len(self.sent)

    def wait(self, references, timeout, num_returns=1):
        assert timeout
        ready = [r for r in references if r in self.cancelled or self.script[self.running[r]][0] is not None]
        return ready[:num_returns], [r for r in references if r not in ready[:num_returns]]

    def get(self, reference):
        ending = self.script[self.running.pop(reference)].pop(0)
        if reference in self.cancelled:
            raise self.exceptions.TaskCancelledError
        ending = ending() if callable(ending) else ending
        if isinstance(ending, Exception):
            raise ending
        return ending

    def cancel(self, reference, **how):
        assert reference in self.running
        self.cancelled.append(reference)
        self.how = how

    def init(self, *_, **__):
        """Connect."""

    def shutdown(self):
        self.ended = True


@pytest.fixture
def carried_out(tmp_path, monkeypatch):
    """Carry out a script; returns the outcome, what was said and the cluster."""
    (tmp_path / "ledger").mkdir()

    def carry_out(script, *, extra=None, until=None, entries=True, say=None, nodes=NODES, **cluster):
        fake = Scripted(script, nodes)
        monkeypatch.setattr(pool, "load_ray", lambda: fake)
        runs = [make_run(name=name, epochs=9, extra=extra or {}) for name in script]
        folders = [(run, claim_folder(tmp_path / run.name, run, {})) for run in runs]
        for run in runs if entries else ():
            (tmp_path / "ledger" / f"{run.name}.json").write_text("{}")
        said = []
        found = carry_out_on_ray(
            folders, address="auto", **cluster, ledger=tmp_path / "ledger", say=say or said.append, until=until
        )
        return found, said, fake

    return carry_out


def reach(folder, epoch):
    (folder / "results.csv").write_text(f"epoch,metrics/mAP50(B)\n{epoch},0.25\n")


def lost(folder=None, epoch=0):
    """Return an ending: the process is lost after an epoch."""

    def end():
        if folder is not None:
            reach(folder, epoch)
        return ray.exceptions.WorkerCrashedError()

    return end


class TestEndings:
    def test_endings__told_apart(self, carried_out):
        found, said, fake = carried_out({"a": [(0, "")], "b": [(75, "")], "c": [(2, "far does not see it")]})
        assert (found.done, found.left, found.failed) == (["a"], ["b"], ["c"])
        assert said[-1] == "c: failed: far does not see it"
        assert fake.ended

    def test_endings__python_error_in_one_line(self, carried_out):
        error = ray.exceptions.RayTaskError("f", "Traceback\n ...", ModuleNotFoundError("No module named 'x'"))
        found, said, _ = carried_out({"a": [error]})
        assert found.failed == ["a"]
        assert said == ["a: failed: ModuleNotFoundError: No module named 'x'"]

    def test_done__but_the_entry_is_elsewhere(self, carried_out, tmp_path):
        found, said, _ = carried_out({"a": [(0, "")]}, entries=False)
        assert found.failed == ["a"]
        assert said == [
            f"a: failed: its entry is not in {tmp_path / 'ledger'}, which is not the same folder on all machines"
        ]

    def test_nothing_to_do__no_cluster_is_needed(self, tmp_path):
        assert carry_out_on_ray([], address="nowhere:1", ledger=tmp_path, say=print) == Outcome()


class TestLost:
    def test_lost__goes_on(self, carried_out, tmp_path):
        found, said, fake = carried_out({"a": [lost(tmp_path / "a", 2), (0, "")]})
        assert found.done == ["a"]
        assert "a: its process or machine was lost after epoch 2; it goes on from there" in said
        first, second = (errand for _, errand in fake.sent)
        assert first.attempt != second.attempt
        assert first.file == second.file

    def test_lost__as_often_as_it_likes_while_epochs_are_done(self, carried_out, tmp_path):
        endings = [lost(tmp_path / "a", epoch) for epoch in range(1, 8)]
        assert carried_out({"a": [*endings, (0, "")]})[0].done == ["a"]

    def test_lost__three_times_without_an_epoch(self, carried_out, tmp_path):
        reach_one = [lost(tmp_path / "a", 1), lost(), lost()]
        found, said, fake = carried_out({"a": [*reach_one, (0, "")], "b": [(0, "")]})
        assert (found.done, found.failed) == (["b"], ["a"])
        assert len(fake.sent) == 4
        assert said[-1].startswith("a: failed: its process was lost 3 times after epoch 1: ")


class TestSent:
    def test_sent__paths_resources_and_no_retries_of_rays_own(self, carried_out, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        _, _, fake = carried_out({"a": [(0, "")]}, until=time.time() + 60)
        ((options, errand),) = fake.sent
        assert options == {"num_cpus": 4, "num_gpus": 0, "max_retries": 0, "name": "a"}
        assert (errand.file, errand.ledger) == (str(tmp_path / "a" / "run.json"), str(tmp_path / "ledger"))
        assert errand.content == (tmp_path / "a" / "run.json").read_text()
        assert (errand.place, errand.cpus, errand.gpu) == (str(tmp_path), 4, False)
        assert errand.until > time.time()

    def test_sent__a_gpu(self, carried_out):
        nodes = [*NODES, {"Alive": True, "Resources": {"CPU": 2.0, "GPU": 1.0}}]
        _, _, fake = carried_out({"a": [(0, "")]}, extra={"device": 3}, nodes=nodes)
        ((options, errand),) = fake.sent
        assert (options["num_cpus"], options["num_gpus"], errand.gpu) == (2, 1, True)

    @pytest.mark.parametrize(("jobs", "most"), [(None, 3), (2, 2), (1, 1)])
    def test_jobs__at_once(self, carried_out, jobs, most):
        script = {name: [(0, "")] for name in "abc"}
        found, _, fake = carried_out(script, jobs=jobs)
        assert (fake.most, found.done) == (most, ["a", "b", "c"])

    @pytest.mark.parametrize(
        ("cpus", "device", "message"),
        [
            (9, None, "no machine of the cluster has 9 cores for a run: the largest has 8"),
            (None, "0", "no machine of the cluster has one"),
            (None, "0,1", "a run takes one GPU"),
        ],
    )
    def test_room__none(self, carried_out, cpus, device, message):
        with pytest.raises(ValueError, match=message):
            carried_out({"a": [(0, "")]}, cpus=cpus, extra={"device": device})


class TestEnded:
    @pytest.fixture
    def limit(self, monkeypatch):
        """Return a time limit that is over when it is looked at for the second time."""
        times = chain([0.0], repeat(2.0))
        monkeypatch.setattr(pool, "time", SimpleNamespace(time=lambda: next(times)))
        return 1.0

    def test_limit__what_has_not_begun_is_called_off(self, carried_out, limit):
        """One task waits for room for ever, another was never sent."""
        script = {"a": [None], "b": [None]}
        found, _, fake = carried_out(script, jobs=1, until=limit)
        assert sorted(found.left) == ["a", "b"]
        assert len(fake.sent) == 1

    def test_limit__what_has_begun_ends_its_epoch(self, carried_out, tmp_path, monkeypatch, limit):
        monkeypatch.setattr(pool, "uuid", SimpleNamespace(uuid4=lambda: SimpleNamespace(hex="one")))
        note_begun(tmp_path / "a", "one", "far")
        wait, looks = Scripted.wait, []

        def wait_twice(self, references, **how):
            looks.append(references)
            return wait(self, references, **how) if len(looks) > 1 else ([], references)

        monkeypatch.setattr(Scripted, "wait", wait_twice)
        found, said, fake = carried_out({"a": [(75, "")]}, until=limit)
        assert len(looks) == 2
        assert (found.left, fake.cancelled) == (["a"], [])
        assert f"a: started on far, log: {tmp_path / 'a' / 'run.log'}" in said

    def test_ctrl_c__cancels_all(self, carried_out, monkeypatch):
        clusters = []

        def wait(self, references, num_returns=1, **_):
            clusters.append(self)
            if not self.cancelled:
                raise KeyboardInterrupt
            return list(references)[:num_returns], []

        monkeypatch.setattr(Scripted, "wait", wait)
        with pytest.raises(KeyboardInterrupt):
            carried_out({"a": [None], "b": [None]})
        assert clusters[0].cancelled == [1, 2]
        assert clusters[0].how == {"force": False}
        assert clusters[0].ended


class TestAddress:
    @pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
    def test_address__nobody_answers(self, tmp_path, address):
        run = make_run()
        folders = [(run, claim_folder(tmp_path / "r", run, {}))]
        with pytest.raises(ValueError, match=f"--ray {re.escape(address)}: no cluster there: .*refused"):
            carry_out_on_ray(folders, address=address, ledger=tmp_path, say=print)

    def test_address__ray_says_so(self, carried_out, monkeypatch):
        """Ray raises what it likes where it cannot start or join a cluster."""

        def init(*_, **__):
            raise Exception("The current node timed out during startup.\nMore.")

        monkeypatch.setattr(Scripted, "init", init)
        with pytest.raises(ValueError, match=r"--ray auto: no cluster there: The current node timed out"):
            carried_out({"a": [(0, "")]})


class TestGpuOf:
    @pytest.mark.parametrize(
        ("device", "gpu"), [(None, False), ("cpu", False), ("mps", False), (0, True), ("cuda", True), ([1], True)]
    )
    def test_gpu__asked_for(self, device, gpu):
        assert gpu_of(make_run(extra={"device": device})) is gpu

    def test_gpu__no_word_of_it(self):
        assert gpu_of(make_run(extra={})) is False


class TestLoadRay:
    def test_missing__names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "ray", None)
        with pytest.raises(ImportError, match=r'ray is missing: pip install "lidd-yolo\[ray\]"'):
            load_ray()

    @pytest.mark.parametrize(
        "command", [["compare", "--models", "lidd.yaml"], ["ablate", "lidd"], ["reproduce", "lidd-table3"]]
    )
    def test_missing__nothing_is_begun(self, monkeypatch, tmp_path, capsys, command):
        monkeypatch.setitem(sys.modules, "ray", None)
        places = "--data", "d.yaml", "--ledger", str(tmp_path / "l"), "--project", str(tmp_path / "p")
        assert cli.main([*command, *places, "--ray", "auto"]) == 2
        assert 'ray is missing: pip install "lidd-yolo[ray]"' in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def address():
    from ray.cluster_utils import Cluster as Nodes  # noqa: PLC0415 - starts Ray

    one = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 2**27}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # Ray's 15 would leave its tasks nothing beside other tests
        nodes = Nodes(initialize_head=True, head_node_args=one)
        nodes.add_node(num_cpus=1, object_store_memory=2**27)
        nodes.wait_for_nodes()
        yield nodes.address
        nodes.shutdown()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Its two test pictures form one group."""
    file = generated_data(tmp_path_factory.mktemp("data"), train=4, val=2, size=64)
    pictures = (file.parent / "data" / "images" / "test").iterdir()
    groups = {f"images/test/{picture.name}": 5 for picture in pictures}
    (file.parent / "data" / "groups.json").write_text(json.dumps({"pictures": groups}))
    return file


@pytest.mark.slow
class TestCluster:
    """Two nodes of one core each, as two machines would be: processes of their own that share a disk."""

    def test_entries__equal_those_of_this_machine(self, address, data, tmp_path, monkeypatch):
        """But for the size of the checkpoint, which holds times and paths, in steps of 64 bytes."""
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        words = "--models", "lidd.yaml,yolov8n.yaml", "--epochs", "1", "--batch", "2", "workers=0"
        assert compare(tmp_path / "here", data, *words) == 0
        assert compare(tmp_path / "away", data, *words, "--ray", address, "--cpus", "1") == 0
        names = sorted(file.name for file in (tmp_path / "here" / "ledger").rglob("*.json"))
        assert len(names) == 2
        for name in names:
            here, far = (
                json.loads(find_file(tmp_path / place / "ledger", name).read_text()) for place in ("here", "away")
            )
            for entry in (here, far):
                for key in ("date", "seconds", "machine"):
                    del entry[key]
                del entry["curve"]["time"]
            sizes = [entry.pop("size")["file_bytes"] for entry in (here, far)]
            assert abs(sizes[0] - sizes[1]) <= 256
            assert here == far
            evidence = Evidence.load(find_file(tmp_path / "away" / "ledger", far["evidence"]["test"]["file"]))
            assert evidence.groups.tolist() == [0, 0]

    @pytest.fixture
    def prepared(self, data, tmp_path):
        """A run, and the ``run.json`` in its folder."""
        run = make_run(data=str(data), epochs=4, batch=2, extra={"workers": 0})
        asked = {**identity_of(run), "data": dict(data_of(run.data))}
        return run, claim_folder(tmp_path / "runs" / run.name, run, asked)

    def test_killed__goes_on(self, address, prepared, tmp_path):
        run, file = prepared
        said, killed = [], []

        def kill_the_task():
            while not any((file.parent / "snapshots").glob("epoch-*")):
                time.sleep(0.02)
            for process in processes_of(file):
                killed.append(process.parent().pid)
                process.parent().kill()

        threading.Thread(target=kill_the_task, daemon=True).start()
        found = carry_out_on_ray([prepared], address=address, ledger=tmp_path / "ledger", say=said.append)
        assert (len(killed), found.done) == (1, [run.name])
        assert any("was lost after epoch" in line for line in said)
        entry = json.loads(find_file(tmp_path / "ledger", f"{run.name}.json").read_text())
        assert entry["curve"]["epoch"] == [1, 2, 3, 4]
        assert len(entry["resumed_after"]) == 1

    def test_ctrl_c__ends_all(self, address, prepared, tmp_path):
        def stop(line):
            if "started on" in line:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            carry_out_on_ray([prepared], address=address, ledger=tmp_path / "ledger", say=stop)
        assert processes_of(prepared[1]) == []


def processes_of(file):
    """Return the workers on a run that have not ended."""
    found = psutil.process_iter(["cmdline", "status"])
    return [p for p in found if str(file) in (p.info["cmdline"] or []) and p.info["status"] != psutil.STATUS_ZOMBIE]
