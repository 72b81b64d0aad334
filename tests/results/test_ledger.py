"""The ledger holds what was written, each entry in its kind's folder, and says when figures no longer follow."""

import hashlib
import json
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import torch

from lidd_yolo.results import ledger
from lidd_yolo.results.evidence import Evidence, named_figures
from lidd_yolo.results.ledger import append, append_measurement, find_file, read_ledger, verify, without_evidence
from tests.helpers.made_up_ledger import made_up_entry, write_entry

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "benchmarks" / "results"
WRITER = """
import sys
from pathlib import Path
from lidd_yolo.results.ledger import append
for number in range(8):
    append({"name": f"{sys.argv[2]}-{number}", "results": {}}, Path(sys.argv[1]))
"""


def entry(name, value=0.5, **more):
    return {"name": name, "results": {"val": {"map": value}}, **more}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def two(tmp_path):
    """A ledger of two entries."""
    for name in ("a", "b"):
        append(entry(name), tmp_path)
    return tmp_path


@pytest.fixture
def copied(tmp_path):
    """A ledger with one entry and a file that it names as evidence, and the file that was copied."""
    source = tmp_path / "source"
    source.write_bytes(b"evidence")
    named = {"test": {"file": "a.test.npz", "sha256": sha256(b"evidence")}}
    append(entry("a", evidence=named), tmp_path / "ledger", {"a.test.npz": source})
    return tmp_path / "ledger", named, source


@pytest.fixture
def proven(tmp_path):
    """A ledger of one training whose figures are those of its evidence, with masks; no difference is recorded."""
    prove(tmp_path, quality=0.8)
    return tmp_path


def prove(folder, quality):
    """Write the entry of a training with the figures of its evidence; returns it."""
    made = write_entry(folder, made_up_entry("a-s0", model="wlnet-seg.yaml"), quality=quality)
    made["results"]["test"] |= named_figures(Evidence.load(folder / "a-s0.test.npz"), made["results"]["test"])
    del made["evidence"]["test"]["difference"]
    append(made, folder, {"a-s0.test.npz": folder / "a-s0.test.npz"})
    return made


class TestReadLedger:
    def test_read_ledger__names_a_damaged_file(self, two):
        (two / "c.json").write_text("{")
        with pytest.raises(ValueError, match=r"c\.json is not a ledger entry"):
            read_ledger(two)

    def test_read_ledger__entries_by_pattern(self, two):
        append(entry("b-2"), two)
        assert [e["name"] for e in read_ledger(two)] == ["a", "b-2", "b"]
        assert [e["name"] for e in read_ledger(two, "b*")] == ["b-2", "b"]
        assert [e["name"] for e in read_ledger(two, "b b* a")] == ["b", "b-2", "a"]

    def test_read_ledger__flat_ones_of_older_releases_too(self, two):
        (two / "0.json").write_text(json.dumps(entry("0")))
        assert [e["name"] for e in read_ledger(two)] == ["0", "a", "b"]

    def test_read_ledger__other_folders_are_no_part_of_it(self, two):
        (two / "runs").mkdir()
        (two / "runs" / "run.json").write_text("{}")
        assert len(read_ledger(two)) == 2

    def test_read_ledger__one_name_twice(self, two):
        (two / "a.json").write_text(json.dumps(entry("a")))
        with pytest.raises(ValueError, match=r"a\.json and .*a\.json have one name"):
            read_ledger(two)


class TestAppend:
    @pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
    def test_two_at_once__entry_and_evidence_of_one(self, tmp_path, monkeypatch):
        """As of two `lidd compare` with one ledger: the second begins between the files of the first."""
        (tmp_path / "1").write_bytes(b"1")
        (tmp_path / "2").write_bytes(b"2")

        def write(number):
            named = {"test": {"file": "a.test.npz", "sha256": sha256(number.encode())}}
            append(entry("a", evidence=named), tmp_path / "ledger", {"a.test.npz": tmp_path / number})

        second = threading.Thread(target=write, args="2")
        original = ledger.write_beside

        def interrupted(place):
            if place.suffix == ".json" and not second.ident:
                second.start()
                second.join(0.5)
            return original(place)

        monkeypatch.setattr(ledger, "write_beside", interrupted)
        write("1")
        second.join()
        (found,) = read_ledger(tmp_path / "ledger")
        assert found["evidence"]["test"]["sha256"] == sha256(find_file(tmp_path / "ledger", "a.test.npz").read_bytes())

    @pytest.mark.parametrize(
        ("name", "keys", "folder"),
        [
            ("x", {"plan": "grouped"}, "trainings/grouped"),
            ("leak-x", {"plan": "trial8"}, "trials"),
            ("certificate-x", {}, "trainings"),
            ("certificate-x", None, "certificates"),
            ("leak-x", None, "data"),
            ("data-check", None, "data"),
            ("latency-x", None, "speed"),
        ],
    )
    def test_append__into_the_folder_of_its_kind(self, tmp_path, name, keys, folder):
        training = {} if keys is None else {"model": "m", "data": {}, "arguments": {}, **keys}
        file = append(entry(name, **training), tmp_path)
        assert file == tmp_path / folder / f"{name}.json" == find_file(tmp_path, f"{name}.json")
        assert json.loads(file.read_text()) == entry(name, **training)

    def test_append__a_name_again(self, two):
        """In its place, also in a flat ledger of an older release."""
        (two / "0.json").write_text(json.dumps(entry("0")))
        for name in ("0", "a"):
            file = append(entry(name, 0.7), two)
            assert file.parent == {"0": two, "a": two / "speed"}[name]
            assert read_ledger(two, name)[0]["results"]["val"]["map"] == 0.7
        assert len(read_ledger(two)) == 3

    @pytest.mark.parametrize("value", [object(), float("nan")])
    def test_append__whole_or_not_at_all(self, tmp_path, value):
        with pytest.raises((TypeError, ValueError)):
            append(entry("a", value), tmp_path / "new")
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("name", ["", "..", ".hidden", "../a", "a/b", "a\\b", "C:a"])
    def test_append__no_file_name(self, tmp_path, name):
        with pytest.raises(ValueError, match="cannot be the name of a file"):
            append(entry(name), tmp_path / "new")
        with pytest.raises(ValueError, match="cannot be the name of a file"):
            append(entry("a"), tmp_path / "new", {name: ROOT / "LICENSE"})
        assert not (tmp_path / "new").exists()

    def test_append__evidence_is_copied(self, copied):
        folder, _, _ = copied
        assert find_file(folder, "a.test.npz").read_bytes() == b"evidence"
        assert find_file(folder, "a.test.npz").parent == find_file(folder, "a.json").parent

    def test_append__evidence_missing_or_another(self, copied):
        folder, named, source = copied
        with pytest.raises(ValueError, match=r"a\.test\.npz does not exist"):
            append(entry("b", evidence=named), folder)
        source.write_bytes(b"other")
        with pytest.raises(ValueError, match=r"a\.test\.npz has another hash"):
            append(entry("b", evidence=named), folder, {"a.test.npz": source})
        assert len(read_ledger(folder)) == 1

    def test_append__killed_before_the_entry(self, proven, monkeypatch, tmp_path_factory):
        """New evidence lies beside the old entry: it is reported, writing it again mends it."""
        newer = tmp_path_factory.mktemp("newer")
        again = prove(newer, quality=0.4)
        files = {"a-s0.test.npz": find_file(newer, "a-s0.test.npz")}
        beside = ledger.write_beside
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "write_beside", lambda to: exit_now() if to.suffix == ".json" else beside(to))
            with pytest.raises(KeyboardInterrupt):
                append(again, proven, files)
        assert "a-s0.test.npz has another hash" in verify(proven)[0]
        append(again, proven, files)
        assert verify(proven) == []

    def test_append__four_processes_at_once(self, tmp_path):
        words = [sys.executable, "-c", WRITER, str(tmp_path)]
        running = [subprocess.Popen([*words, f"process{number}"]) for number in range(4)]
        assert [process.wait(120) for process in running] == [0, 0, 0, 0]
        assert len(read_ledger(tmp_path)) == 32


class TestAppendMeasurement:
    def test_entry__facts_and_machine(self, tmp_path):
        file = append_measurement(tmp_path, "a-time", {"x": {"median_s": 1.5}}, threads=7, imgsz=64)
        made = json.loads(file.read_text(encoding="utf-8"))
        assert (made["name"], made["imgsz"], made["results"]) == ("a-time", 64, {"x": {"median_s": 1.5}})
        assert made["date"] == datetime.now(timezone.utc).date().isoformat()
        assert made["machine"]["threads"] == 7
        assert "device" not in made

    def test_device__said(self, tmp_path):
        file = append_measurement(tmp_path, "c", {}, device="cpu")
        assert json.loads(file.read_text(encoding="utf-8"))["device"] == "cpu"

    def test_threads__torchs_own(self, tmp_path):
        made = json.loads(append_measurement(tmp_path, "b", {}).read_text(encoding="utf-8"))
        assert made["machine"]["threads"] == torch.get_num_threads()


def edit(folder, name, change):
    """Change an entry by hand."""
    file = find_file(folder, f"{name}.json")
    made = json.loads(file.read_text())
    change(made)
    file.write_text(json.dumps(made))


class TestVerify:
    def test_verify__untouched(self, proven):
        assert verify(proven) == []
        assert without_evidence(proven) == ["a-s0 (val)"]

    @pytest.mark.parametrize(
        ("keys", "figure"),
        [
            (["map50"], "map50"),
            (["map"], "map"),
            (["precision"], "precision"),
            (["recall"], "recall"),
            (["mask_map"], "mask_map"),
            (["map50_of_class", "inclusion"], "map50_of_class inclusion"),
        ],
    )
    def test_verify__edited_number(self, proven, keys, figure):
        """Entry, figure, the value stated and the value computed are told."""
        before = {}

        def change(made):
            figures = made["results"]["test"]
            for key in keys[:-1]:
                figures = figures[key]
            before["value"] = figures[keys[-1]]
            figures[keys[-1]] = 0.01

        edit(proven, "a-s0", change)
        assert verify(proven) == [f"a-s0: test {figure} is 0.01 in the entry, {before['value']:.5f} from its evidence"]

    def test_verify__recorded_difference(self, proven):
        """What the left-out detections made of the figure is known: then a smaller change is found too."""

        def by(difference, change):
            def changed(made):
                test = made["results"]["test"]
                made["evidence"]["test"]["difference"] = {"map": difference}
                test["map"] = round(exact - difference, 5) + change

            return changed

        exact = read_ledger(proven)[0]["results"]["test"]["map"]
        for difference, change, count in ((0.001, 0, 0), (0.001, 1e-4, 1), (0.1, 0, 0), (0.1, -0.1, 1)):
            edit(proven, "a-s0", by(difference, change))
            assert len(verify(proven)) == count

    def test_verify__edited_evidence(self, proven):
        """By the hash and by each figure that follows from it no more."""
        file = find_file(proven, "a-s0.test.npz")
        with np.load(file) as arrays:
            changed = {**arrays, "correct": np.zeros_like(arrays["correct"])}
        np.savez_compressed(file, **changed)
        findings = verify(proven)
        assert findings[0].startswith("a-s0: a-s0.test.npz has another hash")
        stated = read_ledger(proven)[0]["results"]["test"]["map50"]
        assert f"a-s0: test map50 is {stated} in the entry, 0.00000 from its evidence" in findings
        assert not any(" mask_" in finding for finding in findings)

    def test_verify__evidence_missing_or_damaged(self, proven):
        file = find_file(proven, "a-s0.test.npz")
        file.write_bytes(b"nothing")
        assert "is no evidence file" in verify(proven)[1]
        file.unlink()
        (finding,) = verify(proven)
        assert finding.startswith("a-s0: a-s0.test.npz does not exist")

    def test_verify__without_any(self, two):
        assert verify(two) == []
        assert without_evidence(two) == ["a", "b"]


class TestRepository:
    @pytest.mark.trains
    def test_ledger__follows_from_its_evidence(self):
        assert verify(LEDGER) == []

    def test_ledger__evidence_of_what_a_table_compares(self):
        """Of each training of schema 2 with evidence the test part, or val where there is none."""
        bare = without_evidence(LEDGER)
        for made in read_ledger(LEDGER, "grouped-* paper-* random-* aluminium-* neu-seg-* short-* trial60-*"):
            assert made["schema"] == 2
            assert ("test" if "test" in made["results"] else "val") in made["evidence"]
            assert made["name"] not in bare

    def test_ledger__recorded_differences_are_small(self):
        """What is left out of the evidence, behind the 100 surest detections of a picture, moves no average precision.

        Precision and recall are read where the mean F1 of the classes is highest. That place jumps where the curve is
        flat, as that of a network is which has hardly begun to learn.
        """
        evidence = [one for made in read_ledger(LEDGER) for one in made.get("evidence", {}).values()]
        numbers = [pair for one in evidence for pair in ledger._single(one["difference"])]
        at_one_place = [number for key, number in numbers if key.endswith(("precision", "recall"))]
        averages = [number for key, number in numbers if not key.endswith(("precision", "recall"))]
        assert len(averages) > 500
        assert max(map(abs, averages)) <= 0.0025
        assert len(at_one_place) > 100
        assert max(map(abs, at_one_place)) <= 0.02

    def test_ledger__one_schema_and_every_file_named(self):
        entries = read_ledger(LEDGER)
        assert {made["schema"] for made in entries if "arguments" in made} == {2}
        named = {one["file"] for made in entries for one in made.get("evidence", {}).values()}
        assert {file.name for file in LEDGER.rglob("*.npz")} == named
        assert {file.suffix for file in LEDGER.rglob("*") if file.is_file()} == {".json", ".npz"}
        assert all(file.stat().st_size <= 500_000 for file in LEDGER.rglob("*"))
        assert all(Evidence.load(find_file(LEDGER, name)).groups is not None for name in named)


def exit_now():
    raise KeyboardInterrupt
