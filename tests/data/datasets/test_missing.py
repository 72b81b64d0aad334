"""Message for a data set that is not there, alone and through the packaged YAML."""

import pytest
import yaml

from lidd_yolo.data.datasets.missing import explain
from lidd_yolo.data.datasets.neu_det import CLASS_NAMES, PROTOCOLS
from lidd_yolo.paths import find_cfg


class TestExplain:
    def test_neu_det__command_place_and_release(self):
        with pytest.raises(FileNotFoundError) as caught:
            explain("neu-det", "some/folder")
        message = str(caught.value)
        assert "lidd data neu-det --source FOLDER" in message
        assert "some/folder" in message
        assert "10.1109/TIM.2019.2915404" in message

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="no data set 'coco'; known: neu-det"):
            explain("coco", ".")


class TestNeuDetYaml:
    @pytest.fixture
    def data(self):
        return yaml.safe_load(find_cfg("neu-det", "datasets").read_text(encoding="utf-8"))

    def test_classes_and_sides__those_of_the_conversion(self, data):
        assert data["names"] == dict(enumerate(CLASS_NAMES))
        assert {side: data[side] for side in PROTOCOLS["grouped"]} == {
            side: f"images/{side}" for side in ("train", "val", "test")
        }

    def test_download__explains(self, data):
        with pytest.raises(FileNotFoundError, match="lidd data neu-det --source FOLDER"):
            exec(data["download"], {"yaml": {"path": "datasets/neu-det"}})
