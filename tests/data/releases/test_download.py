"""Files fetched from a server on this machine."""

import socket

import pytest

from lidd_yolo.data.releases.download import fetch
from tests.helpers.server import serve

_DATA = bytes(range(256)) * 10_000


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

    def test_no_server__one_clear_line(self, tmp_path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}/a.zip"
        with pytest.raises(ConnectionError, match="is there a network") as caught:
            fetch(address, tmp_path / "a.zip")
        assert address in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("say_length", [True, False])
    def test_too_large__nothing_kept(self, tmp_path, say_length):
        with serve({"/a.zip": _DATA}, say_length=say_length) as address, pytest.raises(ValueError, match="larger than"):
            fetch(f"{address}/a.zip", tmp_path / "a.zip", limit=len(_DATA) - 1)
        assert list(tmp_path.iterdir()) == []

    def test_other_kinds_of_address__refused(self, tmp_path):
        (tmp_path / "secret").touch()
        with pytest.raises(ValueError, match="only http and https"):
            fetch((tmp_path / "secret").as_uri(), tmp_path / "a.zip")
