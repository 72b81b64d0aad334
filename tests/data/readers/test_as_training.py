"""Our reader of data sets beside Ultralytics' own, over layouts as people have them: same pictures and labels, or both
refuse.
"""

import os
from pathlib import Path

import pytest
import ultralytics
import yaml
from ultralytics.cfg import get_cfg
from ultralytics.data import utils as ultralytics_data
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset

from lidd_yolo.data.checks.set_check import check
from lidd_yolo.data.labels.problems import Kind
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.data.readers.folders import read_yolo_data
from lidd_yolo.data.readers.source import ReadRule
from lidd_yolo.errors import InputError
from tests.helpers.pictures import encoded, noise

NEW = tuple(map(int, ultralytics.__version__.split(".")[:2])) >= (8, 4)
BOX = "0 0.5 0.5 0.4 0.4\n"
OUTLINE = "1 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n"
PLAIN = {"path": "{root}", "train": "images/train", "val": "images/val", "names": ["a", "b"]}


def put(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def add(root, side, *names, label=BOX, folder="images/{side}", labels="labels/{side}"):
    """Write pictures, all different, and a label for each unless it is None."""
    for name in names:
        put(root / folder.format(side=side) / name, encoded(noise(len(list(root.rglob("*"))))))
        if label is not None:
            put((root / labels.format(side=side) / name).with_suffix(".txt"), label)


def plain(root):
    add(root, "train", "1.jpg", "2.jpg")
    add(root, "val", "3.jpg")


def roboflow(root):
    for side in ("train", "valid"):
        add(root, side, f"{side}.jpg", folder="{side}/images", labels="{side}/labels")


def linked_folders(root):
    """Labels lie beside the links, where training does not look."""
    add(root / "store", "train", "1.jpg", folder="{side}", label=None)
    add(root / "store", "val", "2.jpg", folder="{side}", label=BOX, labels="{side}")
    (root / "images").mkdir()
    for side in ("train", "val"):
        put(root / f"labels/{side}/{1 if side == 'train' else 2}.txt", BOX)
        (root / "images" / side).symlink_to(root / "store" / side, target_is_directory=True)
    add(root, "more", "3.jpg")


def linked_pictures(root):
    plain(root)
    (root / "images/train/far.jpg").symlink_to(root / "images/val/3.jpg")
    put(root / "labels/train/far.txt", OUTLINE)


def linked_below(root):
    plain(root)
    add(root / "store", "", "far.jpg", folder="images", labels="labels")
    (root / "images/train/sub").symlink_to(root / "store/images", target_is_directory=True)


def linked_root(root):
    plain(root / "real")
    (root / "link").symlink_to(root / "real", target_is_directory=True)


def lists(root):
    plain(root)
    put(root / "train.txt", "./images/train/1.jpg\n\n./images/train/2.jpg\n./images/train/2.jpg\n")
    put(root / "val.txt", f"{root}/images/val/3.jpg")


def lists_with_mark(root):
    plain(root)
    put(root / "train.txt", b"\xef\xbb\xbf./images/train/1.jpg\r\n./images/train/2.jpg\r\n")
    put(root / "val.txt", b"\xef\xbb\xbf./images/val/3.jpg")


def lists_of_other_things(root):
    lists(root)
    put(root / "train.txt", "./images/train/1.jpg\n/etc/passwd\n./images/train/2.jpg \n./data.yaml\n./images/val/3.jpg")


def list_utf16(root):
    lists(root)
    put(root / "train.txt", "./images/train/1.jpg\n".encode("utf-16"))


def lists_from_here(root):
    lists(root)
    put(root / "train.txt", "images/train/1.jpg\n./images/train/2.jpg")


def lists_below(root):
    plain(root)
    put(root / "lists/train.txt", "./1.jpg\n./../images/train/1.jpg\n")
    add(root, "", "1.jpg", folder="lists", labels="lists")


def nested(root):
    plain(root)
    add(root, "train", "day/1/4.jpg", "night/4.jpg", "images/5.jpg")


def beside(root):
    for side in ("train", "val"):
        add(root, side, f"{side}.jpg", folder="{side}", labels="{side}")


def upper_case(root):
    plain(root)
    add(root, "train", "X.JPG", "Y.PnG", "z.tar.jpeg")


def hidden(root):
    plain(root)
    add(root, "train", ".hidden.jpg", ".cache/4.jpg")


def other_endings(root):
    plain(root)
    put(root / "images/train/moving.gif", b"GIF89a")
    put(root / "images/train/notes.md", "x")


def brackets(root):
    add(root, "train", "1.jpg", folder="images/{side} [a]", labels="labels/{side} [a]")
    add(root, "val", "3.jpg")


def odd_labels(root):
    plain(root)
    add(root, "train", "float.jpg", label="1.0 0.5 0.5 0.4 0.4\n0.0 0.25 0.25 0.2 0.2\n")
    add(root, "train", "short.jpg", label="1e0 .5 .5 4e-1 +0.4")
    add(root, "train", "twice.jpg", label=BOX + BOX)
    add(root, "train", "empty.jpg", label="")
    add(root, "train", "blank.jpg", label="\n  \n")
    add(root, "train", "none.jpg", label=None)
    add(root, "train", "outline.jpg", label=OUTLINE)
    add(root, "train", "windows.jpg", label=f"\n{BOX[:-1]}\r\n\r\n1 0.5 0.5 0.2 0.2\r\n")


LAYOUTS = {
    "folders": (plain, {}),
    "no path": (plain, {"path": None}),
    "path, empty": (plain, {"path": ""}),
    "path, relative to the datasets folder": (plain, {"path": "set"}),
    "path, relative to nothing": (plain, {"path": "nowhere/set"}),
    "path, gone": (plain, {"path": "/gone"}),
    "path, gone, places not": (plain, {"path": "/gone", "train": "{root}/images/train", "val": "{root}/images/val"}),
    "path, a number": (plain, {"path": 3}),
    "path, a link": (linked_root, {"path": "{root}/link"}),
    "roboflow": (roboflow, {"path": None, "train": "../train/images", "val": "../valid/images", "test": "../test"}),
    "roboflow, several": (roboflow, {"path": None, "train": ["../train/images"], "val": "../valid/images"}),
    "roboflow, truly above": (roboflow, {"path": "{root}/train", "train": "images", "val": "../valid/images"}),
    "validation": (plain, {"val": None, "validation": "images/val"}),
    "no train": (plain, {"train": None}),
    "no val": (plain, {"val": None}),
    "train is None": (plain, {"train": "None"}),
    "train gone": (plain, {"train": "images/gone"}),
    "val gone": (plain, {"val": "images/gone"}),
    "test gone": (plain, {"test": "images/gone"}),
    "val without a picture": (plain, {"val": "labels/val"}),
    "train a number": (plain, {"train": 3}),
    "several folders": (plain, {"train": ["images/train", "images/val"]}),
    "folders in folders": (plain, {"train": [["images/train"], ["images/val"]]}),
    "one of several gone": (plain, {"val": ["images/val", "images/gone"]}),
    "whole images folder": (plain, {"train": "images"}),
    "nested folders": (nested, {}),
    "linked folders": (linked_folders, {"train": ["images/train", "images/more"]}),
    "linked folders, no label": (linked_folders, {}),
    "linked pictures": (linked_pictures, {}),
    "linked folder below": (linked_below, {}),
    "lists": (lists, {"train": "train.txt", "val": "val.txt"}),
    "list of lists": (lists, {"train": ["train.txt", "val.txt"]}),
    "list and folder": (lists, {"train": ["train.txt", "images/val"]}),
    "lists with a byte order mark": (lists_with_mark, {"train": "train.txt", "val": "val.txt"}),
    "list of other things": (lists_of_other_things, {"train": "train.txt"}),
    "list in UTF-16": (list_utf16, {"train": "train.txt"}),
    "list relative to where we are": (lists_from_here, {"train": "train.txt"}),
    "list in a folder": (lists_below, {"train": "lists/train.txt"}),
    "picture as a place": (plain, {"train": "images/train/1.jpg"}),
    "labels beside": (beside, {"train": "train", "val": "val"}),
    "upper case": (upper_case, {}),
    "hidden": (hidden, {}),
    "other endings": (other_endings, {}),
    "brackets": (brackets, {"train": "images/train [a]"}),
    "odd labels": (odd_labels, {}),
    "names as a mapping": (plain, {"names": {1: "b", 0: "a"}}),
    "names numbered as text": (plain, {"names": {"0": "a", "1": "b"}}),
    "names with a gap": (plain, {"names": {0: "a", 2: "b"}}),
    "names, none": (plain, {"names": None}),
    "names, empty": (plain, {"names": []}),
    "names, no texts": (plain, {"names": [1, True]}),
    "names, one text": (plain, {"names": "ab"}),
    "nc alone": (plain, {"names": None, "nc": 2}),
    "nc as text": (plain, {"nc": "2"}),
    "nc of another number": (plain, {"nc": 3}),
    "nc, a half": (plain, {"nc": 1.5}),
    "nc, no number": (plain, {"nc": "two"}),
}  # fmt: skip
SINCE_8_4 = {
    "path, a number", "names, one text", "nc as text", "nc, no number", "lists with a byte order mark",
    "train a number", "nc, a half", "names, empty", "brackets", "list in a folder", "linked folders, no label",
}  # fmt: skip
"""What older releases read in another way, end in a traceback of their own over, or (without a label) train on."""


def written(folder, name):
    """Write a layout; return its data YAML."""
    write, changes = LAYOUTS[name]
    root = folder / "set"
    root.mkdir()
    write(root)

    def filled(value):
        if isinstance(value, list):
            return [filled(one) for one in value]
        return value.format(root=root) if isinstance(value, str) else value

    content = {key: filled(value) for key, value in {**PLAIN, **changes}.items() if value is not None}
    put(root / "data.yaml", yaml.safe_dump(content, sort_keys=False))
    return root / "data.yaml"


def as_training(file):
    """Return names, and for train and val the boxes of each picture, sorted; None if Ultralytics refuses."""
    found = {}
    try:
        data = check_det_dataset(str(file), autodownload=False)
        for split in ("train", "val"):
            made = YOLODataset(img_path=data[split], data=data, task="detect", augment=split == "train", hyp=get_cfg())
            found[split] = {whole(one["im_file"]): boxes(one["cls"][:, 0], one["bboxes"]) for one in made.labels}
    except Exception as error:  # whatever it raises, it does not train
        return None, error
    return [data["names"][number] for number in range(data["nc"])], found


def whole(picture):
    """Return the place of a picture, the links of its own left as they are."""
    return os.path.normpath(Path(picture).absolute())


def boxes(classes, rows):
    return sorted((int(c), *(round(float(value), 4) for value in row)) for c, row in zip(classes, rows, strict=True))


def as_we_do(file):
    """Return the same of our reader; None if it refuses or the check says that training cannot do."""
    try:
        data = read_yolo_set(file)
        read, names = read_yolo_data(file, ReadRule(unlabelled="good"))
        findings = check(file).findings
    except (FileNotFoundError, ValueError, InputError) as error:
        return None, error
    unfit = [one for one in findings if one.kind == "split-missing" and not one.where.startswith("test")]
    unfit += [one for one in findings if one.kind == "no-label" and one.where == "train"]
    if unfit:
        return None, unfit[0]
    found = {"train": {}, "val": {}}
    for item in read.items:
        if item.side in found:
            shape = item.annotation
            w, h = shape.width, shape.height
            rows = [
                ((b.x1 + b.x2) / 2 / w, (b.y1 + b.y2) / 2 / h, b.width / w, b.height / h)
                for b in (thing.box for thing in shape.objects)
            ]
            classes = [names.index(thing.class_name) for thing in shape.objects]
            found[item.side][whole(item.picture)] = sorted(set(boxes(classes, rows)))
    for split, of_split in found.items():
        # a label that training does not find, as its place is written in another way, makes nothing good
        bare = [p for p in data.pictures[split] if read.left_out().get(p) == Kind.NO_LABEL.heading]
        of_split.update({whole(picture): [] for picture in bare})
    assert {split: {whole(p) for p in data.pictures[split]} for split in found} == {
        split: set(of_split) for split, of_split in found.items()
    }
    return list(names), found


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder, and another one for data sets."""
    monkeypatch.setattr(ultralytics_data, "DATASETS_DIR", tmp_path)
    monkeypatch.setattr("lidd_yolo.data.readers.data_yaml.datasets_dir", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout__same_pictures_and_labels_or_both_refuse(here, monkeypatch, name):
    if name in SINCE_8_4 and not NEW:
        pytest.skip("this Ultralytics reads it in another way")
    file = written(here, name)
    (here / "work").mkdir()
    monkeypatch.chdir(file.parent if "where we are" in name else here / "work")
    names, ours = as_we_do(file)
    if names is None:
        assert "\n" not in str(ours)
        assert str(file.parent) in str(ours)
    their_names, theirs = as_training(file)
    assert (names, None if names is None else ours) == (their_names, None if their_names is None else theirs), (
        ours,
        theirs,
    )
    shown = {split: len(of_split) for split, of_split in theirs.items()} if their_names else {}
    assert not shown or min(shown.values()) > 0


def test_layouts__both_kinds(here, monkeypatch):
    """Neither everything is refused nor everything is read."""
    monkeypatch.chdir(here)
    outcomes = []
    for number, name in enumerate(list(LAYOUTS)[:12]):
        (here / str(number)).mkdir()
        outcomes.append(as_training(written(here / str(number), name))[0] is None)
    assert 2 <= sum(outcomes) <= 8
