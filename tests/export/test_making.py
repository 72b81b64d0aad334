"""One export into a folder: what is passed on, what is refused, what is said when it fails."""

import os
import sys

import pytest
from ultralytics import YOLO
from ultralytics.utils import LOGGER

from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.making import ExportError, export_arguments, make_export


def made(weights, folder, **changes):
    words = {"half": False, "arguments": {}, **changes}
    return make_export(weights, folder, "torchscript", Variant(InputShape(64, 64)), **words)


class TestExportArguments:
    def test_words__as_yaml(self):
        words = ["simplify=False", "batch=4", "opset=17", "dynamic=True"]
        assert export_arguments(words) == {"simplify": False, "batch": 4, "opset": 17, "dynamic": True}

    @pytest.mark.parametrize("word", ["dynamik=True", "dynamic"])
    def test_unknown__said(self, word):
        with pytest.raises(ValueError, match=rf"'{word}' is no argument of Ultralytics' export, written key=value"):
            export_arguments([word])

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
        with pytest.raises(ValueError, match=f"'{word}' cannot be passed on: .*{told}"):
            export_arguments([word])


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
