"""Files and folders that are there complete or not at all."""

import errno
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.files import (
    all_or_nothing,
    check_name,
    check_new,
    check_writable,
    remove_left_overs,
    sha256,
    stage,
    write_beside,
)

ROOT = Path(__file__).resolve().parents[1]


class TestAllOrNothing:
    def test_success__moved_to_its_place(self, tmp_path):
        with all_or_nothing(tmp_path / "below" / "set") as folder:
            (folder / "a").write_text("new")
            assert not (tmp_path / "below" / "set").exists()
        assert [path.name for path in (tmp_path / "below").iterdir()] == ["set"]
        assert (tmp_path / "below/set/a").read_text() == "new"

    def test_success__old_one_replaced(self, tmp_path):
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "old").touch()
        with all_or_nothing(tmp_path / "set") as folder:
            (folder / "new").touch()
        assert [path.name for path in (tmp_path / "set").iterdir()] == ["new"]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_error__old_one_stays_and_nothing_else(self, tmp_path, error):
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "old").touch()

        def fail():
            with all_or_nothing(tmp_path / "set") as folder:
                (folder / "new").touch()
                raise error

        with pytest.raises(error):
            fail()
        assert [path.name for path in tmp_path.rglob("*")] == ["set", "old"]


class TestWriteBeside:
    def test_success__replaced(self, tmp_path):
        file = tmp_path / "best.json"
        file.write_text("old")
        with write_beside(file) as beside:
            beside.write_text("new")
            assert file.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["best.json"]
        assert file.read_text() == "new"

    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    def test_error__old_one_stays_and_nothing_else(self, tmp_path, error):
        file = tmp_path / "best.json"
        file.write_text("old")

        def fail():
            with write_beside(file) as beside:
                beside.write_text("ne")
                raise error

        with pytest.raises(error):
            fail()
        assert [path.name for path in tmp_path.iterdir()] == ["best.json"]
        assert file.read_text() == "old"


KILLED = """
import os, sys
from pathlib import Path
from lidd_yolo.files import all_or_nothing, write_beside

target, how = Path(sys.argv[1]), sys.argv[2]
rename = Path.rename
if how == "between":
    def then_die(self, goal):
        rename(self, goal)
        if self == target:
            os._exit(9)
    Path.rename = then_die
with (write_beside if how == "file" else all_or_nothing)(target) as beside:
    (beside if how == "file" else beside / "half").write_text("half")
    if how != "between":
        print("there", flush=True)
        sys.stdin.read() if how == "alive" else os._exit(9)
"""


def run_killed(target, how):
    """Run a process that ends, as by a kill, while it writes a file or folder."""
    words = [sys.executable, "-c", KILLED, str(target), how]
    assert subprocess.run(words, cwd=ROOT, check=False, capture_output=True).returncode == 9


class TestLeftOvers:
    """A container gives every run the same process number."""

    @pytest.mark.parametrize("how", ["folder", "file"])
    def test_killed__next_run_removes_what_it_left(self, tmp_path, how):
        run_killed(tmp_path / "set", how)
        assert [path.name[:5] for path in tmp_path.iterdir()] == [".set."]
        with (write_beside if how == "file" else all_or_nothing)(tmp_path / "set") as beside:
            (beside if how == "file" else beside / "a").write_text("whole")
        assert [path.name for path in tmp_path.iterdir()] == ["set"]

    def test_of_an_older_release__does_not_block(self, tmp_path):
        (tmp_path / f".set.{os.getpid()}.new").mkdir()
        with all_or_nothing(tmp_path / "set"):
            pass
        assert [path.name for path in tmp_path.iterdir()] == ["set"]

    def test_killed_between_the_renames__old_folder_is_back(self, tmp_path):
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "mine").write_text("old")
        run_killed(tmp_path / "set", "between")
        assert not (tmp_path / "set").exists()
        remove_left_overs(tmp_path / "set")
        assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["set", "set/mine"]

    def test_alive__left_alone(self, tmp_path):
        words = [sys.executable, "-c", KILLED, str(tmp_path / "set"), "alive"]
        with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            remove_left_overs(tmp_path / "set")
            assert len(list(tmp_path.iterdir())) == 1
        assert [path.name for path in tmp_path.rglob("*")] == ["set", "half"]

    def test_others__left_alone(self, tmp_path):
        names = [".set.new", ".set.txt", ".set.xyz.new", ".other.0a1b2c3d.new", "set.0a1b2c3d.new"]
        for name in names:
            (tmp_path / name).touch()
        remove_left_overs(tmp_path / "set")
        assert {path.name for path in tmp_path.iterdir()} == set(names)


class TestStage:
    def test_stage__vanishes(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with stage("lidd-test-") as folder:
            (folder / "a").touch()
            with stage("lidd-test-"):
                assert folder.is_dir()
        assert list(tmp_path.iterdir()) == []

    def test_killed__next_one_removes_what_it_left(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        for name, age in (("lidd-test-abc", 100), ("lidd-test-new", 0), ("other-abc", 100)):
            (tmp_path / name).mkdir()
            os.utime(tmp_path / name, (time.time() - age,) * 2)
        with stage("lidd-test-"):
            pass
        assert {path.name for path in tmp_path.iterdir()} == {"lidd-test-new", "other-abc"}

    def test_clock_put_back__nothing_young_removed(self, tmp_path, monkeypatch):
        """What was made before then lies in the future: it goes when its time has come."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        (tmp_path / "lidd-test-abc").mkdir()
        now = time.time()
        for clock, left in ((now - 3600, {"lidd-test-abc"}), (now + 100, set())):
            monkeypatch.setattr(time, "time", lambda clock=clock: clock)
            with stage("lidd-test-"):
                pass
            assert {path.name for path in tmp_path.iterdir()} == left


class TestNamed:
    @pytest.mark.parametrize("make", [all_or_nothing, write_beside])
    def test_disk_full__names_the_place(self, tmp_path, make):
        def fill():
            with make(tmp_path / "set"), open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
                full.write(b"a")

        with pytest.raises(OSError, match=r"No space left on device: '.*/set'") as raised:
            fill()
        assert raised.value.errno == errno.ENOSPC
        assert list(tmp_path.iterdir()) == []

    def test_disk_full__as_torch_says_it(self, tmp_path):
        def fill():
            with write_beside(tmp_path / "best.pt"):
                raise RuntimeError("[enforce fail] . PytorchStreamWriter failed writing file data/3: file write failed")

        with pytest.raises(OSError, match=r"cannot be written, as on a full disk: '.*/best\.pt'"):
            fill()

    def test_other_errors__as_they_are(self, tmp_path):
        def fail(error):
            with write_beside(tmp_path / "a"):
                raise error

        for error in (RuntimeError("other"), FileNotFoundError(2, "No such file", "b"), ConnectionError("no network")):
            with pytest.raises(type(error)) as raised:
                fail(error)
            assert raised.value is error


class TestCheckName:
    @pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x00b", "a\x1b[31m"])
    def test_control_character__refused_in_one_line(self, tmp_path, name):
        for refuse in (check_writable, lambda target: all_or_nothing(target).__enter__()):
            if "\x00" in name and refuse is not check_writable:
                continue  # the system refuses it first
            with pytest.raises(InputError, match="rename it") as raised:
                refuse(tmp_path / name / "set")
            assert "\n" not in str(raised.value)
        assert list(tmp_path.iterdir()) == []

    def test_usual_names__accepted(self, tmp_path):
        check_name(tmp_path / "Bänder 100 % (neu), [a]")


class TestSha256:
    def test_file(self, tmp_path):
        (tmp_path / "a").write_bytes(b"abc")
        assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


class TestCheckWritable:
    def test_writable__nothing_left_behind(self, tmp_path):
        check_writable(tmp_path / "a" / "b" / "c")
        assert list(tmp_path.iterdir()) == []

    def test_below_a_file__refused_by_its_name(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match=r"file/set cannot be made: nothing can be written to .*/file \(Not a dir"):
            check_writable(tmp_path / "file" / "set")

    def test_read_only__refused(self, tmp_path, monkeypatch):
        """Permissions do not stop the superuser, whom some machines run their tests as."""

        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("tempfile.mkdtemp", refuse)
        with pytest.raises(OSError, match=r"set cannot be made: nothing can be written to .* \(Permission denied\)"):
            check_writable(tmp_path / "set")


class TestCheckNew:
    def test_missing_or_empty__accepted(self, tmp_path):
        check_new(tmp_path)
        check_new(tmp_path / "none")

    def test_file_or_full__refused(self, tmp_path):
        (tmp_path / "file").touch()
        for place in (tmp_path, tmp_path / "file"):
            with pytest.raises(FileExistsError, match="choose another target"):
                check_new(place)
