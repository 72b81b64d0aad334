"""The process that runs an ncnn file: its outputs, and what is said when it fails or crashes."""

import subprocess

import numpy as np
import pytest

from lidd_yolo.export import ncnn_runtime
from lidd_yolo.export.ncnn_runtime import run_ncnn

DOUBLE = "7767517\n2 2\nInput in0 0 1 in0\nBinaryOp twice 1 1 in0 out0 0=2 1=1 2=2.0\n"


@pytest.fixture
def folder(tmp_path):
    """An ncnn graph that doubles its input."""
    (tmp_path / "model.ncnn.param").write_text(DOUBLE)
    (tmp_path / "model.ncnn.bin").write_bytes(b"")
    return tmp_path


class TestRunNcnn:
    def test_outputs__picture_by_picture(self, folder):
        pytest.importorskip("ncnn", reason="export needs the extra lidd-yolo[export]")
        batch = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
        (output,) = run_ncnn(folder, batch, threads=1)
        np.testing.assert_array_equal(output, 2 * batch)

    def test_unknown_operator__said(self, folder):
        pytest.importorskip("ncnn", reason="export needs the extra lidd-yolo[export]")
        (folder / "model.ncnn.param").write_text(DOUBLE.replace("BinaryOp", "torch.lt"))
        with pytest.raises(
            RuntimeError, match=r"ncnn failed: RuntimeError: model.ncnn.param holds what ncnn cannot run"
        ):
            run_ncnn(folder, np.zeros((1, 3, 2, 2), np.float32), threads=1)

    def test_crash__told_by_its_signal(self, folder, monkeypatch):
        def crash(command, **_):
            return subprocess.CompletedProcess(command, -11, "", "")

        monkeypatch.setattr(ncnn_runtime.subprocess, "run", crash)
        with pytest.raises(RuntimeError, match=r"ncnn crashed \(signal 11\)"):
            run_ncnn(folder, np.zeros((1, 3, 2, 2), np.float32), threads=1)
