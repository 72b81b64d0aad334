"""Time and quality of the search on few photographs."""

from lidd_yolo.bench import data_tools as group_time
from lidd_yolo.bench.data_tools import measure_groups
from lidd_yolo.data.groups.overlap import Overlap


class TestMeasureGroups:
    def test_few_photographs__all_found_and_nothing_else(self):
        [(name, figures)] = measure_groups([30]).items()
        assert name == "30 pictures"
        assert figures["recall"] == figures["precision"] == 1
        assert figures["pairs"] > 10
        assert figures["seconds"] > 0

    def test_wrong_and_missed_pairs__counted(self, monkeypatch):
        # Of ten pictures of two plates one wrong pair is found and one right one.
        found = [Overlap(0, 9, 0, 0, 1, 1), Overlap(0, 1, 0, 0, 1, 1)]
        areas = {(0, 1): 0.3, (2, 3): 0.25, (5, 6): 0.26, (7, 8): 0.5, (1, 2): 0.24}
        monkeypatch.setattr(group_time, "find_overlaps", lambda _: found)
        monkeypatch.setattr(group_time, "shared_areas", lambda _: areas)
        figures = measure_groups([10])["10 pictures"]
        assert (figures["pairs"], figures["recall"], figures["precision"]) == (2, 0.25, 0.5)
