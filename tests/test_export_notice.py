"""The line after ``yolo export``: for networks of ours, once, with the command that compares."""

from types import SimpleNamespace

import pytest
from ultralytics import YOLO
from ultralytics.utils import LOGGER
from ultralytics.utils.callbacks import default_callbacks

from lidd_yolo import export_notice
from lidd_yolo.export_notice import attach_notice, mention_unchecked, unchecked_text
from tests.helpers.checkpoints import write_lidd


@pytest.fixture
def warnings(monkeypatch):
    logged = []
    monkeypatch.setattr(LOGGER, "warning", lambda text, *_: logged.append(text))
    return logged


def exporter(model):
    return SimpleNamespace(model=model, file="runs/best.pt", args=SimpleNamespace(format="onnx"))


class TestAttach:
    def test_default__there_once(self):
        attach_notice()
        attach_notice()
        assert default_callbacks["on_export_end"].count(mention_unchecked) == 1
        assert mention_unchecked in YOLO("yolov8n.yaml").callbacks["on_export_end"]


class TestMention:
    def test_ours__one_line(self, tmp_path, warnings):
        model = YOLO(write_lidd(tmp_path / "best.pt"))
        model.export(format="torchscript", imgsz=64)
        (text,) = [text for text in warnings if "lidd_yolo" in text]
        assert text == (
            "lidd_yolo: nobody compared this export with best.pt; to export and compare: "
            f"lidd export {tmp_path / 'best.pt'} --formats torchscript --data tiny.yaml"
        )

    def test_stock__silent(self, warnings):
        mention_unchecked(exporter(YOLO("yolov8n.yaml").model))
        assert warnings == []

    @pytest.mark.parametrize("args", [None, {}, SimpleNamespace(data="x.yaml")])
    def test_data__unknown(self, args):
        model = SimpleNamespace() if args is None else SimpleNamespace(args=args)
        assert unchecked_text(exporter(model)).endswith("lidd export runs/best.pt --formats onnx --data DATA.yaml")

    def test_module__loads_nothing_heavy_at_start(self):
        assert not {"LOGGER", "default_callbacks"} & vars(export_notice).keys()
