"""Files and folders that are there complete or not at all."""

import hashlib

import pytest

from lidd_yolo.files import all_or_nothing, check_new, check_writable, sha256, write_beside


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
