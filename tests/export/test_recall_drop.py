"""Loss of recall of each class."""

from math import nan

import pytest

from lidd_yolo.export.int8_check import RECALL_LIMIT, paired_recall, recall_failures


class TestPairedRecall:
    def test_missing__not_found(self):
        assert paired_recall({0: 0.5, 2: 1.0}, {2: 0.75}, ("a", "b", "c")) == {"a": (0.5, 0.0), "c": (1.0, 0.75)}


class TestRecallFailures:
    @pytest.mark.parametrize("pair", [(0.5, 0.5), (0.5, 0.9), (0.8, 0.79), (0.0, 0.0)])
    def test_within__nothing(self, pair):
        assert list(recall_failures({"a": pair}, "", RECALL_LIMIT)) == []

    def test_more__each_class_named(self):
        recall = {"a": (0.8, 0.7889), "b": (0.5, 0.5), "c": (0.5, nan)}
        assert list(recall_failures(recall, " by masks", 0.01)) == [
            "recall of a by masks falls from 0.800 to 0.789, limit 0.01",
            "recall of c by masks falls from 0.500 to nan, limit 0.01",
        ]
