"""Only our model classes build YAMLs with our heads; every pickled class is known."""

import io
import threading

import pytest
import torch
from ultralytics import YOLO
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel, yaml_model_load

from lidd_yolo.models import classes, guard
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.models.mask_rcnn import MaskRCNNModel
from lidd_yolo.models.registry import HEADS
from lidd_yolo.models.wlnet import WLNetModel
from tests.helpers.lidd_model import build_lidd, noise_batch
from tests.helpers.wlnet_model import build_wlnet

HEAD_OF_OURS = {"yaml_file": "mine.yaml", "head": [[[0, 1], 1, "LIDDDetect", ["nc", 2, 8]]]}
HEAD_OF_STOCK = {"head": [[[0, 1], 1, "Detect", ["nc"]]]}


class TestCheck:
    def test_stock_class__refused(self):
        with pytest.raises(RuntimeError, match=r"lidd\.yaml belongs to lidd_yolo.*Use YOLO\('lidd\.yaml'\)"):
            DetectionModel("lidd.yaml", verbose=False)

    def test_stock_trainer__refused(self):
        trainer = DetectionTrainer.__new__(DetectionTrainer)
        trainer.data = {"nc": 6, "channels": 3}
        with pytest.raises(
            RuntimeError, match=r"not DetectionModel\(...\); a trainer of your own has to extend .*LIDDTrainer"
        ):
            trainer.get_model(cfg=yaml_model_load("lidd.yaml"))

    def test_our_rows__are_building_blocks_without_our_head(self):
        guard.check({"backbone": [[-1, 1, "CSEA", [8]]], **HEAD_OF_STOCK})

    def test_inside_our_class__allowed(self):
        with guard.building():
            guard.check(HEAD_OF_OURS)
        with pytest.raises(RuntimeError, match=r"mine\.yaml"):
            guard.check(HEAD_OF_OURS)

    def test_inside_our_class__other_threads_are_not(self):
        refused = []

        def build():
            try:
                guard.check(HEAD_OF_OURS)
            except RuntimeError as error:
                refused.append(error)

        with guard.building():
            thread = threading.Thread(target=build)
            thread.start()
            thread.join()
        assert len(refused) == 1

    def test_error_inside__ends_the_permission(self):
        with pytest.raises(KeyError), guard.building():
            raise KeyError
        with pytest.raises(RuntimeError):
            guard.check(HEAD_OF_OURS)


class TestModelClass:
    def test_class__of_our_head(self):
        assert classes.model_class(HEAD_OF_OURS, "detect") is LIDDModel

    def test_class__every_head_has_one(self):
        owners = {name: classes.model_class({"head": [[-1, 1, name, []]]}, head.task) for name, head in HEADS.items()}
        assert owners == {
            "LIDDDetect": LIDDModel,
            "WLNetSegment": WLNetModel,
            "MaskRCNNSegment": MaskRCNNModel,
        }

    @pytest.mark.parametrize("cfg", [HEAD_OF_STOCK, {}, "lidd.yaml", None])
    def test_class__none_for_the_rest(self, cfg):
        assert classes.model_class(cfg, "segment") is None

    def test_task__of_another_kind(self):
        with pytest.raises(ValueError, match=r"lidd\.yaml ends in LIDDDetect, .* task=segment needs another head"):
            YOLO("lidd.yaml", task="segment")


class TestPickledNames:
    @pytest.fixture(autouse=True)
    def nothing_allowed(self):
        """Forget what tests that ran before named to the restricted unpickler."""
        torch.serialization.clear_safe_globals()

    def test_classes__all_of_a_checkpoint_in_training(self):
        """What ``last.pt`` holds: training branch and criterion included."""
        model = build_lidd()
        model.loss(noise_batch(size=64))
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        named = torch.serialization.get_unsafe_globals_in_checkpoint(file)
        ours = {name for name in named if name.startswith("lidd_yolo")}
        assert "lidd_yolo.models.criterion.LIDDCriterion" in ours
        assert ours <= {f"{c.__module__}.{c.__name__}" for c in classes.pickled_names()}

    def test_classes__of_a_wlnet(self):
        file = io.BytesIO()
        torch.save(build_wlnet(), file)
        file.seek(0)
        named = torch.serialization.get_unsafe_globals_in_checkpoint(file)
        ours = {name for name in named if name.startswith("lidd_yolo")}
        assert {"lidd_yolo.models.wlnet.WLNetModel", "lidd_yolo.layers.gs_conv.GSBottleneck"} <= ours
        assert ours <= {f"{c.__module__}.{c.__name__}" for c in classes.pickled_names()}

    def test_classes__only_ours(self):
        assert all(c.__module__.startswith("lidd_yolo.") for c in classes.pickled_names())
