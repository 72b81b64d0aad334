"""Every argument of ``default.yaml``: what works with a stock network works with ours, or is refused in one line.

And the arguments whose effect is cheap to see have it on our networks as on stock ones.

Arguments are tried together, for time; if a group fails, each of it alone, so that the one at fault is named.
"""

import inspect
import json
from math import cos, pi
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.cfg import CFG_BOOL_KEYS, CFG_FLOAT_KEYS, CFG_FRACTION_KEYS, CFG_INT_KEYS
from ultralytics.data.utils import verify_image_label
from ultralytics.models.yolo.segment import SegmentationValidator
from ultralytics.nn.tasks import yaml_model_load
from ultralytics.utils import DEFAULT_CFG_DICT

from lidd_yolo.data.readers.data_yaml import label_file
from tests.helpers.generated import generated_data

pytestmark = [pytest.mark.slow, pytest.mark.trains]

STOCK = {"lidd.yaml": "yolov8n.yaml", "wlnett.yaml": "yolov8n-seg.yaml", "yolov8n-nwd.yaml": "yolov8n.yaml"}
NETWORKS = tuple(STOCK)
GROUP = 6  # arguments in a training

_PLACES = {
    "task",
    "mode",
    "model",
    "data",
    "epochs",
    "imgsz",
    "batch",
    "project",
    "name",
    "exist_ok",
    "workers",
    "verbose",
}
_PLACES |= {"cfg", "save_dir", "source", "plots", "save", "device", "seed"}
_LONG = {"compile", "distill_model", "quantize", "time", "resume"}  # minutes, or with a test of their own
_OF_EXPORTS = {"format", "keras", "optimize", "int8", "half", "dynamic", "simplify", "opset", "workspace", "nms", "dnn"}
_OF_SHOWING = {"show", "tracker", "stream_buffer", "vid_stride", "save_frames"}
_VALUES = {
    "optimizer": "Adam",
    "cache": "ram",
    "freeze": 2,
    "fraction": 0.5,
    "multi_scale": 0.25,
    "conf": 0.01,
    "classes": [0],
    "embed": [3],
    "line_width": 2,
    "amp": False,
    "pretrained": False,
    "copy_paste_mode": "mixup",
    "auto_augment": "augmix",
    "split": "train",
    "max_det": 7,
    "save_period": 1,
    "patience": 1,
    "nbs": 8,
    "close_mosaic": 1,
    "mask_ratio": 2,
    "channels_last": True,
    "profile": False,
}
_OF_PREDICTION = ("classes", "conf", "iou", "max_det", "agnostic_nms", "augment", "retina_masks", "visualize", "embed")
_OF_PREDICTION += ("save_txt", "save_conf", "save_crop", "show_labels", "show_conf", "show_boxes", "line_width", "rect")
_OF_VALIDATION = (
    "classes",
    "conf",
    "iou",
    "max_det",
    "agnostic_nms",
    "augment",
    "rect",
    "single_cls",
    "split",
    "visualize",
)
_OF_VALIDATION += ("save_txt", "save_conf", "save_json", "plots")


def value_of(key):
    """Return another value than the default that a user may give, or None if there is nothing to try."""
    default = DEFAULT_CFG_DICT[key]
    if key in _VALUES:
        return _VALUES[key]
    if key in CFG_BOOL_KEYS or isinstance(default, bool):
        return not default
    if key in CFG_FRACTION_KEYS:
        return 0.5
    if key in CFG_FLOAT_KEYS:
        return 2 * float(default or 0.5)
    if key in CFG_INT_KEYS:
        return int(default or 0) + 1
    return None


TRAINING = sorted(
    key for key in DEFAULT_CFG_DICT.keys() - _PLACES - _LONG - _OF_EXPORTS - _OF_SHOWING if value_of(key) is not None
)
GROUPS = [TRAINING[start :: -(-len(TRAINING) // GROUP)] for start in range(-(-len(TRAINING) // GROUP))]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A little steel with outlines."""
    return generated_data(tmp_path_factory.mktemp("data") / "steel")


@pytest.fixture(scope="module", autouse=True)
def with_nwd(tmp_path_factory):
    """A working folder that holds a stock network with NWD in its box loss, and what runs leave behind."""
    folder = tmp_path_factory.mktemp("work")
    network = {**yaml_model_load("yolov8n.yaml"), "lidd_yolo": {"nwd": True}}
    (folder / "yolov8n-nwd.yaml").write_text(yaml.safe_dump(network), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def attempt(call):
    """Return '' or what was raised."""
    try:
        call()
    except Exception as error:  # whatever a user would see
        return f"{type(error).__name__}: {error}"
    return ""


def train(network, data, folder, words):
    model = YOLO(network)
    size = {"epochs": 1, "imgsz": 64, "batch": 4, "workers": 0, "plots": False, "verbose": False, "val": False}
    return lambda: model.train(data=str(data), project=str(folder), name="run", **{**size, **words})


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_training(network, group, data, tmp_path):
    words = {key: value_of(key) for key in group}
    if not attempt(train(network, data, tmp_path, words)):
        return
    refused = False
    for key, value in words.items():
        error = attempt(train(network, data, tmp_path, {key: value}))
        if error and not attempt(train(STOCK[network], data, tmp_path, {key: value})):
            assert one_line(error), f"{key}={value}: {error}"
            refused = True
    assert refused or attempt(train(STOCK[network], data, tmp_path, words)), (
        f"works with {STOCK[network]} alone: {words}"
    )


def one_line(error):
    """Tell whether an error is a refusal of ours that says what to do, rather than a fault."""
    return error.split(":")[0] in {"ValueError", "InputError", "NotImplementedError"} and "lidd_yolo" in error


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """Return a function that gives the checkpoint of a network, trained for an epoch."""
    made = {}

    def checkpoint(network):
        if network not in made:
            folder = tmp_path_factory.mktemp("trained")
            train(network, data, folder, {})()
            made[network] = folder / "run" / "weights" / "best.pt"
        return made[network]

    return checkpoint


def compare_with_stock(network, trained, call):
    """Assert that what works for the stock network works for ours."""
    error = attempt(lambda: call(trained(network)))
    if error and not attempt(lambda: call(trained(STOCK[network]))):
        assert one_line(error), error


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("key", [key for key in _OF_PREDICTION if key in DEFAULT_CFG_DICT])
def test_prediction(network, key, trained, data, tmp_path):
    source = data.parent / "data" / "images" / "val"
    words = {"imgsz": 64, "verbose": False, "conf": 0.001, "project": str(tmp_path), key: value_of(key)}
    compare_with_stock(network, trained, lambda weights: YOLO(weights).predict(source, **words))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("key", [key for key in _OF_VALIDATION if key in DEFAULT_CFG_DICT])
def test_validation(network, key, trained, data, tmp_path):
    words = {"imgsz": 64, "batch": 4, "workers": 0, "plots": False, "verbose": False, key: value_of(key)}
    compare_with_stock(
        network, trained, lambda weights: YOLO(weights).val(data=str(data), project=str(tmp_path), **words)
    )


class TestEffects:
    """What an argument does is to be seen on our networks as on stock ones, where it is cheap to see."""

    @pytest.mark.parametrize("network", [*NETWORKS, "yolov8n.yaml"])
    def test_training(self, network, tmp_path):
        """``freeze``, ``fraction``, ``classes``, ``single_cls``, ``rect``, ``cos_lr`` and ``optimizer``."""
        data = generated_data(tmp_path / "steel")  # the oldest releases write what ``single_cls`` makes into the cache
        model, seen = YOLO(network), {}
        model.add_callback("on_train_start", lambda trainer: seen.update(before=parameters(trainer), trainer=trainer))
        size = {"epochs": 1, "imgsz": 64, "batch": 4, "workers": 0, "plots": False, "verbose": False, "val": False}
        words = {"freeze": 2, "fraction": 0.5, "classes": [0], "single_cls": True, "rect": True, "warmup_epochs": 0}
        words |= {"optimizer": "RMSProp", "lr0": 0.01, "lrf": 0.2, "cos_lr": True, "nbs": 4, "patience": 100}
        model.train(data=str(data), project=str(tmp_path), name="run", **size, **words)
        trainer, before = seen["trainer"], seen["before"]
        dataset = trainer.train_loader.dataset
        moved = {name for name, value in parameters(trainer).items() if not torch.equal(value, before[name])}
        assert moved
        assert not [name for name in moved if name.startswith(("model.0.", "model.1."))]
        assert any(name.startswith("model.2.") for name in moved)
        assert dataset.rect
        assert len(dataset) == 4  # of 8
        classes = np.concatenate([rows(file)[:, 0] for file in map(label_file, map(Path, dataset.im_files))])
        one_class_first = "lb[:, 0] = 0" in inspect.getsource(verify_image_label)  # in the oldest releases
        of_class = len(classes) if one_class_first else int((classes == 0).sum())
        assert 0 < sum(len(one["cls"]) for one in dataset.labels) == of_class
        assert (trainer.data["nc"], trainer.model.model[-1].nc) == (1, 1)
        assert [round(trainer.lf(part), 6) for part in (0, 0.5, 1)] == [1, 0.6, 0.2]
        assert trainer.lf(0.25) == pytest.approx(0.2 + 0.8 * (1 + cos(pi / 4)) / 2)
        assert type(trainer.optimizer).__name__ == "RMSprop"

    @pytest.mark.parametrize("network", [*NETWORKS, "yolov8n.yaml"])
    def test_prediction(self, network, trained, data, tmp_path):
        """``conf``, ``classes``, ``max_det``, ``agnostic_nms`` and ``save_txt``."""
        source = data.parent / "data" / "images" / "val"

        def found(**more):
            words = {"imgsz": 64, "verbose": False, "conf": 1e-6, "iou": 0.1, "max_det": 300, **more}
            # a network of its own: in the oldest releases an argument stays for the next call
            results = YOLO(trained(network)).predict(source, project=str(tmp_path), **words)
            return [result.boxes.data[:, :6].double() for result in results]

        everything = found()
        assert len(everything) == 4
        least = float(torch.cat(everything)[:, 4].median())
        for some, of_conf, of_class, first in zip(
            everything, found(conf=least), found(classes=[0, 2]), found(max_det=3), strict=True
        ):
            torch.testing.assert_close(of_conf, some[some[:, 4] > least], check_dtype=False)
            torch.testing.assert_close(of_class, some[(some[:, 5] == 0) | (some[:, 5] == 2)])
            torch.testing.assert_close(first, some[:3])
        assert sum(map(len, found(agnostic_nms=True))) < sum(map(len, everything))
        few = [len(some) for some in found(save_txt=True, name="txt", max_det=3)]
        assert [len(rows(file)) for file in sorted((tmp_path / "txt" / "labels").iterdir())] == few

    @pytest.mark.parametrize("network", NETWORKS)
    def test_validation(self, network, trained, data, tmp_path):
        """``split``, ``single_cls``, ``classes``, ``rect``, ``max_det`` and ``conf``, in the same numbers as stock."""

        def of_validation(network, **more):
            model, seen = YOLO(trained(network)), []
            model.add_callback("on_val_end", seen.append)
            words = {"imgsz": 64, "batch": 4, "workers": 0, "plots": False, "verbose": False, "save_json": True}
            words |= {"conf": 1e-6, "project": str(tmp_path), "name": "val", "exist_ok": True, **more}
            file = tmp_path / "val" / "predictions.json"
            file.unlink(missing_ok=True)
            model.val(data=str(data), **words)
            (validator,) = seen
            counts = validator.nt_per_class if hasattr(validator, "nt_per_class") else validator.metrics.nt_per_class
            boxes = json.loads(file.read_text()) if file.is_file() else []
            return validator.seen, counts.tolist(), validator.dataloader.dataset.rect, len(boxes)

        if "-seg" in STOCK[network] and "pycocotools" in inspect.getsource(SegmentationValidator.pred_to_json):
            pytest.importorskip("pycocotools", reason="the oldest releases write masks with it")
        plain = of_validation(network)
        assert plain[:2] == of_validation(STOCK[network])[:2]
        for more in ({"split": "train"}, {"single_cls": True}, {"classes": [0]}, {"rect": False}, {"max_det": 2}):
            ours, theirs = of_validation(network, **more), of_validation(STOCK[network], **more)
            assert ours[:3] == theirs[:3]
            assert ours != plain, more
        assert of_validation(network, max_det=2)[3] == 8
        assert of_validation(network, conf=0.9)[3] < plain[3]


def parameters(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.named_parameters()}


def rows(file):
    """Return the lines of a label file, outlines cut after their first point; none of a file that is not there."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return np.array([line.split()[:3] for line in lines], dtype=float).reshape(-1, 3)
