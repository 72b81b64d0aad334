"""The second opinion, on cases that can be computed by hand."""

import numpy as np
import pytest

from lidd_yolo.optional import load_extra
from lidd_yolo.results.coco_figures import COCO, coco_figures, run_lengths
from tests.helpers.picture_results import picture

LABEL = (0, (10, 10, 50, 60))  # 40 x 50


def mask(l, t, r, b):  # noqa: E741
    filled = np.zeros((1, 100, 100), dtype=np.uint8)
    filled[0, t:b, l:r] = 1
    return run_lengths(filled)


class TestRunLengths:
    def test_run_lengths__give_the_masks_back(self):
        masks = np.random.default_rng(0).integers(0, 2, (3, 7, 11), dtype=np.uint8)
        decoded = load_extra(COCO).mask.decode(list(run_lengths(masks)))
        assert (decoded.transpose(2, 0, 1) == masks).all()

    def test_run_lengths__of_no_mask(self):
        assert run_lengths(np.zeros((0, 7, 11), dtype=np.uint8)) == ()


class TestCocoFigures:
    def test_coco_figures__exact_box(self):
        figures = coco_figures([picture(truth=[LABEL], found=[(0, 0.9, LABEL[1])])])
        assert figures == {"map50": pytest.approx(1), "map": pytest.approx(1)}

    def test_coco_figures__overlap_of_62_per_cent(self):
        """The detection is 62 % of the label: correct at 0.50, 0.55 and 0.60, so at 3 of 10 overlaps."""
        figures = coco_figures([picture(truth=[LABEL], found=[(0, 0.9, (10, 10, 50, 41))])])
        assert figures == {"map50": pytest.approx(1), "map": pytest.approx(0.3)}

    def test_coco_figures__found_where_nothing_is(self):
        """A surer detection on a picture without labels: precision one half at every recall."""
        results = [picture(truth=[LABEL], found=[(0, 0.5, LABEL[1])]), picture("b.png", found=[(0, 0.9, (0, 0, 9, 9))])]
        assert coco_figures(results)["map50"] == pytest.approx(0.5)

    def test_coco_figures__mean_over_classes(self):
        """Class 0 is found, class 2 is called class 1."""
        results = [
            picture(truth=[LABEL, (2, (60, 60, 90, 90))], found=[(0, 0.9, LABEL[1]), (1, 0.8, (60, 60, 90, 90))])
        ]
        assert coco_figures(results)["map50"] == pytest.approx(0.5)

    def test_coco_figures__nothing_found(self):
        assert coco_figures([picture(truth=[LABEL])]) == {"map50": 0, "map": 0}

    def test_coco_figures__masks_are_drawn_with_their_border(self):
        """Corners 10, 10, 50, 60 fill 41 x 51 pixels; a mask of 41 x 40 of them overlaps by 40/51: 0.50 to 0.75."""
        parts = {"correct": np.zeros((1, 10), dtype=bool), "mask_correct": np.zeros((1, 10), dtype=bool)}
        results = [picture(truth=[LABEL], found=[(0, 0.9, LABEL[1])], found_masks=mask(10, 10, 51, 50), **parts)]
        figures = coco_figures(results)
        assert figures["map"] == pytest.approx(1)
        assert figures["mask_map50"] == pytest.approx(1)
        assert figures["mask_map"] == pytest.approx(0.6)
