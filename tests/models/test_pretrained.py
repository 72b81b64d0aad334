"""Weights that come with the package: which file a name means, what it holds, and that a damaged one is refused."""

import json

import numpy as np
import pytest
import torch
from ultralytics import YOLO
from ultralytics.nn import tasks
from ultralytics.utils import SETTINGS

from lidd_yolo import names, paths
from lidd_yolo.models import pretrained
from tests.helpers.lidd_model import build_lidd

CLASSES = ["dent", "pit", "scratch"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def network():
    model = build_lidd(seed=3, nc=3)
    model.names, model.task = dict(enumerate(CLASSES)), "detect"
    return model.drop_training_branch()


@pytest.fixture
def packaged(tmp_path, monkeypatch, network):
    """A package that brings one file of weights, ``lidd.pt``."""
    home = tmp_path / "package"
    home.mkdir()
    checkpoint = {"model": network, "ema": None, "train_args": {"task": "detect", "data": "some.yaml", "imgsz": 64}}
    pretrained.pack(checkpoint, home / "lidd.pt", {"date": "2026-01-01", "licence": "AGPL-3.0-or-later"})
    monkeypatch.setattr(names, "packaged_weights", lambda: {"lidd.pt": home / "lidd.pt"})
    return home / "lidd.pt"


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)


class TestFind:
    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize("name", ["lidd.pt", "liddn.pt", "lidd-n.pt"])
    def test_name__means_the_packaged_file(self, packaged, name):
        assert pretrained.find(name) == packaged

    @pytest.mark.usefixtures("packaged")
    @pytest.mark.parametrize("name", ["best.pt", "yolov8n.pt", "some/lidd.pt", "lidd.yaml", "lidd.onnx", None])
    def test_other_names__mean_nothing_here(self, name):
        assert pretrained.find(name) is None

    @pytest.mark.usefixtures("packaged")
    def test_own_file__wins(self, folder):
        (folder / "lidd.pt").touch()
        assert pretrained.find("lidd.pt") is None

    @pytest.mark.usefixtures("packaged", "folder")
    def test_own_file_in_weights_dir__wins(self, tmp_path, monkeypatch):
        monkeypatch.setitem(SETTINGS, "weights_dir", str(tmp_path / "own"))
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "lidd.pt").touch()
        assert pretrained.find("lidd.pt") is None

    @pytest.mark.usefixtures("packaged", "folder")
    def test_not_packaged__says_what_there_is(self):
        with pytest.raises(FileNotFoundError, match=r"wlnet\.pt: no such file here.*\(lidd\.pt\); model=wlnet\.yaml"):
            YOLO("wlnet.pt")

    @pytest.mark.usefixtures("folder")
    def test_damaged__is_refused(self, packaged):
        packaged.write_bytes(packaged.read_bytes()[:-1] + b"?")
        with pytest.raises(ValueError, match=r"is damaged.*force-reinstall"):
            YOLO("lidd.pt")


@pytest.mark.usefixtures("folder", "packaged")
class TestUse:
    def test_network__is_the_packed_one_in_half_precision(self, network):
        model = YOLO("lidd.pt")
        assert (model.task, list(model.names.values())) == ("detect", CLASSES)
        expected, state = network.state_dict(), model.model.state_dict()
        assert list(state) == list(expected)
        for key, value in expected.items():
            assert torch.equal(state[key], value.half().float() if value.is_floating_point() else value), key

    def test_building__leaves_the_users_random_numbers(self):
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        YOLO("lidd.pt")
        assert torch.equal(torch.rand(3), expected)

    def test_export__goes_into_the_working_folder(self, folder):
        YOLO("lidd.pt").export(format="torchscript", imgsz=64)
        assert (folder / "lidd.torchscript").is_file()

    def test_copy__under_another_name(self, folder, packaged, picture):
        (folder / "start.pt").write_bytes(packaged.read_bytes())
        one, other = (
            YOLO(name).predict(picture, imgsz=64, conf=0.0, verbose=False)[0] for name in ("lidd.pt", "start.pt")
        )
        assert torch.equal(one.boxes.data, other.boxes.data)

    def test_safe_load__knows_the_file(self, packaged):
        assert torch.load(packaged, weights_only=True)[names.WEIGHTS_FORMAT] == 1
        assert type(tasks.torch_safe_load("lidd.pt", True)[0]["model"]).__name__ == "LIDDModel"

    def test_saved_again__is_an_ordinary_checkpoint(self, folder):
        YOLO("lidd.pt").save(folder / "again.pt")
        content = torch.load(folder / "again.pt", weights_only=False)
        assert names.WEIGHTS_FORMAT not in content
        assert list(YOLO(folder / "again.pt").names.values()) == CLASSES


class TestPack:
    def test_file__of_a_newer_release(self, packaged):
        content = torch.load(packaged, weights_only=True) | {names.WEIGHTS_FORMAT: 2}
        with pytest.raises(ValueError, match="pip install --upgrade lidd-yolo"):
            pretrained.build(content)

    def test_too_large_for_half_precision(self, network, tmp_path):
        next(iter(network.parameters())).data.fill_(1e5)
        arguments = {"task": "detect", "data": "some.yaml", "imgsz": 64}
        with pytest.raises(ValueError, match=r"lidd\.pt: model\.0\.conv\.weight cannot be written"):
            pretrained.pack({"model": network, "train_args": arguments}, tmp_path / "lidd.pt", {"date": ""})
        assert not list(tmp_path.glob("*.pt"))


SHIPPED = sorted(paths.weights_dir().glob("*.pt"))


@pytest.mark.skipif(not SHIPPED, reason="this checkout has no weights; `make weights` makes them")
class TestShipped:
    def test_size__at_most_8_mb_together(self):
        assert sum(file.stat().st_size for file in SHIPPED) <= 8_000_000

    @pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
    def test_card__says_where_the_weights_come_from(self, file):
        card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        needed = {"network", "trained_by", "date", "commit", "corpus", "seed", "epochs", "steps", "imgsz", "sha256"}
        assert needed | {"licence", "never_seen", "machine", "classes", "figures"} <= card.keys()
        assert card["corpus"]["dataset"] == "defects-pretrain"

    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
    def test_network__loads_by_name(self, file):
        model = YOLO(file.name)
        assert list(model.names.values()) == pretrained.read_card(file)["classes"]
        assert all(value.isfinite().all() for value in model.model.state_dict().values())
