"""Releases fetched from a server on this machine, and the packaged checksums."""

import hashlib
import io
import zipfile

import pytest

from lidd_yolo.data.releases import publishers
from lidd_yolo.data.releases.download import verify_files
from lidd_yolo.data.releases.publishers import PUBLISHERS, Publisher, download_release
from tests.helpers.folders import tree
from tests.helpers.releases import release
from tests.helpers.server import serve

_FILES = {"IMAGES/a.jpg": b"picture", "ANNOTATIONS/a.xml": b"text", "IMAGES/b.jpg": b"not listed", "README.md": b"no"}
_STEEL = Publisher("owner/steel", "c0ffee" * 7, ("IMAGES", "ANNOTATIONS"), ("steel",))


@pytest.fixture(autouse=True)
def lists(tmp_path, monkeypatch):
    folder = tmp_path / "lists"
    folder.mkdir()
    monkeypatch.setattr(publishers, "_CHECKSUMS", folder)
    listed = [f"{hashlib.sha256(_FILES[name]).hexdigest()}  {name}\n" for name in list(_FILES)[:2]]
    (folder / "steel.sha256").write_text("".join(listed))
    return folder


def _archive(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"steel-{_STEEL.commit}/{name}", content)
    return {"/steel.zip": data.getvalue()}


class TestDownloadRelease:
    def test_fetched_and_verified(self, tmp_path):
        with serve(_archive(_FILES)) as address:
            found = download_release(_STEEL, tmp_path / "below/steel", f"{address}/steel.zip")
        assert (found.equal, found.unlisted) == (2, ("IMAGES/b.jpg",))
        assert tree(tmp_path / "below") == {f"steel/{name}": _FILES[name] for name in list(_FILES)[:3]}

    def test_again__verified_without_a_server(self, tmp_path):
        with serve(_archive(_FILES)) as address:
            download_release(_STEEL, tmp_path / "steel", f"{address}/steel.zip")
        assert download_release(_STEEL, tmp_path / "steel", "http://127.0.0.1:9/gone").equal == 2
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
    def test_not_the_release__nothing_kept(self, tmp_path, change, reason):
        files = {name: content for name, content in {**_FILES, **change}.items() if content is not None}
        with serve(_archive(files)) as address, pytest.raises(ValueError, match=reason):
            download_release(_STEEL, tmp_path / "goal/steel", f"{address}/steel.zip")
        assert tree(tmp_path / "goal") == {}
        assert list((tmp_path / "goal").iterdir()) == []

    def test_no_network__nothing_kept(self, tmp_path):
        with serve({}) as address, pytest.raises(ConnectionError, match="cannot be fetched"):
            download_release(_STEEL, tmp_path / "goal/steel", f"{address}/steel.zip")
        assert list((tmp_path / "goal").iterdir()) == []

    def test_folder_in_use__refused(self, tmp_path):
        (tmp_path / "steel").mkdir()
        (tmp_path / "steel/mine.txt").touch()
        with pytest.raises(FileExistsError, match="not empty"):
            download_release(_STEEL, tmp_path / "steel")


class TestPackaged:
    @pytest.fixture(autouse=True)
    def lists(self):
        """Use the real lists."""

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
