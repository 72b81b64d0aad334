"""Data YAMLs as people write them, and what is said about wrong ones."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ultralytics.data.utils import img2label_paths

from lidd_yolo.data.readers.data_yaml import label_file, read_class_names, read_yolo_set
from tests.helpers.tiny import write_tiny_data


@pytest.fixture
def data(tmp_path):
    return write_tiny_data(tmp_path / "set")


def changed(data, **keys):
    content = yaml.safe_load(data.read_text(encoding="utf-8"))
    data.write_text(yaml.safe_dump({k: v for k, v in {**content, **keys}.items() if v is not None}), encoding="utf-8")
    return data


class TestReadYoloSet:
    def test_read__folders(self, data):
        found = read_yolo_set(data)
        assert found.names == ("dark", "bright")
        assert {split: len(files) for split, files in found.pictures.items()} == {"train": 8, "val": 4}
        assert found.root == data.parent

    def test_read__list_of_pictures(self, data):
        listed = data.parent / "some.txt"
        listed.write_text(f"./images/val/1.png\n\n{data.parent}/images/train/2.png\n", encoding="utf-8")
        found = read_yolo_set(changed(data, val="some.txt"))
        assert [file.name for file in found.pictures["val"]] == ["2.png", "1.png"]
        assert all(file.is_file() for file in found.pictures["val"])

    def test_read__several_folders(self, data):
        assert len(read_yolo_set(changed(data, val=["images/train", "images/val"])).pictures["val"]) == 12

    def test_read__names_as_a_list(self, data):
        assert read_yolo_set(changed(data, names=["a", "b"])).names == ("a", "b")

    def test_read__without_path_beside_the_yaml(self, data):
        assert read_yolo_set(changed(data, path=None)).root == data.parent

    def test_read__yaml_named_from_its_parent_folder(self, data, monkeypatch):
        monkeypatch.chdir(data.parent.parent)
        found = read_yolo_set(changed(data, path=None).relative_to(data.parent.parent))
        assert found.root == data.parent
        assert len(found.pictures["train"]) == 8

    def test_read__relative_path_lies_here_first(self, data, monkeypatch):
        monkeypatch.chdir(data.parent.parent)
        assert read_yolo_set(changed(data, path=data.parent.name)).root == data.parent

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"names": None}, "names: must list the classes"),
            ({"names": {0: "a", 2: "b"}}, "numbered 0 to 1 without gaps"),
            ({"train": None, "val": None}, "none of train, val, test says"),
        ],
    )
    def test_read__lacking(self, data, keys, message):
        with pytest.raises(ValueError, match=message):
            read_yolo_set(changed(data, **keys))

    def test_read__place_that_is_not_there(self, data):
        with pytest.raises(FileNotFoundError, match=r"tiny\.yaml: val: .*gone does not exist"):
            read_yolo_set(changed(data, val="gone"))

    def test_read__path_beside_the_yaml__said_that_training_does_not_look_there(self, data, monkeypatch, tmp_path):
        monkeypatch.setattr("lidd_yolo.data.readers.data_yaml.datasets_dir", lambda: tmp_path / "datasets")
        monkeypatch.chdir(tmp_path)
        (data.parent / "below").mkdir()
        file = data.rename(data.parent / "below/x.yaml")
        (data.parent / "below/images").mkdir()
        with pytest.raises(FileNotFoundError, match=r"x\.yaml: path: .* write path: .*/below/images$"):
            read_yolo_set(changed(file, path="images"))

    def test_read__test_that_is_not_there__said(self, data):
        found = read_yolo_set(changed(data, test="images/gone"))
        assert list(found.pictures) == ["train", "val"]
        [problem] = found.problems
        assert str(problem).startswith(f"{data}, test:: {data.parent}/images/gone does not exist; ")

    def test_read__what_training_passes_over__said(self, data):
        (data.parent / "images/val/a.gif").write_bytes(b"GIF89a")
        (data.parent / "l.txt").write_text("\n./images/train/1.png\n/etc/passwd\n./images/train/2.png \n./3.png")
        found = read_yolo_set(changed(data, train="l.txt"))
        assert [file.name for file in found.pictures["train"]] == ["3.png", "1.png"]
        assert [(p.file.name, p.where, p.reason) for p in found.problems] == [
            ("l.txt", "line 3", "training does not take '/etc/passwd' for a picture"),
            ("l.txt", "line 4", "training does not take './images/train/2.png ' for a picture, for the blank after it"),
            ("a.gif", "", "training takes no .gif for a picture"),
        ]

    def test_read__not_called_yaml(self, data):
        with pytest.raises(ValueError, match=r"tiny\.txt: a data YAML is called \.yaml or \.yml"):
            read_yolo_set(data.rename(data.with_suffix(".txt")))

    def test_read__characters_that_are_no_text__do_not_count(self, data):
        data.write_bytes(b"# Gr\xf6\xdfe \x07\n" + data.read_bytes())
        assert read_yolo_set(data).names == ("dark", "bright")

    def test_read__damaged_yaml_with_its_line(self, data):
        data.write_text("path: x\nnames: [a\n", encoding="utf-8")
        with pytest.raises(ValueError, match=r"tiny\.yaml, line 3: no valid YAML"):
            read_yolo_set(data)

    @pytest.mark.parametrize("content", [b"just words", b"\xff\xfe\x00"])
    def test_read__no_data_yaml(self, data, content):
        data.write_bytes(content)
        with pytest.raises(ValueError, match=r"tiny\.yaml: "):
            read_yolo_set(data)

    def test_read__no_such_file(self):
        with pytest.raises(FileNotFoundError, match="no such data YAML"):
            read_yolo_set("nothing-of-the-kind.yaml")

    def test_packaged__how_to_make_it(self, tmp_path, monkeypatch):
        monkeypatch.setattr("lidd_yolo.data.readers.data_yaml.datasets_dir", lambda: tmp_path)
        with pytest.raises(FileNotFoundError, match="lidd data neu-seg --source FOLDER --protocol paper"):
            read_yolo_set("neu-seg-paper.yaml")
        with pytest.raises(FileNotFoundError, match=r"defects-demo\.yaml: path: .* does not exist; make the data set"):
            read_yolo_set("defects-demo")

    def test_read__a_folder(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="is a folder: give its data YAML, or make one with `lidd data con"):
            read_yolo_set(tmp_path)

    def test_read__without_heavy_packages(self, data):
        script = (
            "import sys; from lidd_yolo.data.readers.data_yaml import read_yolo_set; "
            f"read_yolo_set({str(data)!r}); print({{'torch', 'ultralytics'}} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"


class TestReadClassNames:
    def test_names__pictures_need_not_be_there(self, tmp_path):
        (tmp_path / "x.yaml").write_text("path: nowhere\nnames: {1: b, 0: a}\n")
        assert read_class_names(tmp_path / "x.yaml") == ("a", "b")
        assert read_class_names("neu-seg.yaml") == ("inclusion", "patches", "scratches")

    def test_names__missing(self, tmp_path):
        (tmp_path / "x.yaml").write_text("path: nowhere\n")
        with pytest.raises(ValueError, match=r"x\.yaml: names: must list the classes"):
            read_class_names(tmp_path / "x.yaml")


class TestLabelFile:
    @pytest.mark.parametrize("path", ["/a/images/train/x.jpg", "/a/images/images/x.y.png", "/a/pictures/x.bmp"])
    def test_label__where_ultralytics_looks(self, path):
        assert str(label_file(Path(path))) == img2label_paths([path])[0]
