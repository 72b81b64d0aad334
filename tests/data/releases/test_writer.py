"""The data set on disk: complete or not at all, and named by its hashes."""

import hashlib
import json
from dataclasses import replace

import pytest
import yaml

from lidd_yolo.data.labels.annotation import Annotation
from lidd_yolo.data.releases import writer
from lidd_yolo.data.releases.samples import VOC, Part, read_release
from lidd_yolo.data.releases.writer import describe, write_dataset
from lidd_yolo.data.splits.lists import check_target
from tests.helpers.plates import write_release

_NAMES = ("crazing", "scratches")
_SPLIT = {"train": [0, 1, 4], "val": [2, 3], "test": [5]}
_GROUPS = [0, 0, 0, 1, 1, 2]


@pytest.fixture
def samples(tmp_path):
    write_release(tmp_path / "release", plates=3)
    part = Part(tmp_path / "release" / "IMAGES", tmp_path / "release" / "ANNOTATIONS")
    return read_release([part], _NAMES, VOC)[0]


class TestDescribe:
    def test_figures__hand_counted(self, samples):
        report = describe(samples, _SPLIT, _GROUPS, _NAMES)
        assert report["images"] == {"train": 3, "val": 2, "test": 1}
        assert report["boxes"] == {
            "train": {"crazing": 2, "scratches": 1},
            "val": {"crazing": 1, "scratches": 1},
            "test": {"crazing": 0, "scratches": 1},
        }
        assert report["groups"] == {"count": 3, "largest": 3, "sizes": {1: 1, 2: 1, 3: 1}}
        assert report["leak"] == {"val": 1.0, "test": 0.0}
        assert report["pictures"]["scratches_5.jpg"] == {"split": "test", "group": 2}
        assert len(report["pictures"]) == 6

    def test_data_hash__by_definition(self, samples):
        digest = hashlib.sha256()
        for sample in samples:
            label = {"c": "0", "s": "1"}[sample.path.name[0]]
            x = sample.annotation.objects[0].box.x1
            text = f"{label} {(x + 50) / 200:.6f} 0.505000 {(50 - x) / 100:.6f} 0.990000\n"
            for part in (sample.path.name.encode(), sample.data, text.encode()):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        assert describe(samples, _SPLIT, _GROUPS, _NAMES)["data_sha256"] == digest.hexdigest()

    def test_hashes__each_sees_its_own_part(self, samples):
        def hashes(samples=samples, split=_SPLIT, groups=_GROUPS):
            report = describe(samples, split, groups, _NAMES)
            return [report[f"{part}_sha256"] for part in ("data", "split", "group")]

        data, split, group = hashes()
        other_label = [replace(samples[0], annotation=Annotation("crazing_0.jpg", 100, 100)), *samples[1:]]
        assert hashes(samples=other_label)[0] != data
        assert hashes(samples=other_label)[1:] == [split, group]
        moved = hashes(split={"train": [0, 1, 3], "val": [2, 4], "test": [5]})
        assert (moved[0], moved[1] != split, moved[2]) == (data, True, group)
        regrouped = hashes(groups=[0, 0, 1, 1, 1, 2])
        assert (*regrouped[:2], regrouped[2] != group) == (data, split, True)
        assert hashes(groups=[9, 9, 9, 4, 4, 1]) == [data, split, group]


class TestWriteDataset:
    def test_layout__bytes_labels_and_files(self, samples, tmp_path):
        target = tmp_path / "deep" / "set"
        write_dataset(target, samples, _SPLIT, _NAMES, {"seed": 3})
        for side, part in _SPLIT.items():
            stems = {samples[index].path.stem for index in part}
            assert {p.stem for p in (target / "images" / side).iterdir()} == stems
            assert {p.stem for p in (target / "labels" / side).iterdir()} == stems
        assert (target / "images/test/scratches_5.jpg").read_bytes() == samples[5].data
        assert (target / "labels/test/scratches_5.txt").read_text() == "1 0.260000 0.505000 0.480000 0.990000\n"
        assert yaml.safe_load((target / "data.yaml").read_text()) == {
            **{side: f"images/{side}" for side in _SPLIT},
            "names": {0: "crazing", 1: "scratches"},
        }
        assert json.loads((target / "split.json").read_text()) == {"seed": 3}
        assert [p.name for p in target.parent.iterdir()] == ["set"]

    def test_segments__outlines_in_labels_and_hash(self, samples, tmp_path):
        write_dataset(tmp_path / "set", samples, _SPLIT, _NAMES, {}, segments=True)
        text = (tmp_path / "set/labels/test/scratches_5.txt").read_text()
        assert text == "1 0.020000 0.010000 0.500000 0.010000 0.500000 1.000000 0.020000 1.000000\n"
        hashes = [describe(samples, _SPLIT, _GROUPS, _NAMES, segments=s)["data_sha256"] for s in (False, True)]
        assert hashes[0] != hashes[1]

    def test_name_in_the_data_set__that_of_the_annotation(self, samples, tmp_path):
        renamed = replace(samples[0], annotation=replace(samples[0].annotation, image="a_1.jpg"))
        write_dataset(tmp_path / "set", [renamed], {"train": [0]}, _NAMES, {})
        assert (tmp_path / "set/images/train/a_1.jpg").read_bytes() == samples[0].data
        assert (tmp_path / "set/labels/train/a_1.txt").is_file()

    def test_failure__nothing_left_behind(self, samples, tmp_path):
        with pytest.raises(ValueError, match="class 'scratches' is none of crazing"):
            write_dataset(tmp_path / "sets" / "set", samples, _SPLIT, ("crazing",), {})
        assert list((tmp_path / "sets").iterdir()) == []

    def test_failure__older_data_set_stays(self, samples, tmp_path):
        target = tmp_path / "sets" / "set"
        write_dataset(target, samples, _SPLIT, _NAMES, {"seed": 3})
        with pytest.raises(ValueError, match="none of crazing"):
            write_dataset(target, samples, _SPLIT, ("crazing",), {})
        assert json.loads((target / "split.json").read_text()) == {"seed": 3}
        assert [p.name for p in target.parent.iterdir()] == ["set"]

    def test_failure_while_moving__older_data_set_stays(self, samples, tmp_path, monkeypatch):
        target = tmp_path / "sets" / "set"
        write_dataset(target, samples, _SPLIT, _NAMES, {"seed": 3})
        rename = writer.Path.rename

        def refuse(self, other):
            if self.name.endswith(".new"):
                raise OSError("disk full")
            return rename(self, other)

        monkeypatch.setattr(writer.Path, "rename", refuse)
        with pytest.raises(OSError, match="disk full"):
            write_dataset(target, samples, _SPLIT, _NAMES, {"seed": 4})
        assert json.loads((target / "split.json").read_text()) == {"seed": 3}
        assert [p.name for p in target.parent.iterdir()] == ["set"]

    def test_again__replaces_all_of_it(self, samples, tmp_path):
        target = tmp_path / "set"
        write_dataset(target, samples, _SPLIT, _NAMES, {})
        write_dataset(target, samples, {"train": [0, 1], "val": [2]}, _NAMES, {})
        assert sorted(p.name for p in (target / "images").iterdir()) == ["train", "val"]
        assert sorted(p.name for p in tmp_path.iterdir()) == ["release", "set"]


class TestCheckTarget:
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_free__accepted(self, tmp_path, overwrite):
        check_target(tmp_path / "new", overwrite=overwrite)
        check_target(tmp_path, overwrite=overwrite)

    def test_data_set_of_ours__only_with_overwrite(self, tmp_path):
        (tmp_path / "split.json").write_text("{}")
        check_target(tmp_path, overwrite=True)
        with pytest.raises(FileExistsError, match="already exists; use --overwrite"):
            check_target(tmp_path, overwrite=False)

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_anything_else__never(self, tmp_path, overwrite):
        (tmp_path / "thesis.txt").write_text("")
        for target in (tmp_path, tmp_path / "thesis.txt"):
            with pytest.raises(FileExistsError, match=r"it has no split\.json"):
                check_target(target, overwrite=overwrite)
