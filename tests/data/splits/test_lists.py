"""Lists, data YAML and split.json of a split; copies; folds."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from ultralytics.data.utils import check_det_dataset

from lidd_yolo.data.groups.picture_groups import PictureGroups, all_pictures
from lidd_yolo.data.readers.data_yaml import label_file, read_yolo_set
from lidd_yolo.data.splits.lists import Division, check_target, describe_division, split, write_division
from lidd_yolo.data.splits.report import SplitReport
from lidd_yolo.errors import InputError
from tests.helpers.crops import write_crop_set


@pytest.fixture
def data(tmp_path):
    return read_yolo_set(write_crop_set(tmp_path / "set", plates=3))


def division(data, **parts):
    """A split by plates: ``train=(0, 1)`` puts all pictures of the plates 0 and 1 into train."""
    names = tuple(all_pictures(data))
    plates = [int(Path(name).name[1]) for name in names]
    sides = {side: [n for n, p in zip(names, plates, strict=True) if p in wanted] for side, wanted in parts.items()}
    counts = np.eye(2, dtype=np.int64)[np.array(plates) % 2]
    return Division(sides, {side: 1 / len(parts) for side in parts}, 5, counts, PictureGroups(names, tuple(plates)), ())


class TestWriteDivision:
    def test_lists__read_back_by_us_and_by_ultralytics(self, data, tmp_path):
        made, _ = write_division(tmp_path / "out", data, division(data, train=(0, 1), val=(2,)), all_pictures(data))
        assert made == [tmp_path / "out" / "data.yaml"]
        found = read_yolo_set(made[0])
        assert [path.name for path in found.pictures["val"]] == ["p2_1.png", "p2_2.png", "p2_0.png"]
        assert len(found.pictures["train"]) == 6
        assert all(path.is_file() and label_file(path).is_file() for path in found.pictures["train"])
        checked = check_det_dataset(str(made[0]), autodownload=False)
        assert sorted(Path(checked["val"]).read_text().splitlines()) == [str(path) for path in found.pictures["val"]]
        assert not (tmp_path / "out" / "images").exists()

    @pytest.mark.parametrize("sign", ["\n", "\r", "\x1b"])
    def test_newline_in_a_name__refused(self, data, tmp_path, sign):
        """A list has a picture in each line."""
        picture = data.pictures["train"][0]
        named = picture.rename(picture.with_name(f"p0{sign}.png"))
        label_file(picture).rename(label_file(named))
        with pytest.raises(InputError, match="control character in its name: rename it") as raised:
            split(data.file, target=tmp_path / "out")
        assert sign not in str(raised.value)
        assert not (tmp_path / "out").exists()

    def test_yaml__says_how_it_was_made(self, data, tmp_path):
        write_division(tmp_path / "out", data, division(data, train=(0, 1), val=(2,)), all_pictures(data))
        content = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
        report = json.loads((tmp_path / "out" / "split.json").read_text())
        assert (content["protocol"], content["split_seed"], content["leak"]) == ("grouped", 5, {"val": 0.0})
        assert content["names"] == {0: "a", 1: "b"}
        for key in ("group_sha256", "split_sha256"):
            assert content[key] == report[key]
            assert len(content[key]) == 64

    def test_yaml__other_keys_kept_places_replaced(self, data, tmp_path):
        file = data.file
        file.write_text(file.read_text() + f"path: {data.root}\nchannels: 1\ndownload: x\ntest: images/val\n")
        again = read_yolo_set(file)
        write_division(tmp_path / "out", again, division(again, train=(0, 1), val=(2,)), all_pictures(again))
        content = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())
        assert content["channels"] == 1
        assert not {"path", "download", "test"} & content.keys()

    def test_folds__each_val_once(self, data, tmp_path):
        made, _ = write_division(
            tmp_path / "out", data, division(data, fold0=(0,), fold1=(1,), test=(2,)), all_pictures(data)
        )
        assert [file.name for file in made] == ["data-fold0.yaml", "data-fold1.yaml"]
        sets = [read_yolo_set(file).pictures for file in made]
        assert sets[0]["train"] == sets[1]["val"]
        assert sets[0]["val"] == sets[1]["train"]
        assert sets[0]["test"] == sets[1]["test"]
        assert not set(sets[0]["test"]) & {*sets[0]["train"], *sets[0]["val"]}

    def test_copy__pictures_with_their_labels(self, data, tmp_path):
        write_division(tmp_path / "out", data, division(data, train=(0, 1), val=(2,)), all_pictures(data), copy=True)
        found = read_yolo_set(tmp_path / "out" / "data.yaml")
        assert [path.name for path in found.pictures["val"]] == ["p2_0.png", "p2_1.png", "p2_2.png"]
        for path in (*found.pictures["train"], *found.pictures["val"]):
            [original] = [old for old in all_pictures(data).values() if old.name == path.name]
            assert path.read_bytes() == original.read_bytes()
            assert label_file(path).read_text() == label_file(original).read_text()

    def test_copy__names_that_collide(self, data, tmp_path):
        (data.root / "images/val/p2_0.png").rename(data.root / "images/val/p2_1.png")
        (data.root / "labels/val/p2_0.txt").rename(data.root / "labels/val/p2_1.txt")
        (data.root / "labels/val/p2_1.txt").write_text("other\n")
        again = read_yolo_set(data.file)
        write_division(tmp_path / "out", again, division(again, train=(0, 1), val=(2,)), all_pictures(again), copy=True)
        found = read_yolo_set(tmp_path / "out" / "data.yaml")
        assert len(found.pictures["train"]) == 6
        texts = {label_file(path).read_text() for path in found.pictures["val"] if path.name.endswith("p2_1.png")}
        assert texts == {"0 0.5 0.5 0.2 0.2\n", "other\n"}

    def test_copy__pictures_only(self, data, tmp_path):
        (tmp_path / "secret.jpg").write_text("BM, a secret, root:x:0:0")
        lines = [f"{path}\n" for path in data.pictures["train"]]
        lines += [f"{tmp_path}/secret.jpg\n", "/etc/passwd\n", f"{tmp_path}/gone.jpg\n"]
        (data.root / "l.txt").write_text("".join(lines))
        content = {"train": "l.txt", "val": "images/val", "names": ["a", "b"]}
        (data.root / "l.yaml").write_text(yaml.safe_dump(content))
        done = split(data.root / "l.yaml", ratio="1:1", target=tmp_path / "out", copy=True)
        assert {path.suffix for path in (tmp_path / "out/images").rglob("*.*")} == {".png"}
        assert "secret" not in "".join(p.read_text() for p in (tmp_path / "out/labels").rglob("*.txt"))
        assert sorted((p.file.name, p.where, p.reason.partition(" (")[0]) for p in done.groups.problems) == [
            ("gone.jpg", "", "it cannot be read"),
            ("l.txt", f"line {len(lines) - 1}", "training does not take '/etc/passwd' for a picture"),
            ("secret.jpg", "", "its bytes are of no picture format that is known here"),
        ]

    def test_copy_and_folds__refused_before_any_work(self, data, tmp_path, monkeypatch):
        monkeypatch.setattr("lidd_yolo.data.splits.lists.find_groups", lambda *_: pytest.fail("searched"))
        with pytest.raises(InputError, match="--copy and --folds exclude each other"):
            split(data.file, folds=2, copy=True, target=tmp_path / "out")

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ({}, "has no split.json"),
            ({"overwrite": True}, "has no split.json"),
            ({"target": "out", "ratio": "8"}, "8"),
            ({"target": "out", "groups": "groups.json", "burst": "(p)"}, "exclude each other"),
        ],
    )
    def test_refused__before_a_picture_is_looked_at(self, data, tmp_path, monkeypatch, words, told):
        monkeypatch.setattr("lidd_yolo.data.splits.lists.pictures_only", lambda *_: pytest.fail("looked at"))
        with pytest.raises(InputError, match=told):
            split(data.file, **{**words, "target": tmp_path / words.get("target", data.root)})

    def test_copy__folds_refused(self, data, tmp_path):
        with pytest.raises(ValueError, match="--copy and --folds exclude each other"):
            write_division(
                tmp_path / "out", data, division(data, fold0=(0,), fold1=(1, 2)), all_pictures(data), copy=True
            )
        assert not (tmp_path / "out").exists()

    def test_crash__nothing_half_written(self, data, tmp_path):
        files = all_pictures(data)
        (data.root / "images/val/p2_0.png").unlink()
        with pytest.raises(FileNotFoundError):
            write_division(tmp_path / "out", data, division(data, train=(0, 1), val=(2,)), files, copy=True)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


class TestDescribeDivision:
    def test_figures__by_hand(self, data):
        report = describe_division(data, division(data, train=(0, 1), val=(2,)))
        assert report.dataset == "set"
        assert report.images == {"train": 6, "val": 3}
        assert report.boxes == {"train": {"a": 3, "b": 3}, "val": {"a": 3, "b": 0}}
        assert report.leak == {"val": 0.0}
        assert report.pictures["images/val/p2_0.png"] == {"split": "val", "group": 2}

    def test_leak__measured_not_assumed(self, data):
        made = division(data, train=(0, 1), val=(2,))
        joined = Division(
            made.parts, made.ratios, 0, made.counts, PictureGroups(made.groups.names, (0,) * 9), made.shortfalls
        )
        assert describe_division(data, joined).leak == {"val": 1.0}


class TestSplit:
    def test_result__files_report_and_leak_before(self, data, tmp_path):
        done = split(data.file, ratio="2:1", target=tmp_path / "out")
        assert done.files == [tmp_path / "out" / "data.yaml"]
        assert (done.report.images, done.report.leak) == ({"train": 6, "val": 3}, {"val": 0.0})
        assert (done.leak_before, done.unlabelled) == ({"val": 1.0}, 0)
        assert SplitReport.read(tmp_path / "out").as_dict() == json.loads(json.dumps(done.report.as_dict()))
        assert repr(done).startswith("NewSplit(images={'train': 6, 'val': 3}, leak={'val': 0.0}, files=[")

    @pytest.mark.parametrize(
        "words", [{"data": "nothing.yaml"}, {"ratio": "1"}, {"folds": 1}, {"groups": "none.json"}, {"burst": "(p)"}]
    )
    def test_bad_input__one_kind_of_error(self, data, tmp_path, words):
        with pytest.raises(InputError):
            split(**{"data": data.file, "target": tmp_path / "out", **words})
        assert not (tmp_path / "out").exists()


class TestCheckTarget:
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_free__accepted(self, tmp_path, overwrite):
        check_target(tmp_path / "new", overwrite=overwrite)
        check_target(tmp_path, overwrite=overwrite)

    def test_data_set_of_ours__only_with_overwrite(self, tmp_path):
        (tmp_path / "split.json").write_text("{}")
        check_target(tmp_path, overwrite=True)
        with pytest.raises(InputError, match="already exists; use --overwrite"):
            check_target(tmp_path, overwrite=False)

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_anything_else__never(self, tmp_path, overwrite):
        (tmp_path / "thesis.txt").write_text("")
        for target in (tmp_path, tmp_path / "thesis.txt"):
            with pytest.raises(InputError, match=r"it has no split\.json"):
                check_target(target, overwrite=overwrite)
