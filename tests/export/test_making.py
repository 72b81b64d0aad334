"""One export into a folder, and in its place beside the checkpoint: replaced in one step, nothing half written."""

import os
import shutil
import sys

import pytest
import yaml
from ultralytics import YOLO
from ultralytics.utils import LOGGER

from lidd_yolo.errors import InputError
from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.making import ExportError, checked_arguments, make_export, place_export
from tests.helpers.folders import text, tree


def made(weights, folder, **changes):
    words = {"half": False, "arguments": {}, **changes}
    return make_export(weights, folder, "torchscript", Variant(InputShape(64, 64)), **words)


class TestCheckedArguments:
    def test_known__passed_on(self):
        arguments = {"simplify": False, "batch": 4, "opset": 17, "dynamic": True}
        assert checked_arguments(arguments) == arguments

    def test_unknown__said(self):
        with pytest.raises(InputError, match="'dynamik=True' is no argument of Ultralytics' export, written key=value"):
            checked_arguments({"dynamik": True})

    @pytest.mark.parametrize(
        ("word", "told"),
        [
            ("format=onnx", "--formats"),
            ("imgsz=64", "--imgsz"),
            ("data=x.yaml", "--data"),
            ("nms=True", "before NMS"),
            ("half=True", "--half"),
            ("int8=True", "--int8"),
            ("batch=0", "as a number"),
            ("batch=many", "as a number"),
        ],
    )
    def test_ours__refused_with_the_way(self, word, told):
        key, _, value = word.partition("=")
        with pytest.raises(InputError, match=f"'{word}' cannot be passed on: .*{told}"):
            checked_arguments({key: yaml.safe_load(value)})


class TestMakeExport:
    def test_file__beside_a_copy_of_the_weights(self, lidd_weights, tmp_path):
        before = sorted(lidd_weights.parent.iterdir())
        file = made(lidd_weights, tmp_path / "new" / "folder")
        assert file == tmp_path / "new" / "folder" / "best.torchscript"
        assert file.is_file()
        assert sorted(lidd_weights.parent.iterdir()) == before

    def test_failure__as_one_error(self, lidd_weights, tmp_path, monkeypatch):
        def export(*_, **__):
            raise AssertionError("no such operator")

        monkeypatch.setattr(YOLO, "export", export)
        with pytest.raises(ExportError, match=r"^AssertionError: no such operator$"):
            made(lidd_weights, tmp_path / "new")

    def test_nothing_written__said(self, lidd_weights, tmp_path, monkeypatch):
        monkeypatch.setattr(YOLO, "export", lambda *_, **__: str(tmp_path / "new" / "best.onnx"))
        with pytest.raises(ExportError, match=r"reports .*best.onnx, which is not there"):
            made(lidd_weights, tmp_path / "new")

    def test_output__held_back_and_given_back(self, lidd_weights, tmp_path, monkeypatch, capfd):
        level = LOGGER.level

        def export(*_, **__):
            LOGGER.warning("one thing")
            os.write(2, b"another\n")
            sys.stdout.write("a third\n")
            return str(lidd_weights)

        monkeypatch.setattr(YOLO, "export", export)
        with pytest.raises(ExportError):
            made(lidd_weights, tmp_path / "new")
        sys.stderr.write("after\n")
        sys.stdout.write("told\n")
        out, err = capfd.readouterr()
        assert (out, err) == ("told\n", "after\n")
        assert level == LOGGER.level

    def test_half__in_the_words_of_this_release(self, lidd_weights, tmp_path, monkeypatch):
        seen = []
        monkeypatch.setattr(YOLO, "export", lambda *_, **words: seen.append(words) or "nowhere")
        for half in (False, True):
            with pytest.raises(ExportError):
                made(lidd_weights, tmp_path / str(half), half=half, arguments={"simplify": False})
        plain, with_half = seen
        assert plain["imgsz"] == [64, 64]
        assert plain["simplify"] is False
        assert with_half.keys() - plain.keys() in ({"quantize"}, {"half"})


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
        put = place_export(written, place, passed=True)
        assert put == place / written.name
        assert list(tree(place).values()) == [b"new"]

    def test_old__replaced_and_the_rejected_one_removed(self, written, place):
        for name in (written.name, f"{written.name}.failed"):
            if written.is_dir():
                text(place / name / "old.bin", "old")
            else:
                text(place / name, "old")
        place_export(written, place, passed=True)
        assert list(tree(place).values()) == [b"new"]

    @pytest.mark.parametrize("passed", [True, False])
    def test_failure__leaves_what_was_there(self, written, place, passed, monkeypatch):
        def full(_, target, **__):
            (target / "half" if target.is_dir() else target).write_text("ne")
            raise OSError("No space left on device")

        monkeypatch.setattr(shutil, "copyfile", full)
        monkeypatch.setattr(shutil, "copytree", full)
        with pytest.raises(OSError, match="No space left"):
            place_export(written, place, passed=passed)
        assert list(place.iterdir()) == []


class TestRejected:
    def test_name__that_nothing_loads(self, written, place):
        assert place_export(written, place, passed=False) == place / f"{written.name}.failed"
        assert [path.name for path in place.iterdir()] == [f"{written.name}.failed"]
