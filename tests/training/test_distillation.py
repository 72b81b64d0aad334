"""Training with a teacher: what teachers say, which are refused, runs, resume, and Ultralytics' own distillation."""

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.utils import DEFAULT_CFG_DICT
from ultralytics.utils.ops import xyxy2xywh

from lidd_yolo.data.demo.defects import CLASSES
from lidd_yolo.errors import InputError
from lidd_yolo.geometry import boxes_from_ltrb
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.training.teacher import Teacher
from lidd_yolo.training.trainers import LIDDTrainer
from tests.helpers.generated import generated_data
from tests.helpers.lidd_model import noise_batch
from tests.helpers.teachers import decoded, write_teacher
from tests.models.test_nwd import stock_yaml

pytestmark = pytest.mark.skipif("distill_model" not in DEFAULT_CFG_DICT, reason="a release that cannot distil")

DETECTORS = ("yolov8n.yaml", "yolov5n.yaml", "yolov8n-p2.yaml", "yolov10n.yaml", "yolo26n.yaml", "lidd.yaml")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return generated_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def yolov8n(tmp_path_factory):
    return write_teacher(tmp_path_factory.mktemp("teacher") / "teacher.pt", "yolov8n.yaml", CLASSES)


def make(file, classes=CLASSES, channels=3):
    return Teacher(file, dict(enumerate(classes)), channels, torch.device("cpu"))


def train(data, folder, model="lidd.yaml", name="run", **arguments):
    """Train as a user would and return the model and its run folder."""
    defaults = {"epochs": 1, "imgsz": 64, "batch": 4, "nbs": 4, "device": "cpu", "plots": False, "val": False}
    net = YOLO(model)
    net.train(data=str(data), project=str(folder), name=name, **{**defaults, **arguments})
    return net, Path(net.trainer.save_dir)


def rows(run):
    with (run / "results.csv").open() as file:
        return [{k.strip(): float(v) for k, v in row.items()} for row in csv.DictReader(file)]


class TestTeacher:
    @pytest.mark.parametrize("name", DETECTORS)
    def test_call__its_own_boxes_and_scores(self, name, tmp_path):
        """Whatever the family: sides and points give the boxes that the network decodes."""
        file = write_teacher(tmp_path / "teacher.pt", name, ("a", "b", "c"))
        images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
        said, want = make(file, ("c", "x", "a"))(images), decoded(file, images)
        strides = torch.cat([torch.full((level.height * level.width, 1), level.stride) for level in said.levels])
        sides = (said.sides * said.distances).sum(-1) * strides
        boxes = xyxy2xywh(boxes_from_ltrb(said.points, sides))
        assert want[..., :4].std() > 1
        torch.testing.assert_close(boxes, want[..., :4], rtol=1e-4, atol=2e-3)
        torch.testing.assert_close(said.scores, want[..., [6, 4]], rtol=1e-4, atol=1e-5)  # c and a
        assert said.classes.tolist() == [0, 2]

    def test_call__pictures_that_its_strides_do_not_divide(self, tmp_path):
        """A level of stride 64 cannot be joined at 96 px: the picture is padded, points stay where they are."""
        file = write_teacher(tmp_path / "teacher.pt", "yolov8n-p6.yaml", ("a",))
        said = make(file, ("a",))(torch.rand(1, 3, 96, 160))
        assert [tuple(level) for level in said.levels] == [(8, 16, 24), (16, 8, 12), (32, 4, 6), (64, 2, 3)]
        assert said.points[0].tolist() == [4, 4]

    def test_call__nothing_to_learn_from_oneself(self, tmp_path):
        """The same network as student and teacher: no loss, whatever the classes' order; another one: some."""
        losses = []
        for name, classes in (("lidd.yaml", ("c", "b", "a")), ("yolov8n.yaml", ("a", "b", "c"))):
            file = write_teacher(tmp_path / name.replace("yaml", "pt"), name, classes)
            student = torch.load(tmp_path / "lidd.pt", weights_only=False)["model"].float().eval()
            student.args = SimpleNamespace(cls=1.0, dfl=0.25, box=2.0, dis=1.0, distill_model=str(file))
            batch = noise_batch(2)
            batch["cls"] %= 3
            batch["teacher"] = make(file, ("c", "b", "a"))(batch["img"])
            with torch.no_grad():
                losses.append(student.loss(batch)[0][-1].item())
        assert losses[0] == pytest.approx(0, abs=1e-5)
        assert losses[1] > 0.1

    @pytest.mark.parametrize(
        ("name", "task", "classes", "channels", "reason"),
        [
            ("yolov8n.yaml", "detect", ("cat", "dog"), 3, "knows none of the classes of this data set, but cat, dog"),
            ("yolov8n.yaml", "detect", CLASSES, 1, "takes pictures of 1 channels, not 3"),
            ("yolov8n-seg.yaml", "segment", CLASSES, 3, "is a network for task=segment"),
            ("wlnetn.yaml", "segment", CLASSES, 3, "is a network for task=segment"),
            ("rtdetr-resnet50.yaml", "detect", CLASSES, 3, "ends in RTDETRDecoder, which does not predict boxes"),
        ],
    )
    def test_init__refused(self, name, task, classes, channels, reason, tmp_path):
        file = write_teacher(tmp_path / "teacher.pt", name, classes, channels=channels, task=task)
        with pytest.raises(InputError, match=f"distill_model=.*teacher.pt {reason}") as caught:
            make(file)
        assert "\n" not in str(caught.value)

    def test_init__folded_end_to_end_head_refused(self, tmp_path):
        file = write_teacher(tmp_path / "teacher.pt", "yolov10n.yaml", CLASSES)
        checkpoint = torch.load(file, weights_only=False)
        checkpoint["model"].model[-1].cv2 = checkpoint["model"].model[-1].cv3 = None
        torch.save(checkpoint, file)
        with pytest.raises(InputError, match="take it unfused"):
            make(file)


@pytest.fixture(scope="module")
def taught(data, yolov8n, tmp_path_factory):
    return train(data, tmp_path_factory.mktemp("taught"), epochs=2, val=True, plots=True, distill_model=str(yolov8n))


@pytest.mark.trains
class TestRun:
    def test_run__loss_and_arguments(self, taught, yolov8n):
        net, run = taught
        assert type(net.trainer) is LIDDTrainer
        assert type(net.trainer.model) is LIDDModel
        args = yaml.safe_load((run / "args.yaml").read_text())
        assert (args["distill_model"], args["dis"], args["lr0"]) == (str(yolov8n), 1.0, 0.004)
        for row in rows(run):
            assert row["train/dis_loss"] > 0
            assert row["val/dis_loss"] == 0
            assert row["val/qfl_loss"] > 0

    def test_run__no_trace_in_the_checkpoints(self, taught, yolov8n):
        _, run = taught
        for name in ("best.pt", "last.pt"):
            file = run / "weights" / name
            assert file.stat().st_size <= 1_600_000
            plain = LIDDModel("lidd.yaml", nc=len(CLASSES), verbose=False).drop_training_branch()
            model = YOLO(file).model
            assert type(model) is LIDDModel
            assert model.state_dict().keys() == plain.state_dict().keys()
            with zipfile.ZipFile(file) as archive:
                (pickle,) = [archive.read(part) for part in archive.namelist() if part.endswith("data.pkl")]
            pickle = pickle.replace(str(yolov8n).encode(), b"")  # the argument
            assert not [word for word in (b"eacher", b"DistillationModel", b"distillation") if word in pickle]

    def test_run__predicts_and_folds(self, taught):
        _, run = taught
        model = YOLO(run / "weights" / "best.pt").model.float().eval()
        image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            before = model(image)[0]
            after = model.fuse(verbose=False)(image)[0]
        assert (after - before).abs().max() <= 1e-5 * max(1, before.abs().max())

    def test_run__weight_zero_is_no_teacher(self, data, yolov8n, tmp_path):
        """Bit for bit: the teacher draws no random numbers and changes nothing but the loss."""
        _, without = train(data, tmp_path, name="without")
        _, beside = train(data, tmp_path, name="beside", distill_model=str(yolov8n), dis=0.0)
        _, taught = train(data, tmp_path, name="taught", distill_model=str(yolov8n))
        want, got, other = (YOLO(run / "weights" / "last.pt").model.state_dict() for run in (without, beside, taught))
        assert all(torch.equal(got[key], want[key]) for key in want)
        assert not all(torch.equal(other[key], want[key]) for key in want)

    @pytest.mark.parametrize("arguments", [{"multi_scale": 0.5}, {"single_cls": True}, {"imgsz": 96}], ids=str)
    def test_run__arguments(self, data, tmp_path, arguments):
        classes = ("item",) if "single_cls" in arguments else CLASSES[:2]
        file = write_teacher(tmp_path / "teacher.pt", "yolov8n-p6.yaml", classes)
        _, run = train(data, tmp_path, distill_model=str(file), **arguments)
        assert rows(run)[0]["train/dis_loss"] > 0

    def test_run__lidd_net_as_teacher(self, taught, data, tmp_path):
        _, run = taught
        _, second = train(data, tmp_path, distill_model=str(run / "weights" / "best.pt"))
        assert rows(second)[0]["train/dis_loss"] > 0

    def test_run__refused_before_training(self, data, tmp_path):
        file = write_teacher(tmp_path / "teacher.pt", "yolov8n.yaml", ("cat",))
        with pytest.raises(InputError, match="knows none of the classes"):
            train(data, tmp_path, distill_model=str(file))


class TestResume:
    @pytest.mark.trains
    def test_resume__reads_the_teacher_again(self, data, yolov8n, tmp_path):
        class StopError(Exception):
            pass

        def stop(trainer):
            if trainer.epoch == 0:
                raise StopError

        net = YOLO("lidd.yaml")
        net.add_callback("on_fit_epoch_end", stop)
        arguments = {"epochs": 2, "imgsz": 64, "batch": 4, "nbs": 4, "device": "cpu", "plots": False, "dis": 0.5}
        with pytest.raises(StopError):
            net.train(data=str(data), project=str(tmp_path), name="run", distill_model=str(yolov8n), **arguments)
        saved = torch.load(net.trainer.last, weights_only=False)
        assert type(saved["ema"]) is LIDDModel
        assert saved["train_args"]["distill_model"] == str(yolov8n)
        resumed = YOLO(net.trainer.last)
        resumed.train(resume=True)
        assert resumed.trainer.start_epoch == 1
        assert resumed.trainer.teacher.name == str(yolov8n)
        assert resumed.trainer.args.dis == 0.5
        assert [row["train/dis_loss"] > 0 for row in rows(tmp_path / "run")] == [True, True]


@pytest.mark.trains
class TestStockDistillation:
    """Students other than LIDD-Net have Ultralytics' own: it works, or says one line."""

    def test_wlnet__learns_from_wlnet(self, data, tmp_path):
        file = write_teacher(tmp_path / "teacher.pt", "wlnett.yaml", CLASSES, task="segment")
        _, run = train(data, tmp_path, model="wlnett.yaml", distill_model=str(file))
        assert rows(run)[0]["train/dis_loss"] > 0
        assert YOLO(run / "weights" / "best.pt").model.nwd.measured > 0

    def test_nwd__learns_from_stock(self, data, yolov8n, tmp_path):
        student = stock_yaml("yolov8", {"nwd": {"iou_weight": 0.5, "c_rel": "auto"}}, tmp_path)
        _, run = train(data, tmp_path, model=student, distill_model=str(yolov8n))
        assert rows(run)[0]["train/dis_loss"] > 0
        assert YOLO(run / "weights" / "best.pt").model.nwd.measured > 0

    def test_stock__cannot_learn_from_lidd_net(self, data, tmp_path):
        file = write_teacher(tmp_path / "teacher.pt", "lidd.yaml", CLASSES)
        with pytest.raises(ValueError, match="same number of feature levels"):
            train(data, tmp_path, model="yolov8n.yaml", distill_model=str(file))

    @pytest.mark.slow
    def test_stock__bit_identical_beside_us(self, data, yolov8n, tmp_path):
        """Ultralytics' own distillation of stock networks: the same weights with this package imported and without."""
        script = (
            "import sys; from importlib import import_module as load; sys.argv[1] == 'beside' and load('lidd_yolo');"
            "from ultralytics import YOLO;"
            "YOLO('yolov8n.yaml').train(data=sys.argv[2], distill_model=sys.argv[3], project=sys.argv[4],"
            " name=sys.argv[1], epochs=1, imgsz=64, batch=4, workers=0, device='cpu', plots=False, val=False);"
            "print('lidd_yolo' in sys.modules)"
        )
        states = []
        for name in ("without", "beside"):
            command = [sys.executable, "-c", script, name, str(data), str(yolov8n), str(tmp_path)]
            env = {**os.environ, "LIDD_YOLO_AUTOLOAD": "0"}
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=True)
            assert done.stdout.split()[-1] == str(name == "beside")
            checkpoint = torch.load(tmp_path / name / "weights" / "last.pt", weights_only=False)
            states.append(checkpoint["model"].state_dict())
        without, beside = states
        assert list(beside) == list(without)
        assert all(torch.equal(beside[key], without[key]) for key in without)
