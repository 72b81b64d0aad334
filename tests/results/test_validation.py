"""What a validation found, beside an independent look at the same pictures."""

from itertools import count
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
import yaml
from ultralytics import YOLO

from lidd_yolo.optional import load_extra
from lidd_yolo.results.coco_figures import COCO
from lidd_yolo.results.validation import _Recorder, validate

DARK, BRIGHT = (20, 10, 60, 40), (70, 16, 120, 60)  # pixels of a picture of 128 x 64
SETTINGS = {"split": "val", "imgsz": 64, "device": "cpu"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three wide pictures: a dark and a bright rectangle, a bright one alone, and one without either."""
    folder = tmp_path_factory.mktemp("wide")
    for part in ("images", "labels"):
        (folder / part / "val").mkdir(parents=True)
    rows = [[(0, DARK), (1, BRIGHT)], [(1, BRIGHT)], []]
    for number, row in enumerate(rows):
        picture = np.random.default_rng(number).integers(100, 150, (64, 128, 3), dtype=np.uint8)
        lines = []
        for c, (x1, y1, x2, y2) in row:
            picture[y1:y2, x1:x2] = (20, 235)[c]
            corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
            lines.append(" ".join([str(c), *(f"{x / 128} {y / 64}" for x, y in corners)]))
        cv2.imwrite(str(folder / "images" / "val" / f"{number}.png"), picture)
        (folder / "labels" / "val" / f"{number}.txt").write_text("\n".join(lines))
    file = folder / "data.yaml"
    names = {0: "dark", 1: "bright"}
    file.write_text(yaml.safe_dump({"path": str(folder), "train": "images/val", "val": "images/val", "names": names}))
    return str(file)


@pytest.fixture(scope="module")
def weights(finished_run):
    return finished_run / "weights" / "best.pt"


@pytest.fixture(scope="module")
def observed(weights, data):
    return validate(weights, data, **SETTINGS)


def overlaps(boxes, other):
    """Return the intersection over union of boxes with one, in plain numpy."""
    sides = np.minimum(boxes[:, 2:], other[2:]) - np.maximum(boxes[:, :2], other[:2])
    shared = np.clip(sides, 0, None).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return shared / (areas + (other[2:] - other[:2]).prod() - shared)


class TestValidate:
    def test_validate__leaves_the_figures_alone(self, observed, weights, data, tmp_path):
        alone = YOLO(weights).val(data=data, **SETTINGS, plots=False, project=str(tmp_path))
        for ours, theirs in ((observed[0].box, alone.box), (observed[0].seg, alone.seg)):
            assert ours.map == theirs.map > 0
            assert (ours.all_ap == theirs.all_ap).all()

    def test_validate__nms_given_up__no_figure(self, weights, data, monkeypatch):
        """On a machine so slow that a hundred seconds pass between any two looks at the clock."""
        nms = pytest.importorskip("ultralytics.utils.nms", reason="older releases have it elsewhere")
        monkeypatch.setattr(nms, "time", SimpleNamespace(time=count(step=100).__next__))
        with pytest.raises(TimeoutError, match="gave up NMS"):
            validate(weights, data, **SETTINGS)

    def test_validate__labels_in_pixels_of_the_input(self, observed):
        """128 x 64 becomes 64 x 32 in the middle of 96 x 64: half as large, 16 to the right and 16 down."""
        first, second, third = observed[1]
        assert [picture.name for picture in observed[1]] == ["0.png", "1.png", "2.png"]
        assert [picture.file.name for picture in observed[1] if picture.file.is_file()] == ["0.png", "1.png", "2.png"]
        assert first.shape == (64, 96)
        assert first.truth_class.tolist() == [0, 1]
        assert first.truth_boxes == pytest.approx(np.array([[26, 21, 46, 36], [51, 24, 76, 46]]))
        assert first.truth_rings[0] == pytest.approx(np.array([[26, 21], [46, 21], [46, 36], [26, 36]]))
        assert second.truth_class.tolist() == [1]
        assert third.truth_boxes.shape == (0, 4)
        assert third.truth_rings == ()

    def test_validate__what_is_correct_overlaps(self, observed):
        """At every overlap a label has one correct detection if any of its class overlaps that much, else none."""
        checked = 0
        for picture in observed[1]:
            for level in range(10):
                correct = picture.correct[:, level]
                for c, box in zip(picture.truth_class, picture.truth_boxes, strict=True):
                    own = picture.found_class == c
                    enough = own & (overlaps(picture.found_boxes, box) >= 0.5 + 0.05 * level)
                    assert correct[own].sum() == enough.any()
                    assert not (correct & own & ~enough).any()
                    checked += enough.any()
                assert not correct[~np.isin(picture.found_class, picture.truth_class)].any()
        assert checked >= 8

    def test_validate__masks_belong_to_their_boxes(self, observed):
        """What is correct by its mask covers the label in the resolution of the input too, but for its border."""
        decode, checked = load_extra(COCO).mask.decode, 0
        for picture in observed[1]:
            masks = decode(list(picture.found_masks)).transpose(2, 0, 1)
            assert masks.shape == (len(picture.confidence), *picture.shape)
            for index in np.flatnonzero(picture.mask_correct[:, 0]):
                label = picture.truth_class.tolist().index(picture.found_class[index])
                drawn = cv2.fillPoly(np.zeros(picture.shape, np.uint8), [picture.truth_rings[label].astype(int)], 1)
                assert (masks[index] & drawn).sum() / (masks[index] | drawn).sum() > 0.4
                checked += 1
        assert checked >= 2

    def test_validate__at_most_100_detections(self, observed):
        assert max(len(picture.confidence) for picture in observed[1]) <= 100


class TestRecorder:
    def test_recorder__tensors_and_skipped_pictures(self):
        """Releases before 8.3.150 hand over tensors, keep rows themselves and have none for a picture with neither."""
        label = {"cls": np.zeros((0, 1)), "bboxes": np.zeros((0, 4)), "segments": []}
        labels = [{**label, "im_file": f"x/{number}.png"} for number in range(3)]
        labels[2] |= {"cls": np.ones((1, 1)), "bboxes": np.array([[0.5, 0.5, 0.5, 0.25]])}
        preds = [torch.zeros(0, 6), torch.tensor([[1.0, 2, 3, 4, 0.5, 1]]), torch.zeros(0, 6)]
        stats = {"conf": [], "pred_cls": [], "tp": []}
        validator = SimpleNamespace(
            args=SimpleNamespace(task="detect", imgsz=64),
            dataloader=SimpleNamespace(dataset=SimpleNamespace(labels=labels)),
            metrics=object(),
            stats=stats,
        )

        def update(preds, _):
            for pred in preds[1:]:
                stats["conf"].append(pred[:, 4])
                stats["pred_cls"].append(pred[:, 5])
                stats["tp"].append(torch.ones(len(pred), 10, dtype=torch.bool))

        validator.update_metrics = update
        recorder = _Recorder(lambda: False, lambda picture: picture)
        recorder.attach(validator)
        recorder.attach(validator)
        frame = {
            "ratio_pad": [((0.5, 0.5), (4, 8))] * 3,
            "ori_shape": [(64, 128)] * 3,
            "img": torch.zeros(3, 3, 48, 72),
        }
        validator.update_metrics(preds, {**frame, "im_file": [label["im_file"] for label in labels]})
        assert [name for name, _ in recorder.results] == ["0.png", "1.png", "2.png"]
        results = [picture for _, picture in recorder.results]
        assert [len(picture.confidence) for picture in results] == [0, 1, 0]
        assert results[1].found_boxes.tolist() == [[1, 2, 3, 4]]
        assert results[1].correct.all()
        assert results[1].found_masks is None
        assert results[2].truth_boxes.tolist() == [[20, 20, 52, 28]]
