"""What shows only across files: classes, repeated pictures, figures."""

from pathlib import Path

import pytest

from lidd_yolo.data.checks.across import (
    repeated_names,
    repeated_pictures,
    set_figures,
    suggested_size,
    unannounced_classes,
    untrained_classes,
)
from lidd_yolo.data.checks.pairs import Pair
from lidd_yolo.data.labels.annotation import Box, DefectObject, Place

YAML = Path("data.yaml")


def _picture(split, stem, *classes):
    objects = tuple(DefectObject(c, Box(0, 0, 9, 9), place=Place("line", k)) for k, c in enumerate(classes, start=1))
    return Pair(split, Path(f"{stem}.jpg") if stem else None, Path(f"{stem}.txt"), usable=True, objects=objects)


class TestUntrainedClasses:
    def test_each_kind(self):
        facts = [_picture("train", "1", "a"), _picture("val", "2", "a", "b"), _picture("", "", "c")]
        found = [(f.kind, f.where, f.reason) for f in untrained_classes(facts, ("a", "b", "c"), YAML)]
        assert found == [
            ("class-untrained", "class 1", "'b' is in val, but not in train"),
            ("class-unused", "class 2", "no object is a 'c'"),
        ]

    def test_no_train_split__nothing_untrained(self):
        assert list(untrained_classes([_picture("val", "1", "a")], ("a",), YAML)) == []

    def test_no_object_at_all__left_to_other_findings(self):
        assert list(untrained_classes([_picture("train", "1")], ("a",), YAML)) == []


class TestUnannouncedClasses:
    def test_one_of_many(self):
        facts = [_picture("train", f"pit_{k}", "pit") for k in range(10)]
        facts += [_picture("train", f"pitted-{k}", "pitted") for k in range(10)]
        facts += [_picture("train", "pit_x", "pit", "pitted")]
        [found] = unannounced_classes(facts)
        assert (found.file, found.where) == (Path("pit_x.txt"), "line 2")
        assert found.reason == "'pitted', but the file's name begins with 'pit'"

    def test_names_without_classes__silent(self):
        facts = [_picture("train", f"{k}", "pit", "crack") for k in range(9)] + [_picture("train", "pit_1", "crack")]
        assert list(unannounced_classes(facts)) == []

    def test_longer_word__is_another(self):
        facts = [_picture("train", f"pitfall{k}", "pit", "crack") for k in range(9)]
        assert list(unannounced_classes(facts)) == []


def _bytes(split, name, digest):
    return Pair(split, Path(split) / name, None, (9, 9), digest, usable=True)


class TestRepeatedPictures:
    def test_in_two_splits(self):
        facts = [_bytes("train", "a", b"1"), _bytes("train", "b", b"2"), _bytes("val", "c", b"1")]
        [found] = repeated_pictures(facts)
        assert (found.kind, found.file) == ("in-two-splits", Path("val/c"))
        assert found.reason == f"in val, the same picture as {Path('train/a')} in train"

    def test_twice_in_one(self):
        [found] = repeated_pictures([_bytes("train", "a", b"1"), _bytes("train", "b", b"1")])
        assert (found.kind, found.file) == ("twice-in-split", Path("train/b"))

    def test_unread_pictures__are_not_equal(self):
        assert list(repeated_pictures([_bytes("train", "a", b""), _bytes("val", "b", b"")])) == []


class TestRepeatedNames:
    def test_one_finding_for_two_folders(self):
        facts = [_bytes(s, n, f"{s}{n}".encode()) for s in ("x", "y") for n in ("1.jpg", "2.jpg")]
        [found] = repeated_names([*facts, _bytes("y", "3.jpg", b"3")], Path("r"))
        assert (found.kind, found.file) == ("name-in-two-splits", Path("r/x"))
        assert found.reason == "2 file names, 1.jpg for one, stand for other pictures in y"

    def test_same_picture__is_no_clash(self):
        assert list(repeated_names([_bytes("x", "1", b"1"), _bytes("y", "1", b"1")], Path())) == []


def _sized(split, size, *boxes, usable=True):
    objects = tuple(DefectObject(name, Box(0, 0, w, h), difficult=name == "b") for name, w, h in boxes)
    return Pair(split, Path("p.jpg"), None, size, usable=usable, objects=objects)


class TestSetFigures:
    def test_by_hand(self):
        facts = [
            _sized("train", (1000, 500), ("a", 10, 10), ("b", 100, 100)),
            _sized("train", (1000, 500)),
            _sized("val", (800, 500), ("a", 20, 200)),
        ]
        figures = set_figures(facts, ("a", "b", "c"))
        boxes = figures.pop("boxes")
        assert figures == {
            "pictures": {"train": 2, "val": 1},
            "without_objects": {"train": 1, "val": 0},
            "objects": {"a": {"train": 1, "val": 1}, "b": {"train": 1, "val": 0}, "c": {"train": 0, "val": 0}},
            "difficult": 1,
            "picture_sizes": {"1000x500": 2, "800x500": 1},
        }
        # areas 100, 10000, 4000; one of three below 32x32, one from 96x96 on, one ten times as long as wide
        assert [boxes[k] for k in ("small_share", "large_share", "elongated_share")] == [0.3333] * 3
        assert boxes["side_quantiles"]["0"] == 10
        assert boxes["side_quantiles"]["0.5"] == 63.2
        # shorter sides 10, 20, 100: 5 % of the way to the middle one's end is 11; 1000 * 8 / 11 = 727
        assert boxes["shorter_side_5_percent"] == 11
        assert boxes["suggested_imgsz"] == 736

    def test_no_class_names__those_that_occur(self):
        figures = set_figures([_sized("x", (9, 9), ("b", 1, 1), ("a", 1, 1))], ())
        assert list(figures["objects"]) == ["a", "b"]

    def test_nothing(self):
        figures = set_figures([], ("a",))
        assert (figures["pictures"], figures["boxes"]) == ({}, {})

    def test_unusable_picture__its_size_does_not_count(self):
        facts = [_sized("x", (60000, 60000), ("a", 30000, 30000), usable=False), _sized("x", (9, 9), ("a", 3, 3))]
        figures = set_figures(facts, ())
        assert figures["picture_sizes"] == {"9x9": 1}
        assert figures["boxes"]["side_quantiles"]["1"] == 3

    def test_unknown_size__counted_without_its_boxes(self):
        figures = set_figures([_sized("x", None, ("a", 0.1, 0.1))], ())
        assert (figures["objects"], figures["boxes"]) == ({"a": {"x": 1}}, {})


class TestSuggestedSize:
    @pytest.mark.parametrize(
        ("longest", "shortest", "size"),
        [
            (1000, 10, 800),  # 1000 * 8 / 10
            (1000, 100, 640),  # 80 would do, but 640 pixels are kept
            (200, 20, 224),  # a small picture keeps its size, in steps of 32
            (4000, 4, 1280),  # 8000 is more than networks are run at
            (640, 0, 1280),
        ],
    )
    def test_by_hand(self, longest, shortest, size):
        assert suggested_size(longest, shortest) == size
