"""One of two gloo processes on the CPU: run by tests/training/test_ddp.py, with RANK and WORLD_SIZE in the environment.

Ultralytics has no data-parallel training on CPUs; this file supplies what is missing around its own training loop.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from ultralytics.utils import DEFAULT_CFG

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lidd_yolo.losses.distillation import Level, TeacherOutput
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.training.trainers import LIDDTrainer, WLNetTrainer


class OneOfTwo:
    """What a trainer lacks to be one of two processes; named before the trainer."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.world_size = 2

    def optimizer_step(self):
        """Keep the gradients of the last step."""
        gradients = [p.grad.flatten() for p in self.model.parameters() if p.grad is not None]
        self.last_gradients = torch.cat(gradients).clone()
        super().optimizer_step()

    def _setup_ddp(self):
        """The process group exists already."""

    def final_eval(self):
        """Left out: Ultralytics validates at the end on a CUDA device when there are several processes."""


class LIDD(OneOfTwo, LIDDTrainer):
    """LIDD-Net's trainer in two processes."""


class WLNet(OneOfTwo, WLNetTrainer):
    """WLNet's trainer in two processes."""


def gradients(model, batch, world_size):
    """Return all gradients of one batch, as the trainer computes them."""
    model.zero_grad()
    loss, _ = model(batch)
    (loss.sum() * world_size).backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def make_model():
    torch.manual_seed(0)
    model = LIDDModel("lidd.yaml", verbose=False).train()
    model.args = SimpleNamespace(**{**vars(DEFAULT_CFG), "dis": 1.0})  # which the oldest releases do not know
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()  # batch statistics are each process's own, with one process or two
    return model


def make_batch(images, first):
    """Images from number ``first`` on, with as many boxes in an image as its number plus one."""
    torch.manual_seed(1)
    picture = torch.rand(4, 3, 64, 64)
    boxes = torch.cat((torch.rand(10, 2) * 0.4 + 0.3, torch.rand(10, 2) * 0.3 + 0.2), 1)
    owner = torch.tensor([0, 1, 1, 2, 2, 2, 3, 3, 3, 3])
    mine = (owner >= first) & (owner < first + images)
    said = torch.rand(4, 16, 6), torch.arange(6), torch.rand(4, 16, 4, 8).softmax(-1)
    points = torch.tensor([(x + 8.0, y + 8.0) for y in range(0, 64, 16) for x in range(0, 64, 16)])
    scores, classes, sides = said[0][first : first + images], said[1], said[2][first : first + images]
    distances = torch.arange(8.0).expand_as(sides)
    return {
        "teacher": TeacherOutput(scores, classes, sides, distances, points, (Level(16, 4, 4),)),
        "img": picture[first : first + images],
        "batch_idx": (owner[mine] - first).float(),
        "cls": (torch.arange(10) % 6).float().view(-1, 1)[mine],
        "bboxes": boxes[mine],
    }


def main(data, folder):
    """Compare LIDD-Net's gradients with one process's, then train both networks through Ultralytics' loop."""
    alone = gradients(make_model(), make_batch(4, 0), 1)
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    together = gradients(DistributedDataParallel(make_model(), find_unused_parameters=True), make_batch(2, 2 * rank), 2)
    torch.save((alone, together), Path(folder) / f"gradients{rank}.pt")

    torch.nn.parallel.DistributedDataParallel = on_cpu
    trainings = [("LIDD", LIDD, "lidd.yaml", {}), ("WLNet", WLNet, "wlnetn.yaml", {})]
    if (teacher := Path(folder) / "teacher.pt").is_file():
        trainings.append(("Taught", LIDD, "lidd.yaml", {"distill_model": str(teacher)}))
    for name, trainer_class, model, more in trainings:
        overrides = {"model": model, "data": data, "epochs": 1, "imgsz": 64, "batch": 4, "nbs": 4, "device": "cpu"}
        trainer = trainer_class(
            overrides={
                **overrides,
                **more,
                "plots": False,
                "project": folder,
                "name": name,
                "exist_ok": True,
                "workers": 0,
            }
        )
        trainer.train()
        torch.save(dict(trainer.model.module.named_parameters()), Path(folder) / f"{name}{rank}.pt")
        torch.save(trainer.last_gradients, Path(folder) / f"{name}{rank}-gradients.pt")
        if more:
            said = trainer.teacher(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))).scores
            torch.save((said, trainer.tloss), Path(folder) / f"{name}{rank}-teacher.pt")
    distributed.destroy_process_group()


def on_cpu(model, **kwargs):
    """Wrap a model without the CUDA device that Ultralytics names."""
    kwargs.pop("device_ids")
    return DistributedDataParallel(model, **kwargs)


if __name__ == "__main__":
    main(*sys.argv[1:])
