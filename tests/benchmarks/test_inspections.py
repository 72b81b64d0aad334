"""Entries of the ledger from inspections."""

import json

import numpy as np
import pytest
from PIL import Image

from benchmarks import inspections
from lidd_yolo.inspection.pictures import InspectedPicture, gather
from lidd_yolo.inspection.validated import ValidatedPart


def _part(tmp_path, confidence):
    """Ten pictures of 200 px, each with a defect of 6 px and one of 40 px; the second is found, the first in half."""
    pictures = []
    for number in range(10):
        file = tmp_path / f"{number}.png"
        Image.new("L", (200, 100)).save(file)
        truth = np.array([[10, 10, 16, 30], [50, 50, 90, 90]])
        found = np.array([[50, 50, 90, 90], [150, 10, 170, 30], [10, 10, 16, 30]])[: 3 if number % 2 else 2]
        scores = np.array([0.9, confidence + number / 100, 0.8])[: len(found)]
        classes = np.zeros(3, dtype=int)
        pictures.append(InspectedPicture(str(file), classes[:2], truth, classes[: len(found)], scores, found))
    return ValidatedPart("test", gather(pictures, ["pit"]), pictures, 100, stated=False)


def test_threshold__so_many_false_alarms_a_picture(tmp_path):
    part = _part(tmp_path, 0.3)
    threshold = inspections._threshold(part.inspected)
    wrong = part.inspected.confidence[part.inspected.found_truth < 0]
    assert (wrong > threshold).sum() == 5  # half a false alarm for each of ten pictures


def test_bins__in_pixels_of_the_input(tmp_path):
    small, middle, large, huge, together = inspections._bins(_part(tmp_path, 0.3), 0.345)
    assert small == {"from_px": 0.0, "below_px": 4.0, "defects": 10, "found": 5}  # 6 px of 200 are 3 of 100
    assert (middle["defects"], large["defects"]) == (0, 0)
    assert huge == {"from_px": 16.0, "defects": 10, "found": 10}
    assert together == {"defects": 20, "found": 15, "false_alarms": 5}


def test_page__into_the_ledger(tmp_path, capsys):
    stated = dict.fromkeys(
        ("criterion", "match", "imgsz", "thresholds", "data_sha256", "weights_sha256", "sentences", "kept"), "x"
    )
    stated |= {
        "data": "/somewhere/plates.yaml",
        "test": {"a": 1},
        "recall_promises": [],
        "probability_of_detection": {},
    }
    file = tmp_path / "inspection.json"
    file.write_text(json.dumps(stated))
    assert inspections.main(["--ledger", str(tmp_path / "ledger"), "page", str(file), "plates", "--run", "a-run"]) == 0
    written = tmp_path / "ledger/inspections/inspection-plates.json"
    assert capsys.readouterr().out == f"{written}\n"
    made = json.loads(written.read_text())
    assert (made["data"], made["run"], made["results"]["test"]) == ("plates", "a-run", {"a": 1})


def test_page__not_there(tmp_path, capsys):
    with pytest.raises(SystemExit):
        inspections.main(["page"])
    assert inspections.main(["--ledger", str(tmp_path), "page", str(tmp_path / "none.json"), "x"]) == 2
    assert "none.json" in capsys.readouterr().err
