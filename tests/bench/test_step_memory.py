"""Memory of training steps."""

import pytest
import torch

from lidd_yolo.bench.step_memory import main, step_memory


class TestStepMemory:
    def test_memory__grows_with_the_batch(self):
        little, much = (step_memory("yolov8n.yaml", imgsz=64, batch=batch, device="cpu") for batch in (1, 24))
        assert 10 < little < 0.8 * much

    @pytest.fixture(autouse=True)
    def threads(self):
        """Keep torch's number: the function runs in a process of its own otherwise."""
        before = torch.get_num_threads()
        yield
        torch.set_num_threads(before)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_memory__on_a_gpu(self):
        assert main(["lidd.yaml", "off", "64", "2", "cuda:0"])["peak_mib"] > 5

    def test_failure__told(self):
        with pytest.raises(ValueError, match=r"step_memory nothing\.yaml - 64 1 cpu failed"):
            step_memory("nothing.yaml", imgsz=64, batch=1, device="cpu")
