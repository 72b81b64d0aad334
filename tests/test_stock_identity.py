"""A stock network trained before and after our wheel is installed: the same weights, arguments and figures."""

import io
import shutil

import pytest
import torch
import yaml

from tests.helpers.fresh_python import FreshPython, build_wheel
from tests.helpers.tiny import write_tiny_data

pytestmark = pytest.mark.slow

TRAIN = ("yolo", "train", "model=yolov8n.yaml", "data=tiny/tiny.yaml", "epochs=1", "imgsz=64", "batch=4", "workers=0")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folders of both runs; each was made under the same name, so that even paths are the same."""
    user = FreshPython(tmp_path_factory.mktemp("stock"))
    write_tiny_data(user.work / "tiny")
    folders = []
    for name in ("without", "with"):
        user.run(*TRAIN)
        folders.append(shutil.move(user.work / "runs/detect/train", user.work / name))
        if name == "without":
            user.pip("install", "--no-deps", build_wheel(tmp_path_factory.mktemp("dist")))
    hook = "import sys; print('lidd_yolo_startup' in sys.modules)"
    assert user.run("python", "-c", hook).stdout.strip() == "True"
    return folders


def read(folder, name):
    return (folder / name).read_bytes()


class TestStockTraining:
    @pytest.mark.parametrize("name", ["best.pt", "last.pt"])
    def test_weights__bit_identical(self, runs, name):
        without, beside = (torch.load(run / "weights" / name, weights_only=False) for run in runs)
        want, got = without["model"].state_dict(), beside["model"].state_dict()
        assert list(got) == list(want)
        assert all(torch.equal(got[key], want[key]) for key in want)
        assert without["train_args"] == beside["train_args"]
        assert without["train_metrics"] == beside["train_metrics"]

    def test_arguments__byte_identical(self, runs):
        without, beside = runs
        assert read(beside, "args.yaml") == read(without, "args.yaml")
        assert yaml.safe_load(read(beside, "args.yaml"))["model"] == "yolov8n.yaml"

    def test_figures__identical_but_for_the_time(self, runs):
        without, beside = ([row.split(",") for row in read(run, "results.csv").decode().splitlines()] for run in runs)
        clock = without[0].index("time")
        assert [r[:clock] + r[clock + 1 :] for r in beside] == [r[:clock] + r[clock + 1 :] for r in without]

    def test_checkpoint__does_not_mention_us(self, runs):
        _, beside = runs
        checkpoint = torch.load(beside / "weights" / "best.pt", weights_only=False)
        checkpoint.pop("git", None)  # of the folder that Ultralytics lies in: a commit's message may name us
        written = io.BytesIO()
        torch.save(checkpoint, written)
        assert b"yolov8n" in written.getvalue()
        assert b"lidd" not in written.getvalue()
