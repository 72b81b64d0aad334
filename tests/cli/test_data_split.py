"""``lidd data split``: output, files and exit status."""

import json

import pytest
import yaml

from lidd_yolo.cli.main import main
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from tests.helpers.crops import write_crop_set


def run(*words):
    return main(["data", *(str(word) for word in words)])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_crop_set(tmp_path_factory.mktemp("whole") / "set", plates=10)


@pytest.fixture(scope="module")
def groups(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups") / "out"
    run("groups", data, "--out", folder)
    return folder / "groups.json"


def plates(pictures):
    return {path.name.partition("_")[0] for path in pictures}


class TestRun:
    def test_split__whole_plates_before_and_after_said(self, data, tmp_path, capsys):
        """Ten plates of two classes in turn cannot be 8:2 of five each within 2 points, but 6:4 they can."""
        assert run("split", data, "--ratio", "6:4", "--target", tmp_path / "out") == 0
        out = capsys.readouterr().out
        assert "val: 100.0 % share their group with a picture of train." in out
        assert "train: 18 pictures (60.0 %), 18 objects" in out
        assert "leak of val: 0.0 %" in out
        assert f"data={tmp_path / 'out' / 'data.yaml'}" in out
        found = read_yolo_set(tmp_path / "out" / "data.yaml").pictures
        assert len(plates(found["train"])) == 6
        assert not plates(found["train"]) & plates(found["val"])

    def test_groups_file__same_split_without_looking_at_pictures(self, data, groups, tmp_path, capsys):
        run("split", data, "--target", tmp_path / "a")
        capsys.readouterr()
        run("split", data, "--groups", groups, "--target", tmp_path / "b")
        assert "checking likely pairs" not in capsys.readouterr().err
        contents = [yaml.safe_load((tmp_path / name / "data.yaml").read_text()) for name in "ab"]
        assert contents[0] == contents[1]
        assert contents[0]["group_sha256"] == json.loads(groups.read_text())["group_sha256"]

    def test_ratio__not_possible_status_1_and_cause(self, data, groups, tmp_path, capsys):
        assert run("split", data, "--groups", groups, "--target", tmp_path / "out") == 1
        out = capsys.readouterr().out
        assert "The groups do not allow the ratios everywhere:" in out
        assert "wanted 10.0 %: 5 groups have them, that of images/" in out

    def test_folds__each_plate_val_once(self, data, groups, tmp_path, capsys):
        words = ("--groups", groups, "--folds", 5, "--ratio", "8:2", "--target", tmp_path / "out", "--json")
        assert run("split", data, *words) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["images"] == {f"fold{k}": 6 for k in range(5)}
        assert found["leak"] == {"val": 0.0}
        assert found["leak_before"] == {"val": 1.0}
        assert "pictures" not in found
        vals = [read_yolo_set(file).pictures["val"] for file in found["yaml"]]
        assert sorted(path for val in vals for path in val) == sorted(data.parent.rglob("*.png"))

    def test_default_target__beside_the_data_set(self, data, groups):
        run("split", data, "--groups", groups)
        assert (data.parent.with_name("set-grouped") / "data.yaml").is_file()
        assert run("split", data, "--groups", groups) == 2

    def test_seed__another_split(self, data, groups, tmp_path):
        hashes = set()
        for seed in (0, 1, 0):
            run("split", data, "--groups", groups, "--seed", seed, "--target", tmp_path / "out", "--overwrite")
            hashes.add(json.loads((tmp_path / "out" / "split.json").read_text())["split_sha256"])
        assert len(hashes) == 2

    def test_copy__a_data_set_of_its_own(self, data, groups, tmp_path):
        run("split", data, "--groups", groups, "--copy", "--target", tmp_path / "out")
        assert len(list((tmp_path / "out" / "images").rglob("*.png"))) == 30
        assert len(list((tmp_path / "out" / "labels").rglob("*.txt"))) == 30

    def test_unlabelled__counted(self, tmp_path, capsys):
        data = write_crop_set(tmp_path / "set", plates=4)
        (tmp_path / "set/labels/val/p0_0.txt").unlink()
        run("split", data, "--ratio", "1:1")
        assert "1 pictures have no label file" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--ratio", "8:0"], "two or three positive numbers"),
            (["--folds", "1"], "two or more"),
            (["--folds", "11"], "10 groups cannot be divided into 12 parts"),
            (["--folds", "2", "--copy"], "exclude each other"),
            (["--burst", "(p)"], "--groups and --burst exclude each other"),
        ],
    )
    def test_could_not_run__status_2_and_nothing_written(self, data, groups, tmp_path, capsys, words, told):
        assert run("split", data, "--groups", groups, *words, "--target", tmp_path / "out") == 2
        captured = capsys.readouterr()
        assert told in captured.err
        assert captured.out == ""
        assert list(tmp_path.iterdir()) == []

    def test_one_group__status_2(self, data, tmp_path, capsys):
        assert run("split", data, "--burst", "(p)", "--target", tmp_path / "out") == 2
        assert "1 group cannot be divided into 3 parts" in capsys.readouterr().err


class TestTarget:
    def test_split_made_before__replaced_only_when_asked(self, data, groups, tmp_path, capsys):
        words = ("split", data, "--groups", groups, "--target", tmp_path / "out")
        assert [run(*words), run(*words), run(*words, "--overwrite")] == [1, 2, 1]
        assert "use --overwrite" in capsys.readouterr().err

    def test_data_set_made_from_a_release__never_replaced(self, data, groups, tmp_path, capsys):
        (tmp_path / "split.json").write_text("{}")
        assert run("split", data, "--groups", groups, "--target", tmp_path, "--overwrite") == 2
        assert "is a data set and no split made here" in capsys.readouterr().err

    def test_pictures_inside__never_replaced(self, data, groups, tmp_path, capsys):
        run("split", data, "--groups", groups, "--copy", "--target", tmp_path / "out")
        capsys.readouterr()
        again = ("split", tmp_path / "out" / "data.yaml", "--target", tmp_path / "out", "--overwrite")
        assert run(*again) == 2
        assert "holds pictures that are to be split" in capsys.readouterr().err
        assert len(list((tmp_path / "out").rglob("*.png"))) == 30
