"""The examples run as their first lines say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.generated import generated_data

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(script, *words, folder):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
class TestExamples:
    def test_examples__train_then_export(self, tmp_path):
        data = generated_data(tmp_path)
        project = tmp_path / "runs"
        out = run("01_train.py", "--epochs", 1, "--data", data, "--imgsz", 64, "--project", project, folder=tmp_path)
        assert "mAP50 " in out
        weights = project / "train" / "weights" / "best.pt"
        out = run("02_export_onnx.py", weights, "--imgsz", 64, folder=tmp_path)
        difference = float(out.split("largest difference ")[1].split()[0])
        assert difference <= 1e-4
