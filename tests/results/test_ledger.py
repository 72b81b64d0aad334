"""The ledger holds what was written, and says when that is no longer so."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lidd_yolo.results import ledger
from lidd_yolo.results.ledger import CHAIN, append, read_ledger, verify

ROOT = Path(__file__).parents[2]
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


def chain(folder):
    return (folder / CHAIN).read_bytes().splitlines()


@pytest.fixture
def two(tmp_path):
    """A ledger of two entries."""
    for name in ("a", "b"):
        append(entry(name), tmp_path)
    return tmp_path


@pytest.fixture
def proven(tmp_path):
    """A ledger with one entry and its evidence, and the file the evidence was copied from."""
    source = tmp_path / "source"
    source.write_bytes(b"evidence")
    named = {"test": {"file": "a.test.npz", "sha256": sha256(b"evidence")}}
    append(entry("a", evidence=named), tmp_path / "ledger", {"a.test.npz": source})
    return tmp_path / "ledger", named, source


class TestReadLedger:
    def test_read_ledger__names_a_damaged_file(self, two):
        (two / "c.json").write_text("{")
        with pytest.raises(ValueError, match=r"c\.json is not a ledger entry"):
            read_ledger(two)

    def test_read_ledger__entries_by_pattern_without_the_chain(self, two):
        append(entry("b-2"), two)
        assert [e["name"] for e in read_ledger(two)] == ["a", "b-2", "b"]
        assert [e["name"] for e in read_ledger(two, "b*")] == ["b-2", "b"]
        assert read_ledger(two, "CHAIN") == []


class TestAppend:
    def test_append__entry_and_chain(self, tmp_path):
        folder = tmp_path / "new"
        first = append(entry("a"), folder)
        assert json.loads(first.read_text()) == {**entry("a"), "previous": ""}
        (line,) = chain(folder)
        assert json.loads(line) == {"name": "a", "sha256": sha256(first.read_bytes()), "previous": ""}
        second = append(entry("b"), folder)
        assert json.loads(second.read_text())["previous"] == sha256(line)
        assert json.loads(chain(folder)[1])["previous"] == sha256(line)
        assert sorted(file.name for file in folder.iterdir()) == [".lock", CHAIN, "a.json", "b.json"]

    def test_append__a_name_again(self, two):
        append(entry("a", 0.7), two)
        assert read_ledger(two, "a")[0]["results"]["val"]["map"] == 0.7
        assert [json.loads(line)["name"] for line in chain(two)] == ["a", "b", "a"]
        assert verify(two) == []

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

    def test_append__chain_is_no_file_to_replace(self, two):
        with pytest.raises(ValueError, match="cannot be the name of a file"):
            append(entry("c"), two, {CHAIN: ROOT / "LICENSE"})

    def test_append__evidence_is_copied(self, proven):
        folder, _, _ = proven
        assert (folder / "a.test.npz").read_bytes() == b"evidence"
        assert verify(folder) == []

    def test_append__evidence_missing_or_another(self, proven):
        folder, named, source = proven
        with pytest.raises(ValueError, match=r"a\.test\.npz does not exist"):
            append(entry("b", evidence=named), folder)
        source.write_bytes(b"other")
        with pytest.raises(ValueError, match=r"a\.test\.npz has another hash"):
            append(entry("b", evidence=named), folder, {"a.test.npz": source})
        assert verify(folder) == []

    def test_append__cuts_off_half_a_line(self, two):
        lines = (two / CHAIN).read_bytes()
        (two / CHAIN).write_bytes(lines + b'{"name": "c", "sha')
        assert "ends in half a line" in verify(two)[0]
        append(entry("c"), two)
        assert (two / CHAIN).read_bytes().startswith(lines + b'{"name": "c"')
        assert verify(two) == []

    @pytest.mark.parametrize("again", [False, True])
    def test_append__killed_before_the_chain(self, two, monkeypatch, again):
        """Of a new entry and of one that existed: it is reported, other entries go on, writing it again mends it."""
        name = "a" if again else "c"
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "_extend", lambda *_: exit_now())
            with pytest.raises(KeyboardInterrupt):
                append(entry(name, 0.9), two)
        append(entry("d"), two)
        (finding,) = verify(two)
        assert finding.startswith(f"{name}.json")
        assert "its writing was killed" in finding
        append(entry(name, 0.9), two)
        assert verify(two) == []

    def test_append__killed_before_the_entry(self, proven, monkeypatch):
        """New evidence lies beside the old entry."""
        folder, _, source = proven
        source.write_bytes(b"newer")
        named = {"test": {"file": "a.test.npz", "sha256": sha256(b"newer")}}
        put = ledger._put
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "_put", lambda to, data: exit_now() if to.suffix == ".json" else put(to, data))
            with pytest.raises(KeyboardInterrupt):
                append(entry("a", evidence=named), folder, {"a.test.npz": source})
        (finding,) = verify(folder)
        assert "a.test.npz has another hash" in finding
        append(entry("a", evidence=named), folder, {"a.test.npz": source})
        assert verify(folder) == []

    def test_append__four_processes_at_once(self, tmp_path):
        words = [sys.executable, "-c", WRITER, str(tmp_path)]
        running = [subprocess.Popen([*words, f"process{number}"]) for number in range(4)]
        assert [process.wait(120) for process in running] == [0, 0, 0, 0]
        assert len(chain(tmp_path)) == 32
        assert verify(tmp_path) == []


class TestVerify:
    def test_verify__edited_entry(self, two):
        file = two / "a.json"
        file.write_text(file.read_text().replace("0.5", "0.6"))
        (finding,) = verify(two)
        assert finding.startswith("a.json is not what CHAIN.jsonl says: it was edited")

    def test_verify__missing_entry(self, two):
        (two / "a.json").unlink()
        assert verify(two) == ["a.json does not exist, but CHAIN.jsonl names it: restore it from git"]

    def test_verify__entry_without_line(self, two):
        (two / "c.json").write_text(json.dumps(entry("c")))
        (finding,) = verify(two)
        assert finding.startswith("c.json has no line in CHAIN.jsonl")

    def test_verify__no_chain(self, two):
        (two / CHAIN).unlink()
        (finding,) = verify(two)
        assert finding.startswith("CHAIN.jsonl does not exist")

    @pytest.mark.parametrize("change", ["changed", "removed", "swapped"])
    def test_verify__broken_chain(self, two, change):
        append(entry("c"), two)
        one, other, last = chain(two)
        lines = {
            "changed": [one.replace(b'"a"', b'"z"'), other, last],
            "removed": [one, last],
            "swapped": [other, one, last],
        }[change]
        (two / CHAIN).write_bytes(b"\n".join(lines) + b"\n")
        findings = verify(two)
        assert any("does not follow from the line before" in finding for finding in findings)

    def test_verify__number_and_its_line_changed(self, two):
        """Whoever also mends the hash of the entry in its line breaks the line after it."""
        file = two / "a.json"
        before = sha256(file.read_bytes())
        file.write_text(file.read_text().replace("0.5", "0.6"))
        text = (two / CHAIN).read_text().replace(before, sha256(file.read_bytes()))
        (two / CHAIN).write_text(text)
        (finding,) = verify(two)
        assert finding.startswith("CHAIN.jsonl line 2 does not follow")

    def test_verify__unreadable_line(self, two):
        one, other = chain(two)
        (two / CHAIN).write_bytes(one + b"\nnonsense\n" + other + b"\n")
        findings = verify(two)
        assert findings[0] == "CHAIN.jsonl line 2 cannot be read: restore the file from git"
        assert findings[1].startswith("CHAIN.jsonl line 3 does not follow")

    def test_verify__another_evidence_file(self, proven):
        folder, _, _ = proven
        (folder / "a.test.npz").write_bytes(b"other")
        (finding,) = verify(folder)
        assert finding.startswith("a.json: a.test.npz has another hash")
        (folder / "a.test.npz").unlink()
        (finding,) = verify(folder)
        assert finding.startswith("a.json: a.test.npz does not exist")

    def test_verify__entry_after_another_one(self, two):
        """An entry put together by hand, with a line of its own that fits."""
        data = json.dumps({**entry("c"), "previous": "0" * 64}).encode()
        (two / "c.json").write_bytes(data)
        line = {"name": "c", "sha256": sha256(data), "previous": sha256(chain(two)[-1])}
        with (two / CHAIN).open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
        (finding,) = verify(two)
        assert finding.startswith("c.json names another entry before it")


class TestRepository:
    def test_ledger__is_as_it_was_written(self):
        assert verify(ROOT / "benchmarks" / "results") == []


def exit_now():
    raise KeyboardInterrupt
