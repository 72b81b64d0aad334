"""Training runs on eight generated pictures: recipe, checkpoints, resume, and the arguments of stock ``yolo train``."""

import csv
from pathlib import Path

import pytest
import torch
import yaml
from ultralytics import YOLO

from lidd_yolo.models.criterion import LOSS_NAMES
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.training.trainers import LIDDTrainer
from tests.helpers.generated import generated_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return generated_data(tmp_path_factory.mktemp("data"))


def train(data, folder, model="lidd.yaml", **arguments):
    """Train as a user would and return the model and its run folder."""
    defaults = {"epochs": 1, "imgsz": 64, "batch": 4, "nbs": 4, "device": "cpu", "plots": False, "val": False}
    net = YOLO(model)
    net.train(data=str(data), project=str(folder), name="run", **{**defaults, **arguments})
    return net, Path(net.trainer.save_dir)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    return train(data, tmp_path_factory.mktemp("finished"), epochs=2, val=True, plots=True)


@pytest.mark.trains
class TestRun:
    def test_run__trainer_and_recipe(self, finished):
        net, run = finished
        assert type(net.trainer) is LIDDTrainer
        args = yaml.safe_load((run / "args.yaml").read_text())
        assert args["optimizer"] == "AdamW"
        assert (args["lr0"], args["weight_decay"], args["mosaic"]) == (0.004, 0.05, 0.0)
        assert (args["epochs"], args["imgsz"], args["batch"]) == (2, 64, 4)

    def test_run__channels_last_weights_in_memory_only(self, finished):
        net, run = finished
        kernel = net.trainer.model.model[0].conv.weight
        assert kernel.is_contiguous(memory_format=torch.channels_last)
        assert YOLO(run / "weights" / "best.pt").model.model[0].conv.weight.is_contiguous()

    def test_run__loss_names_in_csv_and_plot(self, finished):
        _, run = finished
        with (run / "results.csv").open() as file:
            rows = [{k.strip(): v for k, v in row.items()} for row in csv.DictReader(file)]
        assert len(rows) == 2
        for name in LOSS_NAMES:
            assert float(rows[0][f"train/{name}"]) > 0
        for name in LOSS_NAMES[:-1]:
            assert float(rows[1][f"val/{name}"]) > 0
        assert (run / "results.png").stat().st_size > 10_000

    def test_run__best_has_no_training_branch(self, finished):
        _, run = finished
        for name in ("best.pt", "last.pt"):
            file = run / "weights" / name
            assert file.stat().st_size <= 1_600_000
            model = YOLO(file).model
            assert isinstance(model, LIDDModel)
            assert model.head.latm is None
        assert not list((run / "weights").glob("*.tmp"))

    def test_run__best_predicts(self, finished, data):
        _, run = finished
        image = next((data.parent / "data" / "images" / "val").iterdir())
        (result,) = YOLO(run / "weights" / "best.pt").predict(image, imgsz=64, conf=0.0001, verbose=False)
        assert result.names[0] == "line"
        assert len(result.boxes) > 0

    def test_run__folds_and_is_small(self, finished):
        """Design: folding a trained network may differ by 1e-5 of the output's size; FLOPs hold no training branch."""
        _, run = finished
        model = YOLO(run / "weights" / "best.pt").model.float().eval()
        image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            before = model(image)[0]
            after = model.fuse(verbose=False)(image)[0]
        assert (after - before).abs().max() <= 1e-5 * max(1, before.abs().max())
        _, parameters, _, gflops = model.info(verbose=True, imgsz=192)
        assert parameters == 626_248 + 8  # and the 8 constants of the box decoding
        assert gflops == pytest.approx(2 * 0.106, abs=0.01)

    def test_run__continues_as_fine_tuning(self, finished, data, tmp_path):
        _, run = finished
        net, _ = train(data, tmp_path, model=run / "weights" / "best.pt")
        assert type(net.trainer) is LIDDTrainer

    def test_run__as_pretrained_weights(self, finished, data, tmp_path):
        _, run = finished
        best = YOLO(run / "weights" / "best.pt").model.float()
        before = best.state_dict()["model.0.conv.weight"]
        net, _ = train(data, tmp_path, pretrained=str(run / "weights" / "best.pt"), lr0=1e-9, warmup_epochs=0)
        after = net.model.float().state_dict()["model.0.conv.weight"]
        torch.testing.assert_close(after, before, rtol=0, atol=2e-3)


class TestResume:
    @pytest.mark.trains
    def test_resume__goes_on_with_training_branch(self, data, tmp_path):
        class StopError(Exception):
            pass

        def stop(trainer):
            if trainer.epoch == 0:
                raise StopError

        net = YOLO("lidd.yaml")
        net.add_callback("on_fit_epoch_end", stop)
        with pytest.raises(StopError):
            net.train(
                data=str(data),
                epochs=3,
                imgsz=64,
                batch=4,
                nbs=4,
                project=str(tmp_path),
                name="run",
                plots=False,
                lr0=3e-4,
            )
        last = Path(net.trainer.last)
        saved = torch.load(last, weights_only=False)
        assert saved["ema"].head.latm is not None
        resumed = YOLO(last)
        resumed.train(resume=True)
        trainer = resumed.trainer
        assert trainer.start_epoch == 1
        assert trainer.epoch == 2
        assert trainer.args.lr0 == 3e-4
        assert trainer.args.optimizer == "AdamW"
        assert [row.split(",")[0] for row in (tmp_path / "run" / "results.csv").read_text().split()[1:]] == [
            "1",
            "2",
            "3",
        ]
        assert YOLO(trainer.best).model.head.latm is None


class TestArguments:
    @pytest.mark.trains
    def test_arguments__the_users_win(self, data, tmp_path):
        net, run = train(data, tmp_path, optimizer="SGD", lr0=0.02, mosaic=1.0, weight_decay=0.001)
        args = yaml.safe_load((run / "args.yaml").read_text())
        assert (args["optimizer"], args["lr0"], args["mosaic"], args["weight_decay"]) == ("SGD", 0.02, 1.0, 0.001)
        assert isinstance(net.trainer.optimizer, torch.optim.SGD)

    @pytest.mark.trains
    @pytest.mark.parametrize(("asked", "trained"), [(480, 480), (100, 128)])
    def test_imgsz__multiples_of_32(self, data, tmp_path, asked, trained):
        net, _ = train(data, tmp_path, imgsz=asked, fraction=0.5)
        assert net.trainer.args.imgsz == trained

    @pytest.mark.trains
    def test_freeze__layers_do_not_move(self, data, tmp_path):
        net, _ = train(data, tmp_path, freeze=9)
        moving = {name.split(".")[1] for name, p in net.trainer.model.named_parameters() if p.requires_grad}
        assert moving.isdisjoint({str(i) for i in range(9)})
        assert "27" in moving

    @pytest.mark.trains
    @pytest.mark.parametrize(
        "arguments",
        [{"single_cls": True}, {"classes": [0, 2]}, {"multi_scale": 0.5}, {"fraction": 0.5}, {"cls_pw": 0.5}],
        ids=str,
    )
    def test_arguments__as_in_stock(self, data, tmp_path, arguments):
        net, _ = train(data, tmp_path, **arguments)
        assert torch.isfinite(torch.stack([v.detach() for v in net.trainer.loss_items.values()])).all()
        if "single_cls" in arguments:
            assert net.trainer.model.head.nc == 1
        if "fraction" in arguments:
            assert len(net.trainer.train_loader.dataset) == 4


class TestOptimizerStep:
    @pytest.mark.trains
    def test_optimizer_step__clips_at_35(self, data, tmp_path):
        """SGD without momentum and weight decay moves each weight by lr times the clipped gradient."""
        net, _ = train(data, tmp_path)
        trainer = net.trainer
        weights = list(trainer.model.parameters())
        trainer.ema = None
        trainer.optimizer = torch.optim.SGD(weights, lr=1.0)
        for factor, length in ((1e4, 35.0), (1.0, 5.0)):
            direction = [torch.randn_like(w) for w in weights]
            norm = torch.cat([d.flatten() for d in direction]).norm()
            before = [w.detach().clone() for w in weights]
            for w, d in zip(weights, direction, strict=True):
                w.grad = d / norm * 5.0 * factor
            trainer.optimizer_step()
            moved = torch.cat([(w.detach() - b).flatten() for w, b in zip(weights, before, strict=True)]).norm()
            assert moved.item() == pytest.approx(length, rel=1e-3)


class TestSchedule:
    @pytest.mark.trains
    def test_schedule__detaches_from_epoch_on(self, data, tmp_path):
        yaml_file = tmp_path / "mine.yaml"
        config = yaml.safe_load((Path(__file__).parents[2] / "cfg" / "models" / "lidd.yaml").read_text())
        config["lidd_yolo"]["detach_epoch"] = 1
        yaml_file.write_text(yaml.safe_dump({**config, "scale": "n"}))
        seen = []
        net = YOLO(yaml_file)
        net.add_callback("on_train_batch_end", lambda t: seen.append((t.epoch, t.model.head.latm.detached)))
        net.train(
            data=str(data), epochs=2, imgsz=64, batch=8, project=str(tmp_path), name="run", plots=False, val=False
        )
        assert seen == [(0, False), (1, True)]
