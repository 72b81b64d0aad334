"""Times of whole folders of pictures."""

import pytest
import torch
from ultralytics import YOLO

from lidd_yolo.bench import predict as predict_time
from lidd_yolo.bench.predict import measure_predictions
from lidd_yolo.data.demo.synthetic import generate
from tests.helpers.checkpoints import write_lidd


class TestMeasurePredictions:
    @pytest.mark.trains
    def test_figures__of_a_network_beside_another(self, tmp_path, monkeypatch):
        """Six pictures in three turns and two to warm up, of which the first two count twice for the detections."""
        weights = write_lidd(tmp_path / "best.pt")
        started = []

        def alone(module, words):
            started.append((module, words[0].name, len(list(words[1].iterdir())), words[2]))
            return {"first_at": predict_time.time.time() + 1, "imported_mib": 300.0, "peak_mib": 350.5}

        monkeypatch.setattr(predict_time, "measured_alone", alone)
        threads, said = torch.get_num_threads(), []
        names = ["yolov8n.yaml", str(weights)]
        found = measure_predictions(names, imgsz=64, pictures=6, chunk=2, starts=1, side=64, say=said.append)
        assert torch.get_num_threads() == threads
        stock, ours = (found["results"][name] for name in names)
        assert stock["ratio"] == 1
        assert ours["pictures_per_s"] == pytest.approx(2 / ours["median_s"], abs=0.01)
        assert (ours["peak_mib"], ours["grown_mib"]) == (350.5, 50.5)
        assert 1 <= ours["start"]["median_s"] < 2
        assert started == [("lidd_yolo.bench.first_prediction", name, 2, 64) for name in ("yolov8n.pt", "best.pt")] * 2
        drawn = generate(tmp_path / "drawn", counts={"test": 6}, size=64) / "images" / "test"
        files = sorted(drawn.iterdir())
        made = sum(len(YOLO(weights).predict(file, imgsz=64, verbose=False)[0]) for file in [*files[:2], *files])
        assert ours["detections"] == round(made / 8, 2) > 0

    def test_pictures__no_multiple(self):
        with pytest.raises(ValueError, match="multiple of --chunk, got 5 and 2"):
            measure_predictions(["lidd.yaml"], imgsz=64, pictures=5, chunk=2, starts=1, say=print)
