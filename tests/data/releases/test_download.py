"""Releases fetched whole or not at all, archives unpacked, and files compared with lists of checksums."""

import hashlib
import http.client
import io
import socket
import stat
import urllib.request
import zipfile
from contextlib import contextmanager

import pytest

from lidd_yolo.data.releases import download
from lidd_yolo.data.releases.download import (
    PUBLISHERS,
    Publisher,
    Verification,
    download_release,
    fetch,
    read_checksums,
    unpack,
    verify_files,
)
from tests.helpers.folders import text, tree
from tests.helpers.releases import release
from tests.helpers.server import serve

_DATA = bytes(range(256)) * 10_000


@pytest.fixture
def without_certificates(monkeypatch):
    """Let HTTPS addresses be asked as HTTP ones; returns a function that makes one of an HTTP address."""
    plain = lambda self, request: self.do_open(http.client.HTTPConnection, request)  # noqa: E731
    monkeypatch.setattr(urllib.request.HTTPSHandler, "https_open", plain)
    return lambda address: address.replace("http:", "https:")


class TestFetch:
    @pytest.mark.parametrize("say_length", [True, False])
    def test_whole__with_progress(self, tmp_path, capsys, say_length):
        with serve({"/a.zip": _DATA}, say_length=say_length) as address:
            fetch(f"{address}/a.zip", tmp_path / "below/a.zip")
        assert (tmp_path / "below/a.zip").read_bytes() == _DATA
        assert [path.name for path in (tmp_path / "below").iterdir()] == ["a.zip"]
        assert "fetching a.zip: 1.0" + (" of 2.6 MB" if say_length else " MB") in capsys.readouterr().err

    def test_cut_short__nothing_kept(self, tmp_path):
        with serve({"/a.zip": _DATA}, cut=1) as address, pytest.raises(ConnectionError, match=r"2559999 (of|bytes)"):
            fetch(f"{address}/a.zip", tmp_path / "a.zip")
        assert list(tmp_path.iterdir()) == []

    def test_failure__earlier_file_stays(self, tmp_path):
        (tmp_path / "a.zip").write_text("old")
        with serve({}) as address, pytest.raises(ConnectionError, match=r"/a\.zip cannot be fetched \(Not Found\)"):
            fetch(f"{address}/a.zip", tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 1

    @pytest.mark.parametrize("way", [["http"], ["https", "http"], ["http", "https"], ["ftp"]], ids="-".join)
    def test_https__leads_to_nothing_that_is_not_encrypted(self, tmp_path, without_certificates, way):
        """Not on the way either, where somebody could lead elsewhere; the old file stays."""
        (tmp_path / "a.zip").write_text("old")
        moved = {f"/{step}": f"{scheme}://HOST/{step + 1}" for step, scheme in enumerate(way)}
        with (
            serve({f"/{len(way)}": _DATA}, moved=moved) as address,
            pytest.raises(ConnectionError, match=r"leads to (http|ftp)://.*, which is not encrypted"),
        ):
            fetch(f"{without_certificates(address)}/0", tmp_path / "a.zip")
        assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.zip", "old")]

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_moved__followed(self, tmp_path, without_certificates, scheme):
        with serve({"/1": _DATA}, moved={"/0": f"{scheme}://HOST/1"}) as address:
            start = address if scheme == "http" else without_certificates(address)
            fetch(f"{start}/0", tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_bytes() == _DATA

    def test_no_server__one_clear_line(self, tmp_path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}/a.zip"
        with pytest.raises(ConnectionError, match="is there a network") as caught:
            fetch(address, tmp_path / "a.zip")
        assert address in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("say_length", [True, False])
    def test_too_large__nothing_kept(self, tmp_path, monkeypatch, say_length):
        monkeypatch.setattr(download, "_MAX_BYTES", len(_DATA) - 1)
        with serve({"/a.zip": _DATA}, say_length=say_length) as address, pytest.raises(ValueError, match="larger than"):
            fetch(f"{address}/a.zip", tmp_path / "a.zip")
        assert list(tmp_path.iterdir()) == []

    def test_other_kinds_of_address__refused(self, tmp_path):
        (tmp_path / "secret").touch()
        with pytest.raises(ValueError, match="only http and https"):
            fetch((tmp_path / "secret").as_uri(), tmp_path / "a.zip")


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


class TestStatedSize:
    @pytest.mark.parametrize(
        ("text", "size"), [(None, 0), ("", 0), ("12", 12), ("-3", 0), ("many", 0), ("9" * 5000, 0)], ids=range(6)
    )
    def test_size__of_any_server(self, text, size):
        assert download._stated_size(text) == size


class TestUnpack:
    def test_wanted_folders__without_the_outer_one(self, tmp_path, goal):
        entries = [("top/a/1.txt", "one"), ("top/a/b/2.txt", "two"), ("top/c/3.txt", "three"), ("top/ab/4.txt", "")]
        archive = _zip(tmp_path / "x.zip", [("top/", ""), *entries])
        unpack(archive, goal, ["a"])
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
        unpack(_zip(tmp_path / "y.zip", [("top/b/link", None)]), goal, ["a"])
        assert not goal.exists()

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_twice__refused(self, tmp_path, goal):
        with pytest.raises(ValueError, match="is there twice"):
            unpack(_zip(tmp_path / "x.zip", [("top/a/1", "one"), ("top/a/1", "two")]), goal, ["a"])

    def test_bomb__refused_before_it_is_written(self, tmp_path, goal, monkeypatch):
        monkeypatch.setattr(download, "_MAX_UNPACKED", 9_000_000)
        archive = _zip(tmp_path / "x.zip", [("top/a/zeros", bytes(10_000_000))])
        assert archive.stat().st_size < 20_000
        with pytest.raises(ValueError, match="10000000 bytes, more than 9000000"):
            unpack(archive, goal, ["a"])
        assert not goal.exists()

    def test_size_understated__not_believed(self, tmp_path, goal, monkeypatch):
        monkeypatch.setattr(download, "_MAX_UNPACKED", 1000)
        archive = _zip(tmp_path / "x.zip", [("top/a/zeros", bytes(100_000))])
        data = archive.read_bytes()
        archive.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
        with pytest.raises(ValueError, match="cannot be unpacked"):
            unpack(archive, goal, ["a"])
        assert all(len(content) <= 1000 for content in tree(tmp_path / "goal").values())

    @pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06"])
    def test_damaged(self, tmp_path, goal, content):
        (tmp_path / "x.zip").write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.zip: it cannot be unpacked"):
            unpack(tmp_path / "x.zip", goal, ["a"])

    @pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_hostile_stream__one_line(self, tmp_path, goal, kind):
        archive = tmp_path / "x.zip"
        with zipfile.ZipFile(archive, "w", kind) as made:
            made.writestr("top/a/1.txt", "some text " * 50)
        data = bytearray(archive.read_bytes())
        data[41:70] = b"\xff" * 29  # behind the head of the entry
        archive.write_bytes(data)
        with pytest.raises(ValueError, match=r"x\.zip: it cannot be unpacked"):
            unpack(archive, goal, ["a"])

    def test_newline_in_a_name__refused(self, tmp_path, goal):
        archive = _zip(tmp_path / "x.zip", [("top/a/1\n2.txt", "one")])
        with pytest.raises(ValueError, match="nothing is unpacked") as raised:
            unpack(archive, goal, ["a"])
        assert "\n" not in str(raised.value)

    def test_one_wrong_bit__found(self, tmp_path, goal):
        archive = _zip(tmp_path / "x.zip", [("top/a/1.txt", "some text " * 50)])
        data = bytearray(archive.read_bytes())
        data[45] ^= 4
        archive.write_bytes(data)
        with pytest.raises(ValueError, match="cannot be unpacked"):
            unpack(archive, goal, ["a"])


_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, example 1
_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class TestReadChecksums:
    def test_lines_of_sha256sum(self, tmp_path):
        file = text(tmp_path / "x.sha256", f"{_OF_ABC}  a/b c.txt\n{_OF_NOTHING}  d\n")
        assert read_checksums(file) == {"a/b c.txt": _OF_ABC, "d": _OF_NOTHING}

    @pytest.mark.parametrize("line", ["", _OF_ABC, f"{_OF_ABC[1:]}  a", f"{_OF_ABC.upper()}  a", f"{_OF_ABC} *a"])
    def test_other_lines__named(self, tmp_path, line):
        file = text(tmp_path / "x.sha256", f"{_OF_ABC}  a\n{line}\n")
        with pytest.raises(ValueError, match=r"x\.sha256, line 2"):
            read_checksums(file)


class TestVerify:
    def test_all_four_cases(self, tmp_path):
        text(tmp_path / "equal/a", "abc")
        text(tmp_path / "changed", "abcd")
        text(tmp_path / "unlisted", "")
        listed = {"equal/a": _OF_ABC, "changed": _OF_ABC, "missing": _OF_NOTHING}
        assert verify_files(tmp_path, listed) == Verification(1, ("changed",), ("missing",), ("unlisted",))


_FILES = {"IMAGES/a.jpg": b"picture", "ANNOTATIONS/a.xml": b"text", "IMAGES/b.jpg": b"not listed", "README.md": b"no"}
_STEEL = Publisher("owner/steel", "c0ffee" * 7, ("IMAGES", "ANNOTATIONS"), ("steel",))


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Checksums of two of the files."""
    folder = tmp_path / "lists"
    folder.mkdir()
    monkeypatch.setattr(download, "_CHECKSUMS", folder)
    listed = [f"{hashlib.sha256(_FILES[name]).hexdigest()}  {name}\n" for name in list(_FILES)[:2]]
    (folder / "steel.sha256").write_text("".join(listed))


def _archive(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"steel-{_STEEL.commit}/{name}", content)
    return {f"/owner/steel/archive/{_STEEL.commit}.zip": data.getvalue()}


@contextmanager
def _served(files, monkeypatch):
    """Let a server on this machine stand for GitHub."""
    with serve(_archive(files) if files else {}) as address:
        monkeypatch.setattr(download, "_GITHUB", address)
        yield


@pytest.mark.usefixtures("lists")
class TestDownloadRelease:
    def test_fetched_and_verified(self, tmp_path, monkeypatch):
        with _served(_FILES, monkeypatch):
            done = download_release(_STEEL, tmp_path / "below/steel")
        assert (done.equal, done.unlisted) == (2, ("IMAGES/b.jpg",))
        assert tree(tmp_path / "below") == {f"steel/{name}": _FILES[name] for name in list(_FILES)[:3]}

    def test_again__verified_without_a_server(self, tmp_path, monkeypatch):
        with _served(_FILES, monkeypatch):
            download_release(_STEEL, tmp_path / "steel")
        assert download_release(_STEEL, tmp_path / "steel").equal == 2
        (tmp_path / "steel/IMAGES/a.jpg").write_text("changed")
        with pytest.raises(ValueError, match=r"IMAGES/a\.jpg differs; .*steel: remove it to fetch the release again"):
            download_release(_STEEL, tmp_path / "steel")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"IMAGES/a.jpg": b"other"}, r"IMAGES/a\.jpg differs; nothing is kept"),
            ({"ANNOTATIONS/a.xml": None}, r"ANNOTATIONS/a\.xml is missing; nothing is kept"),
            ({"../../harm": b""}, "nothing is unpacked"),
        ],
    )
    def test_not_the_release__nothing_kept(self, tmp_path, monkeypatch, change, reason):
        files = {name: content for name, content in {**_FILES, **change}.items() if content is not None}
        with _served(files, monkeypatch), pytest.raises(ValueError, match=reason):
            download_release(_STEEL, tmp_path / "goal/steel")
        assert tree(tmp_path / "goal") == {}
        assert list((tmp_path / "goal").iterdir()) == []

    def test_no_network__nothing_kept(self, tmp_path, monkeypatch):
        with _served({}, monkeypatch), pytest.raises(ConnectionError, match="cannot be fetched"):
            download_release(_STEEL, tmp_path / "goal/steel")
        assert list((tmp_path / "goal").iterdir()) == []

    def test_folder_in_use__refused(self, tmp_path):
        (tmp_path / "steel").mkdir()
        (tmp_path / "steel/mine.txt").touch()
        with pytest.raises(FileExistsError, match="not empty"):
            download_release(_STEEL, tmp_path / "steel")


class TestPackaged:
    @pytest.mark.parametrize(("name", "count"), [("neu-det", 3060), ("neu-seg", 5664)])
    def test_lists__complete_pairs_in_the_folders_that_are_unpacked(self, name, count):
        listed = PUBLISHERS[name].checksums()
        assert len(listed) == count
        assert len(set(listed)) == count
        assert {place.rpartition("/")[0] for place in listed} == set(PUBLISHERS[name].folders)

    def test_address__at_one_commit(self):
        expected = "https://github.com/DHW-Master/NEU_Seg/archive/da8cebedb292beca4d101db8c442d5706fac3bfe.zip"
        assert PUBLISHERS["neu-seg"].address == expected

    @pytest.mark.parametrize("name", ["neu-det", "neu-seg"])
    def test_real_release__as_listed(self, name):
        found = verify_files(release(name), PUBLISHERS[name].checksums())
        assert (found.changed, found.missing, found.unlisted) == ((), (), ("SOURCE.md",))
