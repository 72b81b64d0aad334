"""Which trainer a model gets."""

from ultralytics import YOLO

from lidd_yolo.training.lidd import LIDDTrainer
from lidd_yolo.training.mask_rcnn import MaskRCNNTrainer
from lidd_yolo.training.nwd import WLNetTrainer
from lidd_yolo.training.trainers import part_for


class TestPartFor:
    def test_part_for__ours_and_stock(self):
        ours = YOLO("lidd.yaml", verbose=False).model
        assert part_for(ours, "trainer") is LIDDTrainer
        assert part_for(ours, "validator") is None
        assert part_for(YOLO("wlnetn.yaml", verbose=False).model, "trainer") is WLNetTrainer
        assert part_for(YOLO("maskrcnn.yaml", verbose=False).model, "trainer") is MaskRCNNTrainer
        assert part_for(YOLO("yolov8n.yaml", verbose=False).model, "trainer") is None
