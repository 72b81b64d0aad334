"""The wheel in an environment of its own, used as in the README, from installing to uninstalling."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from lidd_yolo.data.readers.data_yaml import PICTURES
from tests.helpers.fresh_python import CHECKOUT, FreshPython, build_wheel
from tests.helpers.generated import generated_data
from tests.helpers.onnx_parity import compare_onnx
from tests.helpers.tiny import write_tiny_data

pytestmark = pytest.mark.slow

BEST = "runs/detect/train/weights/best.pt"
SEGMENT = "runs/segment/train/weights/best"
SMALL = ("imgsz=64", "workers=0")
IN_PYTHON = """
from ultralytics import YOLO
model = YOLO("lidds.yaml")
print(type(model.model).__module__, model.task, model.model.yaml["scale"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def user(wheel, tmp_path_factory):
    """An environment with nothing but the wheel and what it needs, and an empty folder with a little data."""
    user = FreshPython(tmp_path_factory.mktemp("user"))
    user.pip("install", "--no-deps", wheel)
    write_tiny_data(user.work / "tiny")
    return user


@pytest.fixture(scope="module")
def trained(user):
    return user.run("yolo", "train", "model=lidd.yaml", "data=tiny/tiny.yaml", "epochs=1", "batch=4", *SMALL)


@pytest.fixture(scope="module")
def exported(user, trained):  # noqa: ARG001 - a checkpoint must be there
    pytest.importorskip("onnx", reason="export needs the extra lidd-yolo[export]")
    pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
    return user.run("yolo", "export", f"model={BEST}", "format=onnx", "imgsz=64")


@pytest.fixture(scope="module")
def segmenter(user):
    """WLNet in its smallest scale after an epoch on generated steel with outlines."""
    generated_data(user.work / "steel")
    return user.run("yolo", "train", "model=wlnett.yaml", "data=steel/data.yaml", "epochs=1", "batch=4", *SMALL)


@pytest.fixture(scope="module")
def openvino_segmenter(user, segmenter):  # noqa: ARG001 - a checkpoint must be there
    pytest.importorskip("openvino", reason="export needs the extra lidd-yolo[export]")
    user.run("yolo", "export", f"model={SEGMENT}.pt", "format=openvino", "imgsz=64")
    return f"{SEGMENT}_openvino_model"


def found_outlines(user, model, name):
    """Return the outlines that ``yolo predict`` finds in a folder of pictures, as lists of x and y for each picture."""
    words = f"model={model}", "source=steel/data/images/val", f"name={name}", "save_txt=True"
    user.run("yolo", "predict", *words, "conf=0.0001", "max_det=20", *SMALL)
    folder = user.work / "runs/segment" / name
    assert len([file for file in folder.iterdir() if file.is_file()]) == 4
    lines = {f.stem: f.read_text(encoding="utf-8").splitlines() for f in (folder / "labels").iterdir()}
    return {stem: [[float(word) for word in line.split()[1:]] for line in part] for stem, part in lines.items()}


def last_line(done):
    return done.stderr.strip().splitlines()[-1]


WEIGHTS = ("lidd", "wlnett")


class TestContent:
    """Everything that a user or a builder needs, and nothing else: no data set, picture, cache or run."""

    def test_wheel(self, wheel):
        with zipfile.ZipFile(wheel) as opened:
            sizes = {info.filename: info.file_size for info in opened.infolist()}
        head = "-".join(wheel.name.split("-")[:2])
        own = {name for name in sizes if not name.startswith(f"{head}.dist-info/")}
        started = {f"lidd_yolo_startup.{ending}" for ending in ("py", "pth", "start")}
        assert own == {*below("lidd_yolo"), *(f"lidd_yolo/{n}" for n in below("cfg", "pretrained")), *started}
        endings = {Path(name).suffix for name in own}
        assert endings == {".py", ".typed", ".yaml", ".json", ".pt", ".j2", ".css", ".sha256", ".pth", ".start"}
        needed = {"py.typed", "report/page.html.j2", *(f"pretrained/{n}.{e}" for n in WEIGHTS for e in ("pt", "json"))}
        needed |= {"cfg/models/lidd.yaml", "cfg/plans/start.yaml", "cfg/datasets/neu-det.yaml"}
        assert {f"lidd_yolo/{name}" for name in needed} <= own
        assert f"{head}.dist-info/licenses/LICENSE" in sizes
        assert sum(sizes.values()) < 11e6

    def test_sdist(self, tmp_path):
        with tarfile.open(build_wheel(tmp_path, "sdist")) as opened:
            sizes = {m.name.partition("/")[2]: m.size for m in opened.getmembers() if m.isfile()}
        folders = "lidd_yolo", "cfg", "pretrained", "tests", "examples", "benchmarks", "docs", ".ci"
        own = below(*folders)
        at_the_top = {name for name in sizes if name.split("/")[0] not in folders}
        assert set(sizes) - at_the_top == own
        assert {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", "constraints.txt", "pyproject.toml"} <= at_the_top
        assert all("/" not in name for name in at_the_top)
        pictures = {name for name in sizes if Path(name).suffix.lower() in PICTURES}
        assert all(name.startswith("docs/figures/") for name in pictures)
        weights = {name for name in sizes if Path(name).suffix in {".pt", ".onnx", ".pth"}}
        assert weights == {*(f"pretrained/{name}.pt" for name in WEIGHTS), "lidd_yolo_startup.pth"}
        assert max(size for name, size in sizes.items() if name not in weights) < 1e6


def below(*folders):
    """Return the files below folders of this checkout, caches aside."""
    files = (file for folder in folders for file in (CHECKOUT / folder).rglob("*") if file.is_file())
    return {file.relative_to(CHECKOUT).as_posix() for file in files if "__pycache__" not in file.parts}


class TestYolo:
    def test_train(self, user, trained):
        assert "lidd_yolo.layers.head.LIDDDetect" in trained.stdout + trained.stderr
        assert (user.work / BEST).is_file()
        header = (user.work / "runs/detect/train/results.csv").read_text(encoding="utf-8").splitlines()[0]
        losses = ("train/qfl_loss", "train/dfl_loss", "train/box_loss", "train/aux_loss")
        assert all(name in header for name in losses)

    @pytest.mark.usefixtures("trained")
    def test_val(self, user):
        done = user.run("yolo", "val", f"model={BEST}", "data=tiny/tiny.yaml", *SMALL)
        assert "mAP50-95" in done.stdout + done.stderr

    @pytest.mark.usefixtures("trained")
    def test_predict__every_picture(self, user):
        user.run("yolo", "predict", f"model={BEST}", "source=tiny/images/val", "name=pt", "conf=0.001", *SMALL)
        assert len(list((user.work / "runs/detect/pt").iterdir())) == 4

    @pytest.mark.usefixtures("exported")
    def test_predict__with_onnx(self, user):
        onnx = BEST.replace(".pt", ".onnx")
        user.run("yolo", "predict", f"model={onnx}", "source=tiny/images/val", "name=onnx", "conf=0.001", *SMALL)
        assert len(list((user.work / "runs/detect/onnx").iterdir())) == 4

    @pytest.mark.usefixtures("exported")
    def test_export__same_raw_outputs(self, user):
        """85 anchor points at 64 px: 8 * 8 + 4 * 4 + 2 * 2 + 1."""
        shape, difference = compare_onnx(user, BEST)
        assert shape == [1, 6, 85]
        assert difference <= 1e-4

    def test_python__from_another_folder(self, user):
        done = user.run("python", "-c", f"import os; os.chdir('/')\n{IN_PYTHON}")
        assert done.stdout.splitlines()[-1] == "lidd_yolo.models.lidd detect s"


class TestWeights:
    def test_name__from_an_empty_folder(self, user):
        """``lidd.pt`` comes with the wheel: it is trained on, and its export lands in the working folder."""
        done = user.run(
            "yolo", "train", "model=lidd.pt", "data=tiny/tiny.yaml", "epochs=1", "batch=4", "name=pt", *SMALL
        )
        assert "Start from lidd.pt: " in done.stdout + done.stderr
        user.run("yolo", "export", "model=lidd.pt", "format=torchscript", "imgsz=64")
        assert (user.work / "lidd.torchscript").is_file()


class TestYoloSegment:
    def test_train(self, user, segmenter):
        assert "lidd_yolo.layers.segment_head.WLNetSegment" in segmenter.stdout + segmenter.stderr
        assert "NWD: 0.4 of the box loss" in segmenter.stdout + segmenter.stderr
        assert (user.work / f"{SEGMENT}.pt").is_file()
        header = (user.work / "runs/segment/train/results.csv").read_text(encoding="utf-8").splitlines()[0]
        assert all(name in header for name in ("train/box_loss", "train/seg_loss", "metrics/mAP50-95(M)"))

    @pytest.mark.usefixtures("segmenter")
    def test_predict__outlines_in_every_picture(self, user):
        outlines = found_outlines(user, f"{SEGMENT}.pt", "pt")
        assert len(outlines) == 4
        for part in outlines.values():
            corners = [outline for outline in part if len(outline) >= 6]
            assert corners
            assert all(0 <= value <= 1 for outline in corners for value in outline)

    def test_predict__with_openvino(self, user, openvino_segmenter):
        outlines = found_outlines(user, openvino_segmenter, "openvino")
        assert len(outlines) == 4
        assert all(any(len(outline) >= 6 for outline in part) for part in outlines.values())


class TestWrongInput:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["model=lidd-x.yaml", "data=tiny/tiny.yaml"], "lidd-x.yaml: no scale 'x', only n, s, m"),
            (["model=liddle.yaml", "data=tiny/tiny.yaml"], "'liddle.yaml' does not exist"),
            (["model=lidd.yaml", "data=neu-det.yaml"], "lidd data neu-det --source FOLDER"),
            (["segment", "model=lidd.yaml", "data=tiny/tiny.yaml"], "task=segment needs another head"),
        ],
    )
    def test_train__says_why(self, user, words, message):
        done = user.run("yolo", "train", *words, check=False)
        assert done.returncode != 0
        assert message in "\n".join(done.stderr.strip().splitlines()[-4:])


class TestWithoutStartUpFile:
    OFF = {"LIDD_YOLO_AUTOLOAD": "0"}  # noqa: RUF012

    @pytest.mark.usefixtures("trained")
    def test_checkpoint__is_a_door(self, user):
        words = f"model={BEST}", "source=tiny/images/val", "name=door", *SMALL
        user.run("yolo", "predict", *words, **self.OFF)
        assert len(list((user.work / "runs/detect/door").iterdir())) == 4

    def test_name__unknown_to_yolo(self, user):
        done = user.run("yolo", "train", "model=lidd.yaml", "data=tiny/tiny.yaml", check=False, **self.OFF)
        assert done.returncode != 0
        assert last_line(done) == "FileNotFoundError: 'lidd.yaml' does not exist"

    @pytest.mark.parametrize("command", [["lidd"], ["python", "-m", "lidd_yolo"]])
    def test_name__known_to_our_command(self, user, command):
        name = f"name={command[0]}"
        user.run(*command, "predict", "model=lidds.yaml", "source=tiny/images/val", name, *SMALL, **self.OFF)
        assert len(list((user.work / "runs/detect" / command[0]).iterdir())) == 4


class TestLidd:
    def test_doctor(self, user):
        done = user.run("lidd", "doctor")
        assert "start-up file active" in done.stdout
        assert done.stdout.strip().endswith("Nothing is wrong.")

    def test_doctor__start_up_file_off(self, user):
        assert "turned off by LIDD_YOLO_AUTOLOAD=0" in user.run("lidd", "doctor", LIDD_YOLO_AUTOLOAD="0").stdout

    def test_version(self, user, wheel):
        version = user.run("lidd", "--version").stdout.split()[-1]
        assert wheel.name.startswith(f"lidd_yolo-{version}-")


class TestSafeLoad:
    @pytest.mark.usefixtures("trained")
    def test_predict__with_restricted_loading(self, user):
        """Ultralytics reads the variable from 8.4.75 on; before, this is a plain prediction."""
        words = f"model={BEST}", "source=tiny/images/val", "name=safe", *SMALL
        user.run("yolo", "predict", *words, ULTRALYTICS_SAFE_LOAD="1")
        assert len(list((user.work / "runs/detect/safe").iterdir())) == 4


class TestUninstall:
    def test_files__none_left_and_yolo_unharmed(self, wheel, tmp_path):
        user = FreshPython(tmp_path)
        user.pip("install", "--no-deps", wheel)
        installed = {file.name for file in user.files() - user.start}
        assert {"lidd_yolo_startup.pth", "lidd_yolo_startup.start", "lidd_yolo_startup.py", "lidd"} <= installed
        user.pip("uninstall", "-y", "lidd-yolo")
        assert user.files() == user.start
        done = user.run("python", "-c", "pass")
        assert (done.stdout, done.stderr) == ("", "")
        done = user.run("yolo", "train", "model=yolov8n.yaml", "data=nowhere.yaml", check=False)
        assert last_line(done) == "RuntimeError: Dataset 'nowhere.yaml' error ❌ 'nowhere.yaml' does not exist"
        done = user.run("yolo", "train", "model=lidd.yaml", "data=nowhere.yaml", check=False)
        assert last_line(done) == "FileNotFoundError: 'lidd.yaml' does not exist"
