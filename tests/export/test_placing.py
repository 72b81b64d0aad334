"""Finished and rejected exports beside the checkpoint: replaced in one step, nothing half written."""

import shutil

import pytest

from lidd_yolo.export.making import place_export, put_text, set_aside
from tests.helpers.folders import text, tree


@pytest.fixture(params=["file", "folder"])
def written(request, tmp_path):
    """A new export ``best.onnx`` or ``best_ncnn_model`` in a folder of its own."""
    if request.param == "file":
        return text(tmp_path / "stage" / "best.onnx", "new")
    return text(tmp_path / "stage" / "best_ncnn_model" / "model.bin", "new").parent


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    return folder


class TestPlace:
    def test_new(self, written, place):
        put = place_export(written, place)
        assert put == place / written.name
        assert list(tree(place).values()) == [b"new"]

    def test_old__replaced_and_the_rejected_one_removed(self, written, place):
        for name in (written.name, f"{written.name}.failed"):
            if written.is_dir():
                text(place / name / "old.bin", "old")
            else:
                text(place / name, "old")
        place_export(written, place)
        assert list(tree(place).values()) == [b"new"]

    @pytest.mark.parametrize("put", [place_export, set_aside])
    def test_failure__leaves_what_was_there(self, written, place, put, monkeypatch):
        def full(_, target, **__):
            (target / "half" if target.is_dir() else target).write_text("ne")
            raise OSError("No space left on device")

        monkeypatch.setattr(shutil, "copyfile", full)
        monkeypatch.setattr(shutil, "copytree", full)
        with pytest.raises(OSError, match="No space left"):
            put(written, place)
        assert list(place.iterdir()) == []


class TestSetAside:
    def test_name__that_nothing_loads(self, written, place):
        assert set_aside(written, place) == place / f"{written.name}.failed"
        assert [path.name for path in place.iterdir()] == [f"{written.name}.failed"]


class TestPutText:
    def test_text__replaced(self, tmp_path):
        file = text(tmp_path / "best.parity.json", "old")
        assert put_text("new", file) == file
        assert tree(tmp_path) == {"best.parity.json": b"new"}
