"""Originals and their copies held together by the record of the enlargement."""

import json
import random

import pytest
import yaml

from lidd_yolo.cli.main import main
from lidd_yolo.data.checks.repair import repair_set
from lidd_yolo.data.checks.set_check import check_yolo_set
from lidd_yolo.data.convert import convert
from lidd_yolo.data.enlarge.data_set import describe_enlargement, enlarge
from lidd_yolo.data.groups.families import ENLARGED, carry_record, family_links, read_originals
from lidd_yolo.data.groups.find_groups import find_groups
from lidd_yolo.data.groups.picture_groups import all_pictures
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from tests.helpers.folders import yolo_set

_LABELS = ("0 0.5 0.5 0.25 0.25\n", "1 0.4 0.6 0.3 0.2\n")


def enlarged(folder, count=6, times=3, seed=1, sides=("train",)):
    """An enlarged data set of random pictures; few of the copies are found by their look."""
    labels = {f"{'val' if k % 3 == 2 else 'train'}/p{k}": _LABELS[k % 2] for k in range(count)}
    source = yolo_set(folder / "set", labels)
    enlarge(source, target=folder / "big", times=times, seed=seed, splits=sides)
    return folder / "big" / "data.yaml"


def family(path):
    """Name of the original that a picture's file name states: ``p3-e2.png`` is of ``p3``."""
    return path.stem.rpartition("_")[2].partition("-e")[0]


def lidd_data(*words):
    return main(["data", *(str(word) for word in words)])


def sides_of(file):
    """For every original, the sides on which it or a copy of it is."""
    found = {}
    for side, pictures in read_yolo_set(file).pictures.items():
        for picture in pictures:
            found.setdefault(family(picture), set()).add(side)
    return found


class TestFamilyLinks:
    def test_by_hand__original_to_each_copy(self, tmp_path):
        (tmp_path / ENLARGED).write_text(
            json.dumps({"pictures": {"images/a.png": {"images/a-e1.png": {}, "b.png": {}}}})
        )
        files = [tmp_path / name for name in ("b.png", "images/c.png", "images/a.png", "images/a-e1.png")]
        assert family_links(files) == [(2, 0), (2, 3)]

    def test_original_gone__first_copy_stands_for_it(self, tmp_path):
        (tmp_path / ENLARGED).write_text(json.dumps({"pictures": {"a.png": {"x.png": {}, "y.png": {}, "z.png": {}}}}))
        assert family_links([tmp_path / name for name in ("o.png", "y.png", "z.png", "x.png")]) == [(1, 2), (1, 3)]

    def test_no_record__no_links(self, tmp_path):
        assert family_links([tmp_path / "a.png", tmp_path / "a-e1.png"]) == []

    def test_two_data_sets__families_of_one_name_stay_apart(self, tmp_path):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / ENLARGED).write_text(json.dumps({"pictures": {"a.png": {"a-e1.png": {}}}}))
        files = [tmp_path / name / file for file in ("a.png", "a-e1.png") for name in ("one", "two")]
        assert family_links(files) == [(0, 2), (1, 3)]

    def test_linked_folder__same_family(self, tmp_path):
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / ENLARGED).write_text(json.dumps({"pictures": {"images/a.png": {"images/b.png": {}}}}))
        (tmp_path / "store").mkdir()
        (tmp_path / "set/images").symlink_to(tmp_path / "store")
        (tmp_path / "again").symlink_to(tmp_path / "set")
        assert family_links([tmp_path / "set/images/a.png", tmp_path / "again/images/b.png"]) == [(0, 1)]

    def test_damaged__named(self, tmp_path):
        (tmp_path / ENLARGED).write_text("{")
        with pytest.raises(ValueError, match=r"enlarged\.json is damaged"):
            family_links([tmp_path / "a.png"])


class TestReadOriginals:
    def test_of_each_copy(self, tmp_path):
        copies = {name: [(f"{name[0]}-e1.png", {"angle": 3.0, "dropped": 0})] for name in ("a.png", "b.png")}
        (tmp_path / ENLARGED).write_text(json.dumps(describe_enlargement(2, 0, ("train",), copies)))
        assert read_originals(tmp_path) == {"a-e1.png": "a.png", "b-e1.png": "b.png"}

    def test_none_and_damaged(self, tmp_path):
        assert read_originals(tmp_path) == {}
        for content in ("{", "{}", "[]", '{"pictures": 3}'):
            (tmp_path / ENLARGED).write_text(content)
            with pytest.raises(ValueError, match=r"enlarged\.json is damaged"):
                read_originals(tmp_path)


class TestCarryRecord:
    def test_new_places(self, tmp_path):
        for name in ("old", "new"):
            (tmp_path / name).mkdir()
        old = tmp_path / "old"
        (old / ENLARGED).write_text(json.dumps({"pictures": {"a.png": {"b.png": {"angle": 3.0}, "c.png": {}}}}))
        carry_record(tmp_path / "new", {old / "c.png": "images/val/c.png", old / "a.png": "images/train/1_a.png"})
        assert read_originals(tmp_path / "new") == {"images/val/c.png": "images/train/1_a.png"}

    def test_no_copies__nothing_written(self, tmp_path):
        carry_record(tmp_path, {tmp_path / "a.png": "b.png"})
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("way", ["copied split", "repaired", "converted", "to COCO and back"])
    def test_record_survives(self, tmp_path, way):
        file = enlarged(tmp_path)
        out = tmp_path / "out"
        if way == "copied split":
            lidd_data("split", file, "--copy", "--target", out)
        elif way == "repaired":
            data = read_yolo_set(file)
            done = check_yolo_set(data)
            repair_set(data, done.pairs, done.as_dict(), out)
        elif way == "converted":
            convert(file, out, from_="yolo")
        else:
            convert(file, tmp_path / "coco", from_="yolo", to="coco")
            convert(tmp_path / "coco", out, from_="coco")
        pictures = all_pictures(read_yolo_set(out / "data.yaml"))
        assert len(pictures) == 4 * 3 + 2
        assert all((out / place).is_file() for link in read_originals(out).items() for place in link)
        groups = find_groups(pictures)[0]
        assert groups.sizes() == {1: 2, 3: 4}
        for name, number in zip(groups.names, groups.numbers, strict=True):
            assert family(pictures[name]) == family(pictures[groups.names[groups.numbers.index(number)]])


class TestGroupsAndSplit:
    def test_groups__kind_named(self, tmp_path, capsys):
        file = enlarged(tmp_path)
        assert lidd_data("groups", file, "--out", tmp_path / "out") == 0
        out = capsys.readouterr().out
        assert "14 pictures in 6 groups: 2 pictures alone, the largest group of 3." in out
        assert "8 enlarged." in out
        links = json.loads((tmp_path / "out/groups.json").read_text())["links"]
        first = {"first": "images/train/p0.png", "second": "images/train/p0-e1.png", "kind": "enlarged"}
        assert next(link for link in links if link["kind"] == "enlarged") == first

    def test_record_taken_away__most_copies_are_not_found_by_their_look(self, tmp_path):
        """What the tests here stand on: without the record they would fail."""
        file = enlarged(tmp_path)
        (file.parent / ENLARGED).unlink()
        assert find_groups(all_pictures(read_yolo_set(file)))[0].sizes()[1] > 2 + 8 / 2

    def test_copy_moved_to_val__leak_said(self, tmp_path):
        file = enlarged(tmp_path)
        listed = {"val": ["p0-e1"], "train": ["p0", "p1", "p1-e1"]}
        for side, names in listed.items():
            text = "".join(f"{file.parent}/images/train/{name}.png\n" for name in names)
            (tmp_path / f"{side}.txt").write_text(text)
        mixed = tmp_path / "mixed.yaml"
        mixed.write_text(yaml.safe_dump({**{side: f"{side}.txt" for side in listed}, "names": ["a", "b"]}))
        assert lidd_data("groups", mixed, "--out", tmp_path / "out") == 1
        assert json.loads((tmp_path / "out/groups.json").read_text())["leak"] == {"val": 1.0}

    def test_groups_of_ones_own__copies_stay_with_their_original(self, tmp_path):
        file = enlarged(tmp_path, count=9)
        names = list(all_pictures(read_yolo_set(file)))
        own = tmp_path / "own.json"
        own.write_text(json.dumps({"pictures": {name: number for number, name in enumerate(names)}}))
        lidd_data("split", file, "--groups", own, "--target", tmp_path / "out")
        assert all(len(sides) == 1 for sides in sides_of(tmp_path / "out/data.yaml").values())
        report = json.loads((tmp_path / "out/split.json").read_text())
        assert report["groups"]["sizes"] == {"1": 3, "3": 6}
        assert report["leak"] == {"val": 0.0, "test": 0.0}

    @pytest.mark.parametrize("seed", range(25))
    def test_property__never_on_two_sides(self, tmp_path, seed):
        rng = random.Random(seed)
        count, times = rng.randint(4, 12), rng.randint(2, 5)
        file = enlarged(tmp_path, count, times, seed, rng.choice([("train",), None]))
        for picture in rng.sample(sorted(file.parent.rglob("images/train/*.png")), 2):
            picture.unlink()
        words = ["--ratio", rng.choice(["8:2", "1:1", "5:4"]), "--seed", rng.randint(0, 99)]
        words += rng.choice([[], ["--copy"], ["--folds", 2]])
        assert lidd_data("split", file, *words, "--target", tmp_path / "out") in (0, 1)
        for made in (tmp_path / "out").glob("*.yaml"):
            sides = sides_of(made)
            assert all(len(of_one) == 1 for of_one in sides.values())
            assert set.union(*sides.values()) == {"train", "val"}
