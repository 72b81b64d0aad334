"""Groups, split and figures that all releases share; the data set on disk, complete or not at all."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.problems import Kind, Problem
from lidd_yolo.data.releases.assemble import Plan, assemble, check_request, describe_release, write_release
from lidd_yolo.data.releases.samples import VOC, Part, Sample, read_release
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.data.splits.search import split_groups
from tests.helpers import plates as releases
from tests.helpers.plates import crop, plate

_PLAN = Plan("steel", ("a", "b"), "grouped", {"train": 0.8, "val": 0.2}, 0)


def _sample(folder, number, gray, classes):
    objects = tuple(DefectObject(name, Box(0, 0, 5, 5 + k)) for k, name in enumerate(classes))
    annotation = Annotation(f"{number:02d}.jpg", 100, 100, objects)
    return Sample(folder / f"{number}.jpg", b"%d" % number, gray, annotation, folder / f"{number}.xml")


@pytest.fixture
def samples(tmp_path):
    """Ten plates, two overlapping crops each; class a and b in turn."""
    crops = [crop(plate(k // 2), 30 * (k % 2), 20, quality=None) for k in range(20)]
    return [_sample(tmp_path, k, gray, "ab"[k // 2 % 2]) for k, gray in enumerate(crops)]


class TestCheckRequest:
    def test_known(self, tmp_path):
        check_request("paper", {"grouped": {}, "paper": {}}, 0, tmp_path, overwrite=False)

    @pytest.mark.parametrize(
        ("protocol", "seed", "message"),
        [("x", 0, "no protocol 'x'; there are grouped, paper"), ("paper", -1, "the seed cannot be negative, got -1")],
    )
    def test_refused(self, tmp_path, protocol, seed, message):
        with pytest.raises(ValueError, match=message):
            check_request(protocol, {"grouped": {}, "paper": {}}, seed, tmp_path, overwrite=False)


class TestAssemble:
    def test_grouped__no_plate_on_two_sides(self, samples, tmp_path):
        report = assemble(tmp_path / "set", _PLAN, samples, []).report
        assert report.groups["sizes"] == {2: 10}
        assert report.leak == {"val": 0.0}
        assert report.images == {"train": 16, "val": 4}
        assert report.boxes == {"train": {"a": 8, "b": 8}, "val": {"a": 2, "b": 2}}

    def test_paper__random_and_leaking(self, samples, tmp_path):
        report = assemble(tmp_path / "set", replace(_PLAN, protocol="paper"), samples, []).report
        assert report.images == {"train": 16, "val": 4}
        assert report.leak["val"] > 0

    def test_fixed_side__kept_and_the_others_divided(self, samples, tmp_path):
        done = assemble(tmp_path / "set", replace(_PLAN, protocol="official"), samples, [], {"test": [0, 2, 4]})
        assert {p.name for p in (tmp_path / "set/images/test").iterdir()} == {"00.jpg", "02.jpg", "04.jpg"}
        assert done.report.images["test"] == 3
        assert done.report.images["train"] == pytest.approx(0.8 * 17, abs=1)
        assert done.report.leak["val"] == 0.0
        trained = {p.name for p in (tmp_path / "set/images/train").iterdir()}
        partners = [f"{k:02d}.jpg" in trained for k in (1, 3, 5)]
        assert done.report.leak["test"] == round(sum(partners) / 3, 4)

    def test_ratios__where_the_groups_do_not_allow_them(self, samples, tmp_path):
        """Three of four pictures are one group; of the fixed one, which is of no ratio, nothing is said."""
        report = assemble(tmp_path / "a", _PLAN, samples[:5], [], {"test": [4]}, groups=[0, 0, 0, 1, 2]).report
        cause = "2 groups have them, that of 00.jpg (3 pictures) 75.0 % alone"
        assert report.shortfalls[0] == f"train has 75.0 % of the pictures, wanted 80.0 %: {cause}"
        assert [line.split(",")[0] for line in report.shortfalls] == [
            "train has 75.0 % of the pictures",
            "train has 100.0 % of the objects of a",
            "train has 50.0 % of the objects of b",
            "val has 25.0 % of the pictures",
            "val has 0.0 % of the objects of a",
            "val has 50.0 % of the objects of b",
        ]

    def test_ratios__met_or_random(self, samples, tmp_path):
        assert assemble(tmp_path / "a", _PLAN, samples, []).report.shortfalls == []
        paper = assemble(tmp_path / "b", replace(_PLAN, protocol="paper"), samples[:5], [], groups=[0] * 5)
        assert paper.report.shortfalls == []

    def test_ratios__met_by_exchanging_groups(self, tmp_path):
        """Eight groups in which moving single ones ends 2.5 points off: the two that are exchanged halve that."""
        rng = np.random.default_rng(16)
        groups = np.sort(rng.integers(0, 8, 40)).tolist()
        counts = rng.integers(0, 6, (40, 2))
        gray = np.zeros((100, 100), np.uint8)
        samples = [_sample(tmp_path, k, gray, "a" * a + "b" * b) for k, (a, b) in enumerate(counts.tolist())]
        report = assemble(tmp_path / "set", _PLAN, samples, [], groups=groups).report
        held = [report.images["val"] / 40]
        held += [report.boxes["val"][name] / counts[:, k].sum() for k, name in enumerate("ab")]
        moved = split_groups(groups, counts, _PLAN.ratios, 0)["val"]
        alone = [len(moved) / 40, *(counts[moved].sum(axis=0) / counts.sum(axis=0))]
        assert max(abs(share - 0.2) for share in alone) == pytest.approx(0.025, abs=1e-3)
        assert max(abs(share - 0.2) for share in held) < 0.0125
        assert report.shortfalls == []

    def test_shares__lists_beside_the_yaml(self, samples, tmp_path):
        """Four plates of each class are in train; split.json and the split are as without lists."""
        plain = assemble(tmp_path / "plain", _PLAN, samples, []).report
        assert not list((tmp_path / "plain").glob("*.txt"))
        report = assemble(tmp_path / "set", replace(_PLAN, shares=(25, 50)), samples, []).report
        assert report == plain
        assert (tmp_path / "set/split.json").read_bytes() == (tmp_path / "plain/split.json").read_bytes()
        lists = {n: (tmp_path / f"set/train-{n}.txt").read_text().splitlines() for n in (25, 50)}
        assert {n: len(lines) for n, lines in lists.items()} == {25: 4, 50: 8}
        assert set(lists[25]) < set(lists[50])
        for lines in lists.values():
            assert lines == sorted(lines)
            assert all(line.startswith("./images/train/") and (tmp_path / "set" / line).is_file() for line in lines)
            plates = [int(Path(line).stem) // 2 for line in lines]
            assert all(plates.count(one) == 2 for one in plates)
            assert sum(one % 2 for one in plates) == len(plates) / 2

    def test_shares__a_group_larger_than_the_smallest_by_the_classes_of_its_pictures(self, tmp_path):
        """Crops along one plate are one group: four of a, four of both classes, and so on along it."""
        whole = plate(0, width=900)
        crops = [crop(whole, 25 * k, 20, quality=None) for k in range(32)]
        samples = [_sample(tmp_path, k, gray, ("a", "ab")[k // 4 % 2]) for k, gray in enumerate(crops)]
        plan = replace(_PLAN, ratios={"train": 0.8, "val": 0.2}, shares=(25, 50))
        others = [_sample(tmp_path, 32 + k, crop(plate(9 + k), 0, 0, quality=None), "b") for k in range(8)]
        done = assemble(tmp_path / "set", plan, [*samples, *others], [])
        assert done.report.groups["sizes"] == {1: 8, 32: 1}
        half = (tmp_path / "set/train-50.txt").read_text().splitlines()
        strips = [int(Path(line).stem) // 4 for line in half if int(Path(line).stem) < 32]
        assert len(strips) == 16
        assert all(strips.count(one) == 4 for one in strips)

    def test_segments__class_combinations_balanced(self, tmp_path):
        """Twelve pictures of a, six of b, six of both with the same counts: the combination alone tells them apart."""
        rng = np.random.default_rng(0)
        kinds = ["aab"] * 12 + ["aa", "b"] * 12
        samples = [_sample(tmp_path, k, rng.integers(0, 256, (100, 100), np.uint8), c) for k, c in enumerate(kinds)]
        plan = replace(_PLAN, ratios={"train": 0.75, "val": 0.25}, segments=True)
        assemble(tmp_path / "set", plan, samples, [])
        val = [kinds[int(p.stem)] for p in (tmp_path / "set/images/val").iterdir()]
        assert [val.count(kind) for kind in ("aab", "aa", "b")] == [3, 3, 3]

    def test_report__plan_facts_and_problems(self, samples, tmp_path):
        problem = Problem(tmp_path / "x.xml", Kind.OTHER, "bad", "left out")
        done = assemble(tmp_path / "set", replace(_PLAN, facts={"dropped": 3}, seed=7), samples, [problem])
        written = json.loads((tmp_path / "set/split.json").read_text())
        assert written == json.loads(json.dumps(done.report.as_dict()))
        assert [written[key] for key in ("dataset", "protocol", "seed", "dropped")] == ["steel", "grouped", 7, 3]
        assert written["problems"] == [problem.as_dict()]
        assert (done.target, done.problems) == (tmp_path / "set", [problem])


_NAMES = ("crazing", "scratches")
_RELEASE = Plan("steel", _NAMES, "grouped", {"train": 0.8, "val": 0.2}, 0)
_ONE_CLASS = replace(_RELEASE, class_names=("crazing",))
_SIDES = {"train": [0, 1, 4], "val": [2, 3], "test": [5]}
_GROUPS = [0, 0, 0, 1, 1, 2]


@pytest.fixture
def small(tmp_path):
    releases.write_release(tmp_path / "release", plates=3)
    part = Part(tmp_path / "release" / "IMAGES", tmp_path / "release" / "ANNOTATIONS")
    return read_release([part], _NAMES, VOC)[0]


class TestDescribeRelease:
    def test_figures__hand_counted(self, small):
        report = describe_release(_RELEASE, small, _SIDES, _GROUPS)
        assert report.images == {"train": 3, "val": 2, "test": 1}
        assert report.boxes == {
            "train": {"crazing": 2, "scratches": 1},
            "val": {"crazing": 1, "scratches": 1},
            "test": {"crazing": 0, "scratches": 1},
        }
        assert report.groups == {"count": 3, "largest": 3, "sizes": {1: 1, 2: 1, 3: 1}}
        assert report.leak == {"val": 1.0, "test": 0.0}
        assert report.pictures["scratches_5.jpg"] == {"split": "test", "group": 2}
        assert len(report.pictures) == 6

    def test_data_hash__by_definition(self, small):
        digest = hashlib.sha256()
        for sample in small:
            label = {"c": "0", "s": "1"}[sample.path.name[0]]
            x = sample.annotation.objects[0].box.x1
            text = f"{label} {(x + 50) / 200:.6f} 0.505000 {(50 - x) / 100:.6f} 0.990000\n"
            for part in (sample.path.name.encode(), sample.data, text.encode()):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        assert describe_release(_RELEASE, small, _SIDES, _GROUPS).data_sha256 == digest.hexdigest()

    def test_hashes__each_sees_its_own_part(self, small):
        def hashes(small=small, split=_SIDES, groups=_GROUPS):
            report = describe_release(_RELEASE, small, split, groups)
            return [getattr(report, f"{part}_sha256") for part in ("data", "split", "group")]

        data, split, group = hashes()
        other_label = [replace(small[0], annotation=Annotation("crazing_0.jpg", 100, 100)), *small[1:]]
        assert hashes(small=other_label)[0] != data
        assert hashes(small=other_label)[1:] == [split, group]
        moved = hashes(split={"train": [0, 1, 3], "val": [2, 4], "test": [5]})
        assert (moved[0], moved[1] != split, moved[2]) == (data, True, group)
        regrouped = hashes(groups=[0, 0, 1, 1, 1, 2])
        assert (*regrouped[:2], regrouped[2] != group) == (data, split, True)
        assert hashes(groups=[9, 9, 9, 4, 4, 1]) == [data, split, group]


class TestWriteRelease:
    def test_layout__bytes_labels_and_files(self, small, tmp_path):
        target = tmp_path / "deep" / "set"
        write_release(target, _RELEASE, small, _SIDES, SplitReport(seed=3))
        for side, part in _SIDES.items():
            stems = {small[index].path.stem for index in part}
            assert {p.stem for p in (target / "images" / side).iterdir()} == stems
            assert {p.stem for p in (target / "labels" / side).iterdir()} == stems
        assert (target / "images/test/scratches_5.jpg").read_bytes() == small[5].data
        assert (target / "labels/test/scratches_5.txt").read_text() == "1 0.260000 0.505000 0.480000 0.990000\n"
        assert yaml.safe_load((target / "data.yaml").read_text()) == {
            **{side: f"images/{side}" for side in _SIDES},
            "names": {0: "crazing", 1: "scratches"},
        }
        assert SplitReport.read(target) == SplitReport(seed=3)
        assert [p.name for p in target.parent.iterdir()] == ["set"]

    def test_segments__outlines_in_labels_and_hash(self, small, tmp_path):
        write_release(tmp_path / "set", replace(_RELEASE, segments=True), small, _SIDES, SplitReport())
        text = (tmp_path / "set/labels/test/scratches_5.txt").read_text()
        assert text == "1 0.020000 0.010000 0.500000 0.010000 0.500000 1.000000 0.020000 1.000000\n"
        hashes = [
            describe_release(replace(_RELEASE, segments=s), small, _SIDES, _GROUPS).data_sha256 for s in (False, True)
        ]
        assert hashes[0] != hashes[1]

    def test_name_in_the_data_set__that_of_the_annotation(self, small, tmp_path):
        renamed = replace(small[0], annotation=replace(small[0].annotation, image="a_1.jpg"))
        write_release(tmp_path / "set", _RELEASE, [renamed], {"train": [0]}, SplitReport())
        assert (tmp_path / "set/images/train/a_1.jpg").read_bytes() == small[0].data
        assert (tmp_path / "set/labels/train/a_1.txt").is_file()

    def test_failure__nothing_left_behind(self, small, tmp_path):
        with pytest.raises(ValueError, match="class 'scratches' is none of crazing"):
            write_release(tmp_path / "sets" / "set", _ONE_CLASS, small, _SIDES, SplitReport())
        assert list((tmp_path / "sets").iterdir()) == []

    def test_failure__older_data_set_stays(self, small, tmp_path):
        target = tmp_path / "sets" / "set"
        write_release(target, _RELEASE, small, _SIDES, SplitReport(seed=3))
        with pytest.raises(ValueError, match="none of crazing"):
            write_release(target, _ONE_CLASS, small, _SIDES, SplitReport())
        assert SplitReport.read(target) == SplitReport(seed=3)
        assert [p.name for p in target.parent.iterdir()] == ["set"]

    def test_failure_while_moving__older_data_set_stays(self, small, tmp_path, monkeypatch):
        target = tmp_path / "sets" / "set"
        write_release(target, _RELEASE, small, _SIDES, SplitReport(seed=3))
        rename = Path.rename

        def refuse(self, other):
            if self.name.endswith(".new"):
                raise OSError("disk full")
            return rename(self, other)

        monkeypatch.setattr(Path, "rename", refuse)
        with pytest.raises(OSError, match="disk full"):
            write_release(target, _RELEASE, small, _SIDES, SplitReport(seed=4))
        assert SplitReport.read(target) == SplitReport(seed=3)
        assert [p.name for p in target.parent.iterdir()] == ["set"]

    def test_again__replaces_all_of_it(self, small, tmp_path):
        target = tmp_path / "set"
        write_release(target, _RELEASE, small, _SIDES, SplitReport())
        write_release(target, _RELEASE, small, {"train": [0, 1], "val": [2]}, SplitReport())
        assert sorted(p.name for p in (target / "images").iterdir()) == ["train", "val"]
        assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "set"]
