"""``split.json``: written and read by one type, and the identity that results quote."""

import json
import subprocess
import sys

import pytest

from lidd_yolo.data.groups.digest import group_digest, split_digest
from lidd_yolo.data.groups.picture_groups import PictureGroups
from lidd_yolo.data.splits.report import SplitReport, data_identity, training_list

GROUPS = PictureGroups(("a", "b", "c", "d"), (0, 1, 1, 2))
SIDES = {"train": ["a", "b"], "val": ["c", "d"]}


class TestSplitReport:
    def test_of__by_hand(self):
        report = SplitReport.of(GROUPS, SIDES, dataset="steel", seed=3)
        assert report.as_dict() == {
            "dataset": "steel",
            "seed": 3,
            "images": {"train": 2, "val": 2},
            "groups": {"count": 3, "largest": 2, "sizes": {1: 2, 2: 1}},
            "leak": {"val": 0.5},
            "group_sha256": group_digest("abcd", [0, 1, 1, 2]),
            "split_sha256": split_digest(SIDES),
            "pictures": {
                "a": {"split": "train", "group": 0},
                "b": {"split": "train", "group": 1},
                "c": {"split": "val", "group": 1},
                "d": {"split": "val", "group": 2},
            },
        }
        assert report.figures() == {key: value for key, value in report.as_dict().items() if key != "pictures"}

    def test_of__folds_leak_what_is_said(self):
        folds = {"fold0": ["a"], "fold1": ["b", "c", "d"]}
        assert SplitReport.of(GROUPS, folds, leak={"val": 0.25}).leak == {"val": 0.25}

    def test_round_trip__facts_among_the_entries(self, tmp_path):
        report = SplitReport.of(GROUPS, SIDES, shortfalls=[], problems=[], facts={"sheets": {"one": 3}})
        report.write(tmp_path)
        found = SplitReport.read(tmp_path)
        assert found.facts == {"sheets": {"one": 3}}
        assert found.as_dict() == json.loads(json.dumps(report.as_dict()))

    def test_order__what_comes_last(self):
        report = SplitReport.of(
            GROUPS, SIDES, shortfalls=[], facts={"sheets": 3}, last=("shortfalls", "sheets", "none")
        )
        assert list(report.as_dict())[-3:] == ["pictures", "shortfalls", "sheets"]

    def test_read__what_is_missing_has_its_default(self, tmp_path):
        (tmp_path / "split.json").write_text('{"leak": {"val": 0.5}}')
        assert SplitReport.read(tmp_path) == SplitReport(leak={"val": 0.5})

    @pytest.mark.parametrize("text", ["", "{", "[]", "3"])
    def test_read__damaged(self, tmp_path, text):
        (tmp_path / "split.json").write_text(text)
        with pytest.raises(ValueError, match=r"Expecting|is no JSON object"):
            SplitReport.read(tmp_path)

    def test_read__none(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            SplitReport.read(tmp_path)

    def test_repr__without_pictures(self):
        text = repr(SplitReport.of(GROUPS, SIDES, dataset="steel", protocol="grouped", seed=3))
        assert text.startswith(
            "SplitReport('steel', 'grouped', seed=3, images={'train': 2, 'val': 2}, leak={'val': 0.5}"
        )


class TestDataIdentity:
    def test_split_json__before_about_json(self, tmp_path):
        (tmp_path / "about.json").write_text('{"seed": 9, "images": {"train": 4}}')
        assert data_identity("x/set.yaml", tmp_path) == {"yaml": "set.yaml", "seed": 9, "images": {"train": 4}}
        SplitReport.of(GROUPS, SIDES, dataset="steel").write(tmp_path)
        identity = data_identity("x/set.yaml", tmp_path)
        assert list(identity) == ["yaml", "dataset", "split_sha256", "group_sha256", "images", "leak"]

    def test_nothing__the_name_alone(self, tmp_path):
        assert data_identity("set.yaml", tmp_path) == {"yaml": "set.yaml"}

    @pytest.fixture
    def listed(self, tmp_path):
        """A data set whose list has one of the two training pictures, the one of no other group."""
        SplitReport.of(GROUPS, SIDES, dataset="steel").write(tmp_path)
        (tmp_path / "part.txt").write_text("./images/train/a\n")
        return tmp_path / "part.txt"

    def test_list__pictures_leak_and_hash(self, listed):
        identity = data_identity("x/part.yaml", listed.parent, str(listed))
        whole = data_identity("x/part.yaml", listed.parent, str(listed.parent / "images/train"))
        assert whole["leak"] == {"val": 0.5}
        changed = {"images": {"train": 1, "val": 2}, "leak": {"val": 0.0}, "train_sha256": split_digest({"train": "a"})}
        assert identity == {**whole, **changed}

    def test_list__hash_of_the_names_alone(self, listed, tmp_path):
        hashes = []
        for text in ("./images/train/a\n./images/val/c\n", f"\n/other/c\n{tmp_path}/images/train/a"):
            listed.write_text(text)
            hashes.append(data_identity("part.yaml", tmp_path, listed)["train_sha256"])
        assert hashes[0] == hashes[1] == split_digest({"train": "ac"})

    def test_list__all_of_train_is_no_other_data(self, listed):
        listed.write_text("./images/train/b\n./images/train/a\n")
        assert data_identity("part.yaml", listed.parent, listed) == data_identity("part.yaml", listed.parent)

    def test_list__without_split_json_by_places(self, tmp_path):
        (tmp_path / "part.txt").write_text(f"./images/b.png\n{tmp_path}/images/a.png\n")
        assert data_identity("part.yaml", tmp_path, tmp_path / "part.txt") == {
            "yaml": "part.yaml",
            "images": {"train": 2},
            "train_sha256": split_digest({"train": ["images/a.png", "images/b.png"]}),
        }

    def test_list__of_folds_keeps_their_leak(self, listed, tmp_path):
        SplitReport.of(GROUPS, {"fold0": ["a", "b"], "fold1": ["c", "d"]}, leak={"val": 0.25}).write(tmp_path)
        identity = data_identity("data-fold1.yaml", tmp_path, listed)
        assert (identity["leak"], identity["images"]) == ({"val": 0.25}, {"fold0": 2, "fold1": 2, "train": 1})

    def test_import__nothing_heavy(self):
        """``lidd compare --help`` imports it."""
        code = "import sys, lidd_yolo.data.splits.report; print({'cv2', 'numpy', 'torch'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"


class TestTrainingList:
    @pytest.mark.parametrize("train", ["images/train", ["part.txt"], "../part.txt", None])
    def test_no_list_in_the_folder__none(self, tmp_path, train):
        (tmp_path / "set").mkdir()
        (tmp_path / "part.txt").write_text("a.png\n")
        train = str(tmp_path / "set" / train) if isinstance(train, str) else train
        assert training_list(tmp_path / "set", train) is None

    def test_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"train-10\.txt does not exist: make the data set again"):
            training_list(tmp_path, str(tmp_path / "train-10.txt"))

    def test_leak__unknown_for_pictures_without_a_group(self, tmp_path):
        SplitReport.of(GROUPS, SIDES).write(tmp_path)
        (tmp_path / "part.txt").write_text("./images/a\n./images/strange\n")
        listed = training_list(tmp_path, tmp_path / "part.txt")
        assert (listed.names, listed.leak()) == (("a", "images/strange"), {})
