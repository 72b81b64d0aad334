"""Pictures and names that are there twice."""

from pathlib import Path

from lidd_yolo.data.checks.across import repeated_names, repeated_pictures
from lidd_yolo.data.checks.pairs import Pair, PairFacts


def _picture(split, name, digest):
    return PairFacts(Pair(split, Path(split) / name, None), (9, 9), digest, 0, True, (), ())


class TestRepeatedPictures:
    def test_in_two_splits(self):
        facts = [_picture("train", "a", b"1"), _picture("train", "b", b"2"), _picture("val", "c", b"1")]
        [found] = repeated_pictures(facts)
        assert (found.kind, found.file) == ("in-two-splits", Path("val/c"))
        assert found.reason == f"in val, the same picture as {Path('train/a')} in train"

    def test_twice_in_one(self):
        [found] = repeated_pictures([_picture("train", "a", b"1"), _picture("train", "b", b"1")])
        assert (found.kind, found.file) == ("twice-in-split", Path("train/b"))

    def test_unread_pictures__are_not_equal(self):
        assert list(repeated_pictures([_picture("train", "a", b""), _picture("val", "b", b"")])) == []


class TestRepeatedNames:
    def test_one_finding_for_two_folders(self):
        facts = [_picture(s, n, f"{s}{n}".encode()) for s in ("x", "y") for n in ("1.jpg", "2.jpg")]
        [found] = repeated_names([*facts, _picture("y", "3.jpg", b"3")], Path("r"))
        assert (found.kind, found.file) == ("name-in-two-splits", Path("r/x"))
        assert found.reason == "2 file names, 1.jpg for one, stand for other pictures in y"

    def test_same_picture__is_no_clash(self):
        assert list(repeated_names([_picture("x", "1", b"1"), _picture("y", "1", b"1")], Path())) == []
