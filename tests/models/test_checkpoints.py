"""Checkpoints that somebody else may have written: what is asked for by ULTRALYTICS_SAFE_LOAD holds here too."""

from pathlib import Path

import numpy as np
import pytest
import torch
from ultralytics import YOLO
from ultralytics.nn import tasks
from ultralytics.utils import IterableSimpleNamespace

from lidd_yolo.compare.run_folder import restore_snapshot
from lidd_yolo.connect import allow_safe_load
from lidd_yolo.errors import InputError
from lidd_yolo.models.checkpoints import load_checkpoint
from lidd_yolo.training.callbacks import finish_checkpoint
from lidd_yolo.training.teacher import Teacher
from tests.helpers.lidd_model import build_lidd, noise_batch
from tests.helpers.teachers import write_teacher
from tests.helpers.wlnet_model import build_wlnet, mask_batch

needs_safe_load = pytest.mark.skipif(
    not getattr(getattr(tasks, "_SafeLoad", None), "SUPPORTED", False), reason="no restricted loading in this release"
)


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return _go_off, (self.file,)


def _go_off(file):
    Path(file).touch()


def in_training(model, batch):
    """Return a checkpoint as a trainer writes it in older releases, with criterion and optimiser."""
    model.args = IterableSimpleNamespace(**vars(model.args))
    model.train().loss(batch)[0].sum().backward()
    optimizer = torch.optim.AdamW(model.parameters())
    optimizer.step()
    return {
        "epoch": 1,
        "model": None,
        "ema": model.half(),
        "updates": 3,
        "optimizer": optimizer.state_dict(),
        "train_args": {"project": "elsewhere", "save_dir": Path("elsewhere")},
        "train_metrics": {"fitness": np.float64(0.5)},
    }


@needs_safe_load
class TestSafeLoad:
    @pytest.fixture(autouse=True)
    def asked(self, monkeypatch):
        """Ask for restricted loading, and give torch's allow-list back as it was."""
        monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", "1")
        before = torch.serialization.get_safe_globals()
        yield
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)

    @pytest.mark.parametrize("reader", [load_checkpoint, finish_checkpoint])
    def test_bomb__is_not_set_off(self, tmp_path, reader):
        torch.save({"train_args": {}, "more": Bomb(tmp_path / "went off")}, tmp_path / "last.pt")
        with pytest.raises(InputError, match=r"last\.pt is not read: it names \S*_go_off.*SAFE_LOAD=1 forbids"):
            reader(tmp_path / "last.pt")
        assert not (tmp_path / "went off").exists()

    def test_snapshot__of_a_run_that_goes_on(self, tmp_path):
        """On a shared disk a colleague could have written it."""
        place = tmp_path / "snapshots" / "epoch-000001" / "weights"
        place.mkdir(parents=True)
        torch.save({"train_args": {}, "more": Bomb(tmp_path / "went off")}, place / "last.pt")
        with pytest.raises(InputError, match="it names"):
            restore_snapshot(tmp_path)
        assert not (tmp_path / "went off").exists()

    @pytest.mark.parametrize("name", ["lidd.yaml", "yolov8n.yaml"])
    def test_teacher__read_or_refused(self, tmp_path, monkeypatch, name):
        """``distill_model=`` too: Ultralytics reads it, and the variable at its import."""
        monkeypatch.setattr(tasks, "SAFE_LOAD", True)
        allow_safe_load()
        file = write_teacher(tmp_path / "teacher.pt", name, ("a",))
        assert Teacher(file, {0: "a"}, 3, torch.device("cpu")).ours.tolist() == [0]
        content = torch.load(file, weights_only=False)
        torch.save({**content, "more": Bomb(tmp_path / "went off")}, file)
        with pytest.raises(TypeError, match=r"teacher\.pt references types outside"):
            Teacher(file, {0: "a"}, 3, torch.device("cpu"))
        assert not (tmp_path / "went off").exists()

    @pytest.mark.parametrize(("build", "batch"), [(build_lidd, noise_batch), (build_wlnet, mask_batch)])
    def test_checkpoint__of_a_running_training(self, tmp_path, build, batch):
        content = in_training(build(), batch(size=64))
        torch.save(content, tmp_path / "last.pt")
        loaded = load_checkpoint(tmp_path / "last.pt")
        assert type(loaded["ema"]) is type(content["ema"])
        assert loaded["optimizer"]["state"].keys() == content["optimizer"]["state"].keys()

    @pytest.mark.parametrize("name", ["lidd.yaml", "wlnetn.yaml"])
    def test_fused_network(self, tmp_path, name):
        torch.manual_seed(0)
        network = YOLO(name).model.eval().fuse(verbose=False)
        torch.save({"model": network}, tmp_path / "fused.pt")
        loaded = load_checkpoint(tmp_path / "fused.pt")["model"]
        picture = torch.rand(1, 3, 64, 64)
        with torch.inference_mode():
            assert torch.equal(_first(loaded(picture)), _first(network(picture)))


def _first(output):
    return output if isinstance(output, torch.Tensor) else _first(output[0])


class TestDamaged:
    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"hello, a text", b"\x80\x02."])
    @pytest.mark.parametrize("safe", ["0", "1"])
    def test_damaged__one_line(self, tmp_path, monkeypatch, content, safe):
        monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", safe)
        (tmp_path / "last.pt").write_bytes(content)
        with pytest.raises(InputError, match=r"last\.pt is damaged or no checkpoint \(") as raised:
            load_checkpoint(tmp_path / "last.pt")
        assert "\n" not in str(raised.value)

    def test_other_content__refused(self, tmp_path):
        torch.save([1, 2], tmp_path / "last.pt")
        with pytest.raises(InputError, match=r"last\.pt is no checkpoint of a training"):
            load_checkpoint(tmp_path / "last.pt")

    def test_missing__by_its_name(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"last\.pt"):
            load_checkpoint(tmp_path / "last.pt")
