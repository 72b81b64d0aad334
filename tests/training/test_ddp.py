"""Data-parallel training: two gloo processes on the CPU through Ultralytics' own loop."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ultralytics.utils import DEFAULT_CFG_DICT

from lidd_yolo.data.demo.defects import CLASSES
from lidd_yolo.models.lidd import LIDDModel
from tests.helpers.generated import generated_data
from tests.helpers.teachers import write_teacher

WORKER = Path(__file__).parents[1] / "helpers" / "two_processes.py"


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ddp")
    data = generated_data(folder)
    if "distill_model" in DEFAULT_CFG_DICT:
        write_teacher(folder / "teacher.pt", "yolov8n.yaml", CLASSES)
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(data), str(folder)],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    outputs = [p.communicate(timeout=400)[0] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], "\n".join(o[-3000:] for o in outputs)
    return folder


@pytest.mark.slow
class TestTwoProcesses:
    def test_gradients__as_one_process_with_the_whole_batch(self, folder):
        for rank in (0, 1):
            alone, together = torch.load(folder / f"gradients{rank}.pt")
            assert alone.abs().max() > 0.01
            torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-5 * float(alone.abs().max()))

    @pytest.mark.parametrize("network", ["LIDD", "WLNet"])
    def test_train__both_end_with_the_same_weights(self, folder, network):
        first, second = (torch.load(folder / f"{network}{rank}.pt") for rank in (0, 1))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[k], second[k]) for k in first)

    @pytest.mark.skipif("distill_model" not in DEFAULT_CFG_DICT, reason="a release that cannot distil")
    def test_train__teacher_in_both_and_in_no_checkpoint(self, folder):
        (one, loss), (other, _) = (torch.load(folder / f"Taught{rank}-teacher.pt") for rank in (0, 1))
        assert one.std() > 0
        assert torch.equal(one, other)
        assert (loss["dis_loss"] if isinstance(loss, dict) else loss[-1]) > 0
        for part in (".pt", "-gradients.pt"):
            first, second = (torch.load(folder / f"Taught{rank}{part}") for rank in (0, 1))
            plain = torch.load(folder / f"LIDD0{part}")
            if part == ".pt":
                assert first.keys() == second.keys() == plain.keys()
                first, second, plain = (
                    torch.cat([v.flatten() for v in one.values()]) for one in (first, second, plain)
                )
            assert torch.equal(first, second)
            assert not torch.equal(first, plain)  # the teacher has changed something
        last = torch.load(folder / "Taught" / "weights" / "last.pt", weights_only=False)
        assert last["ema"].state_dict().keys() == LIDDModel("lidd.yaml", nc=6, verbose=False).state_dict().keys()
        assert b"eacher" not in (folder / "Taught" / "weights" / "last.pt").read_bytes().replace(b"teacher.pt", b"")

    def test_train__one_checkpoint(self, folder):
        last = torch.load(folder / "LIDD" / "weights" / "last.pt", weights_only=False)
        assert last["epoch"] == 0
        assert last["ema"].head.latm is not None

    def test_train__constant_of_the_whole_training_part(self, folder):
        last = torch.load(folder / "WLNet" / "weights" / "last.pt", weights_only=False)
        lines = [f.read_text().splitlines() for f in sorted((folder / "data/labels/train").glob("*.txt"))]
        outlines = [np.array(line.split()[1:], float).reshape(-1, 2) for part in lines for line in part]
        sizes = [np.sqrt(np.prod(np.ptp(outline, axis=0))) for outline in outlines]  # pictures are square
        assert last["ema"].nwd.measured == pytest.approx(np.mean(sizes), rel=1e-4)
