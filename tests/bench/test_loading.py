"""How long a training waits for its pictures, clocked in the stock trainer and with a clock of our own."""

from types import SimpleNamespace

import pytest
import torch
from ultralytics.utils import NUM_THREADS

from lidd_yolo.bench import loading as loading_time
from lidd_yolo.bench.loading import measure_loading
from tests.helpers.generated import generated_data


@pytest.fixture
def slow_pictures(monkeypatch):
    """Make reading one picture take so many seconds."""
    from ultralytics.data.dataset import YOLODataset  # noqa: PLC0415

    read = YOLODataset.__getitem__

    def slow_down(seconds):
        def slowly(self, index):
            loading_time.time.sleep(seconds)
            return read(self, index)

        monkeypatch.setattr(YOLODataset, "__getitem__", slowly)

    return slow_down


class TestMeasureLoading:
    @pytest.mark.trains
    def test_waiting__grows_with_the_time_of_a_picture(self, tmp_path, slow_pictures):
        data, said = str(generated_data(tmp_path)), []
        words = {"imgsz": 64, "batch": 4, "steps": 2, "workers": 8, "say": said.append}
        threads = torch.get_num_threads()
        quick = measure_loading(["yolov8n.yaml", "lidd.yaml"], data, **words)
        assert torch.get_num_threads() == threads
        assert said == ["training yolov8n.yaml for 4 steps", "training lidd.yaml for 4 steps"]
        slow_pictures(0.5)
        slow = measure_loading(["lidd.yaml"], data, **words)["results"]["lidd.yaml"]
        assert slow["wait_s"] >= 4 * 0.5  # four pictures, one after the other
        assert 0 < quick["results"]["lidd.yaml"]["waiting"] < slow["waiting"] < 1
        assert quick["results"]["yolov8n.yaml"]["step_s"] > 0

    def test_setting__what_ultralytics_made_of_it(self, tmp_path):
        """On a CPU there are no loader processes, however many are asked for, and as many threads as it likes."""
        data = str(generated_data(tmp_path))
        found = measure_loading(["lidd.yaml"], data, imgsz=64, batch=4, steps=1, workers=2, say=lambda _: None)
        assert (found["results"]["lidd.yaml"]["workers"], found["threads"]) == (0, NUM_THREADS)

    @pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch": 0}, {"imgsz": 0}, {"workers": -1}])
    def test_numbers__too_small(self, wrong):
        numbers = {"steps": 5, "batch": 4, "imgsz": 64, "workers": 0, **wrong}
        with pytest.raises(ValueError, match=f"got {numbers['steps']}, {numbers['batch']}, {numbers['imgsz']} and"):
            measure_loading(["lidd.yaml"], "no.yaml", **numbers, say=lambda _: None)


class TestClock:
    def test_figures__waits_and_steps_apart(self, monkeypatch):
        """Two steps warm up; then waits of 1 and 3 s and steps of 4 and 8 s: a quarter of the time is waiting."""
        times = iter([0, 9, 18, 27, 36, 37, 41, 44, 52])
        monkeypatch.setattr(loading_time.time, "perf_counter", lambda: next(times))
        clock = loading_time._Clock(4)
        trainer = SimpleNamespace(device=torch.device("cpu"))
        clock.begin(trainer)
        for _ in range(3):
            clock.arrived(trainer)
            clock.worked(trainer)
        clock.arrived(trainer)
        with pytest.raises(loading_time._EnoughError):
            clock.worked(trainer)
        assert clock.figures() == {"step_s": 6, "wait_s": 2, "waiting": 0.25}
