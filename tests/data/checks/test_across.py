"""Classes that train lacks, that nobody uses, and that names announce wrongly."""

from pathlib import Path

from lidd_yolo.data.checks.across import unannounced_classes, untrained_classes
from lidd_yolo.data.checks.pairs import Marked, Pair, PairFacts

YAML = Path("data.yaml")


def _picture(split, stem, *classes):
    objects = tuple(Marked(f"line {k}", name, 9, 9, False) for k, name in enumerate(classes, start=1))
    pair = Pair(split, Path(f"{stem}.jpg") if stem else None, Path(f"{stem}.txt"))
    return PairFacts(pair, (99, 99), stem.encode(), 0, True, objects, ())


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
