"""Archives unpacked, good ones and those that mean harm."""

import stat
import zipfile

import pytest

from lidd_yolo.data.releases.download import unpack
from tests.helpers.folders import tree


def _zip(file, entries):
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo("x")
            # Set afterwards, as the constructor repairs what an attacker would not.
            info.filename = info.orig_filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            if content is None:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/hostname" if content is None else content)
    return file


@pytest.fixture
def goal(tmp_path):
    return tmp_path / "goal"


class TestUnpack:
    def test_wanted_folders__without_the_outer_one(self, tmp_path, goal):
        entries = [("top/a/1.txt", "one"), ("top/a/b/2.txt", "two"), ("top/c/3.txt", "three"), ("top/ab/4.txt", "")]
        archive = _zip(tmp_path / "x.zip", [("top/", ""), *entries])
        assert unpack(archive, goal, ["a"]) == 2
        assert tree(goal) == {"a/1.txt": b"one", "a/b/2.txt": b"two"}

    @pytest.mark.parametrize(
        "name",
        ["top/../../out", "../out", "/out", "top/a/../../../out", "top\\..\\..\\out", "C:/out", "top/a/\0out"],
    )
    def test_outside__refused_as_a_whole(self, tmp_path, goal, name):
        archive = _zip(tmp_path / "x.zip", [("top/a/1.txt", "one"), (name, "harm")])
        with pytest.raises(ValueError, match="nothing is unpacked"):
            unpack(archive, goal, ["a"])
        assert set(tree(tmp_path)) == {"x.zip"}

    def test_link__refused(self, tmp_path, goal):
        with pytest.raises(ValueError, match="is no plain file"):
            unpack(_zip(tmp_path / "x.zip", [("top/a/link", None)]), goal, ["a"])
        assert unpack(_zip(tmp_path / "y.zip", [("top/b/link", None)]), goal, ["a"]) == 0

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_twice__refused(self, tmp_path, goal):
        with pytest.raises(ValueError, match="is there twice"):
            unpack(_zip(tmp_path / "x.zip", [("top/a/1", "one"), ("top/a/1", "two")]), goal, ["a"])

    def test_bomb__refused_before_it_is_written(self, tmp_path, goal):
        archive = _zip(tmp_path / "x.zip", [("top/a/zeros", bytes(10_000_000))])
        assert archive.stat().st_size < 20_000
        with pytest.raises(ValueError, match="10000000 bytes, more than 9000000"):
            unpack(archive, goal, ["a"], limit=9_000_000)
        assert not goal.exists()

    def test_size_understated__not_believed(self, tmp_path, goal):
        archive = _zip(tmp_path / "x.zip", [("top/a/zeros", bytes(100_000))])
        data = archive.read_bytes()
        archive.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
        with pytest.raises(ValueError, match="cannot be unpacked"):
            unpack(archive, goal, ["a"], limit=1000)
        assert all(len(content) <= 1000 for content in tree(tmp_path / "goal").values())

    @pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06"])
    def test_damaged(self, tmp_path, goal, content):
        (tmp_path / "x.zip").write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.zip: it cannot be unpacked"):
            unpack(tmp_path / "x.zip", goal, ["a"])

    def test_one_wrong_bit__found(self, tmp_path, goal):
        archive = _zip(tmp_path / "x.zip", [("top/a/1.txt", "some text " * 50)])
        data = bytearray(archive.read_bytes())
        data[45] ^= 4
        archive.write_bytes(data)
        with pytest.raises(ValueError, match="cannot be unpacked"):
            unpack(archive, goal, ["a"])
