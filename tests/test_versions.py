"""The main commands on the oldest and the newest Ultralytics of the tested range, each in an environment of its own."""

import shutil

import pytest

from lidd_yolo.connect import TESTED
from tests.helpers.fresh_python import CHECKOUT, FreshPython, build_wheel
from tests.helpers.onnx_parity import compare_onnx
from tests.helpers.tiny import write_tiny_data

pytestmark = pytest.mark.slow

OLDEST_NEEDS = ("numpy<2.4", "onnxscript")
"""The oldest release validates with ``numpy.trapz`` and exports with torch's new exporter, as it would without us."""
SMALL = ("imgsz=64", "workers=0", "exist_ok=True")


@pytest.fixture(scope="module", params=TESTED)
def user(request, tmp_path_factory):
    """An environment with this release from the package index, and our wheel."""
    release, needs = request.param, OLDEST_NEEDS if request.param == TESTED[0] else ()
    folder = tmp_path_factory.mktemp("release")
    user = FreshPython(folder / "user", without=("ultralytics", "numpy") if needs else ("ultralytics",))
    done = user.pip("install", f"ultralytics=={release}", *needs, check=False)
    if done.returncode:
        pytest.skip(f"ultralytics {release} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    user.pip("install", "--no-deps", build_wheel(folder / "dist"))
    write_tiny_data(user.work / "tiny")
    yield user
    shutil.rmtree(folder)  # hundreds of megabytes


@pytest.fixture(scope="module")
def best(user):
    """The checkpoint of two epochs through ``yolo``."""
    place = f"project={user.work}", "name=run"
    user.run("yolo", "train", "model=lidd.yaml", "data=tiny/tiny.yaml", "epochs=2", "batch=4", *place, *SMALL)
    return user.work / "run" / "weights" / "best.pt"


class TestData:
    @pytest.mark.parametrize("user", TESTED[:1], indirect=True)  # the newest is the one that all tests run with
    def test_read__as_its_training_does(self, user):
        tests = CHECKOUT / "tests" / "data" / "readers" / "test_as_training.py"
        user.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", tests, PYTHONPATH=str(CHECKOUT))


class TestCommands:
    def test_doctor(self, user):
        assert user.run("lidd", "doctor").stdout.strip().endswith("Nothing is wrong.")

    def test_train__loss_names_and_finished_checkpoint(self, best):
        header = (best.parents[1] / "results.csv").read_text(encoding="utf-8").splitlines()[0].replace(" ", "")
        assert "train/qfl_loss,train/dfl_loss,train/box_loss,train/aux_loss" in header
        assert "val/qfl_loss,val/dfl_loss,val/box_loss,val/aux_loss" in header
        assert best.stat().st_size <= 1.6e6

    def test_val(self, user, best):
        done = user.run("yolo", "val", f"model={best}", "data=tiny/tiny.yaml", *SMALL)
        assert "mAP50-95" in done.stdout + done.stderr

    def test_predict__start_up_file_off(self, user, best):
        place = f"project={user.work}", "name=pictures"
        words = f"model={best}", "source=tiny/images/val", *place, *SMALL
        user.run("yolo", "predict", *words, LIDD_YOLO_AUTOLOAD="0")
        assert len(list((user.work / "pictures").iterdir())) == 4

    def test_train__from_the_checkpoint(self, user, best):
        place = f"project={user.work}", "name=again"
        user.run("yolo", "train", f"model={best}", "data=tiny/tiny.yaml", "epochs=1", "batch=4", *place, *SMALL)
        assert (user.work / "again" / "weights" / "best.pt").is_file()

    def test_export__same_raw_outputs(self, user, best):
        pytest.importorskip("onnx", reason="export needs the extra lidd-yolo[export]")
        pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
        user.run("yolo", "export", f"model={best}", "format=onnx", "imgsz=64")
        shape, difference = compare_onnx(user, best)
        assert shape == [1, 6, 85]
        assert difference <= 1e-4
