"""The ``nwd:`` key of a model YAML: which class builds it, what its criterion is, what stays stock."""

from pathlib import Path

import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel, SegmentationModel

from lidd_yolo.models.box_loss import BlendedBoxLoss
from lidd_yolo.models.nwd import NWDDetectionModel, NWDSegmentationModel
from lidd_yolo.models.options import NWDOptions
from tests.helpers.wlnet_model import build_wlnet, mask_batch


def stock_yaml(name, section, folder):
    """Write a copy of a YAML of Ultralytics with our section."""
    import ultralytics  # noqa: PLC0415

    family = "".join(c for c in name if c.isdigit()) or name
    (file,) = Path(ultralytics.__file__).parent.joinpath("cfg", "models").rglob(f"{name}.yaml")
    text = yaml.safe_load(file.read_text(encoding="utf-8"))
    text["scales"] = {"n": text["scales"]["n"]}
    copy = folder / f"my-{family}{'-seg' if name.endswith('-seg') else ''}.yaml"
    copy.write_text(yaml.safe_dump({**text, "lidd_yolo": section}), encoding="utf-8")
    return copy


def built(name, section, folder):
    model = YOLO(stock_yaml(name, section, folder), task="segment" if name.endswith("-seg") else "detect").model
    model.args = get_cfg()
    return model


class TestStockRows:
    @pytest.mark.parametrize(
        ("name", "ours", "stock"),
        [
            ("yolov8", NWDDetectionModel, DetectionModel),
            ("yolov8-seg", NWDSegmentationModel, SegmentationModel),
            ("yolo12", NWDDetectionModel, DetectionModel),
            ("yolov10n", NWDDetectionModel, DetectionModel),
        ],
    )
    def test_build__same_network_blended_loss(self, name, ours, stock, tmp_path):
        model = built(name, {"nwd": {"c_rel": 0.2}}, tmp_path)
        assert type(model) is ours
        dictionary = {k: v for k, v in model.yaml.items() if k != "lidd_yolo"}
        alone = stock(dictionary, verbose=False)
        assert {k: v.shape for k, v in alone.state_dict().items()} == {
            k: v.shape for k, v in model.state_dict().items()
        }
        criterion = model.init_criterion()
        for part in [criterion.one2many, criterion.one2one] if name == "yolov10n" else [criterion]:
            assert (part.bbox_loss.iou_weight, part.bbox_loss.c_rel) == (0.6, 0.2)

    @pytest.mark.parametrize("section", [{"nwd": False}, {}, None])
    def test_build__switched_off(self, section, tmp_path):
        criterion = built("yolov8", section, tmp_path).init_criterion()
        assert not isinstance(criterion.bbox_loss, BlendedBoxLoss)

    def test_build__constant_not_measured_yet(self, tmp_path):
        with pytest.raises(RuntimeError, match=r"c_rel: auto is measured .* by yolo train"):
            built("yolov8", {"nwd": True}, tmp_path).init_criterion()

    def test_build__key_of_another_network(self, tmp_path):
        with pytest.raises(ValueError, match="unknown key aux; known are nwd"):
            built("yolov8", {"aux": "light"}, tmp_path)

    def test_build__task_without_boxes_of_this_kind(self, tmp_path):
        file = stock_yaml("yolov8", {"nwd": True}, tmp_path)
        with pytest.raises(ValueError, match="is for task=detect and task=segment, not task=pose"):
            YOLO(file, task="pose")

    def test_build__as_plain_ultralytics_model(self, tmp_path):
        with pytest.raises(RuntimeError, match="its loss would be missing"):
            DetectionModel(str(stock_yaml("yolov8", {"nwd": True}, tmp_path)))


class TestSetMeasured:
    @pytest.mark.parametrize("key", [True, {"iou_weight": 0.5}, {"measured": 0.7, "iou_weight": 0.5}])
    def test_measured__is_kept_in_the_yaml(self, key, tmp_path):
        model = built("yolov8", {"nwd": key}, tmp_path)
        model.set_measured(0.25)
        assert model.nwd == NWDOptions(0.6 if key is True else 0.5, "auto", 0.25)
        assert model.init_criterion().bbox_loss.c_rel == 0.25


class TestWLNet:
    @pytest.mark.parametrize(
        ("file", "nwd"),
        [
            ("wlnet.yaml", NWDOptions()),
            ("wlnet-vov.yaml", NWDOptions()),
            ("wlnet-base-nwd.yaml", NWDOptions()),
            ("wlnet-base.yaml", None),
        ],
    )
    def test_yaml__rows_of_table_1(self, file, nwd):
        assert YOLO(file.replace(".yaml", "n.yaml") if file == "wlnet.yaml" else file).model.nwd == nwd

    def test_criterion__of_a_stock_segmentation_network_with_nwd(self):
        model = YOLO("wlnetn.yaml").model
        model.args = get_cfg()
        model.set_measured(0.2)
        assert isinstance(model.init_criterion().bbox_loss, BlendedBoxLoss)


class TestLoss:
    @pytest.mark.parametrize(("dtype", "scale"), [(torch.bfloat16, 1), (torch.float16, 256)])
    def test_loss__autocast_is_finite(self, dtype, scale):
        """With a loss scale, as mixed precision has it; float16 is what Ultralytics takes on CUDA."""
        model = build_wlnet(lidd_yolo={"nwd": {"c_rel": 0.2}}).train()
        with torch.autocast("cpu", dtype=dtype):
            loss, _ = model.loss(mask_batch())
        (scale * loss.sum()).backward()
        assert loss.dtype == torch.float32
        assert loss.isfinite().all()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)

    def test_loss__pictures_without_defects(self):
        """No box in the batch: box, mask and distribution terms are 0, the class term still teaches."""
        batch = mask_batch()
        nothing = {"batch_idx": torch.zeros(0), "cls": torch.zeros(0, 1), "bboxes": torch.zeros(0, 4)}
        masks = {"masks": torch.zeros(3, 16, 16), "sem_masks": torch.zeros(3, 16, 16, dtype=torch.long)}
        model = build_wlnet(lidd_yolo={"nwd": {"c_rel": 0.2}}).train()
        loss, _ = model.loss({**batch, **nothing, **masks})
        loss.sum().backward()
        assert loss.isfinite().all()
        assert (loss != 0).sum() == 1
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)

    def test_loss__differs_from_the_stock_one_in_the_box_term_alone(self):
        terms = {}
        for share in (1.0, 0.6):
            model = build_wlnet(lidd_yolo={"nwd": {"iou_weight": share, "c_rel": 0.2}}).train()
            terms[share] = model.loss(mask_batch())[0]
        model = build_wlnet(lidd_yolo={"nwd": False}).train()
        assert torch.equal(model.loss(mask_batch())[0], terms[1.0])
        assert (terms[1.0] != terms[0.6]).nonzero().flatten().tolist() == [0]
