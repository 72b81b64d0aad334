"""Whole conversions: from folder to folder, and back again."""

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lidd_yolo.data.convert import convert
from lidd_yolo.data.formats.masks import annotate_mask, draw_mask, read_mask
from lidd_yolo.data.formats.yolo import read_yolo, write_yolo
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.problems import NONE_USABLE
from lidd_yolo.data.readers.coco import read_coco_folder
from lidd_yolo.data.readers.data_yaml import label_file, read_yolo_set
from lidd_yolo.data.readers.source import ReadRule
from lidd_yolo.data.splits.lists import split
from lidd_yolo.errors import InputError
from tests.helpers.folders import picture, text, tree, yolo_set
from tests.helpers.labelme import write_labelme
from tests.helpers.masks import PROPERTY, masks
from tests.helpers.plates import voc, voc_object

_NAMES = ("inclusion", "patches", "scratches")
_FEW = settings(PROPERTY, max_examples=25)
"""Each example writes and reads several folders."""


def _voc_set(folder):
    for name, kind in (("a", "rust"), ("b", "crack")):
        picture(folder / f"images/{name}.png")
        text(folder / f"xml/{name}.xml", voc(voc_object(kind, (1, 1, 20, 5)), (20, 10)))
    return folder


class TestClassOrder:
    def test_alphabetical_and_said(self, tmp_path):
        done = convert(_voc_set(tmp_path / "voc"), tmp_path / "yolo", from_="voc")
        assert (done.class_names, done.order) == (("crack", "rust"), "alphabetical")
        assert yaml.safe_load((tmp_path / "yolo/data.yaml").read_text()) == {
            "train": "images/train",
            "names": {0: "crack", 1: "rust"},
        }
        assert (tmp_path / "yolo/labels/train/a.txt").read_text() == "1 0.500000 0.250000 1.000000 0.500000\n"

    def test_given__kept_and_others_left_out(self, tmp_path):
        done = convert(_voc_set(tmp_path / "voc"), tmp_path / "yolo", from_="voc", names=("zinc", "rust"))
        assert (done.class_names, done.order) == (("zinc", "rust"), "as given")
        assert [(p.file.name, p.reason) for p in done.problems] == [
            ("b.xml", "class 'crack' is none of zinc, rust"),
            ("b.png", "none of its objects is usable"),
        ]
        assert done.report["images"] == {"train": 1}

    def test_yolo__of_its_yaml(self, tmp_path):
        file = yolo_set(tmp_path / "set", {"train/a": "0 0.5 0.5 0.5 0.5\n"}, ("z", "a"))
        assert convert(file, tmp_path / "1", from_="yolo").class_names == ("z", "a")
        assert convert(file.parent, tmp_path / "2", from_="yolo").order == "of data.yaml"
        convert(file, tmp_path / "3", from_="yolo", names=("a", "z"))
        assert (tmp_path / "3/labels/train/a.txt").read_text().startswith("1 ")

    @pytest.mark.parametrize("kind", ["mask", "yolo"])
    def test_numbers_without_names__refused(self, tmp_path, kind):
        picture(tmp_path / "set/a.png")
        with pytest.raises(InputError, match=r"states classes by number: .* --names a,b,c or --data YAML"):
            convert(tmp_path / "set", tmp_path / "out", from_=kind)


class TestNothingUsable:
    """A picture of which all objects are lost would teach that it shows no defect."""

    def test_voc(self, tmp_path):
        _voc_set(tmp_path / "set")
        text(tmp_path / "set/xml/a.xml", voc(voc_object("rust", (90, 1, 95, 5)), (20, 10)))
        self._only_b(convert(tmp_path / "set", tmp_path / "out", from_="voc"))

    def test_labelme(self, tmp_path):
        shapes = {"a": ("circle", [[1, 1], [5, 5]]), "b": ("rectangle", [[1, 1], [5, 5]])}
        for name, (kind, points) in shapes.items():
            picture(tmp_path / f"set/{name}.png")
            shape = {"label": "x", "points": points, "shape_type": kind}
            content = {"imageWidth": 20, "imageHeight": 10, "shapes": [shape]}
            text(tmp_path / f"set/{name}.json", json.dumps(content))
        self._only_b(convert(tmp_path / "set", tmp_path / "out", from_="labelme"))

    @pytest.mark.parametrize("stated", [True, False])
    def test_yolo(self, tmp_path, stated):
        file = yolo_set(tmp_path / "set", {"train/a": "0 nan 0.5 0.1 0.1\n", "train/b": "0 0.5 0.5 0.5 0.5\n"})
        if not stated:
            file.unlink()
        names = None if stated else ("a", "b")
        self._only_b(convert(tmp_path / "set", tmp_path / "out", from_="yolo", names=names))

    @staticmethod
    def _only_b(done):
        assert [path.name for path in (done.target / "images").rglob("*.png")] == ["b.png"]
        assert done.problems[-1].file.name == "a.png"
        assert done.problems[-1].reason == NONE_USABLE
        assert len(done.problems) == 2


class TestConvert:
    def test_pictures__copied_byte_for_byte(self, tmp_path):
        file = yolo_set(tmp_path / "set", {"train/a": "", "val/sub/b": "0 0.5 0.5 0.5 0.5\n", "val/c": ""})
        before = tree(tmp_path / "set")
        convert(file, tmp_path / "yolo", from_="yolo")
        assert tree(tmp_path / "set") == before
        made = tree(tmp_path / "yolo")
        assert {place: data for place, data in made.items() if place.startswith("images/")} == {
            place: data for place, data in before.items() if place.startswith("images/")
        }
        assert set(made) - set(before) == {"convert.json"}

    def test_to_coco__one_file_for_each_side(self, tmp_path):
        file = yolo_set(tmp_path / "set", {"train/a": "", "val/sub/b": "1 0.5 0.5 0.5 0.25\n"})
        convert(file, tmp_path / "coco", from_="yolo", to="coco")
        val = json.loads((tmp_path / "coco/annotations/instances_val.json").read_text())
        assert [image["file_name"] for image in val["images"]] == ["b.png"]
        assert (tmp_path / "coco/images/val/b.png").is_file()
        [thing] = val["annotations"]
        assert (thing["category_id"], thing["bbox"]) == (2, [10, 15, 20, 10])

    def test_report__figures_and_problems(self, tmp_path):
        hard = voc_object("rust", (1, 1, 2, 2), "<difficult>1</difficult>")
        picture(tmp_path / "voc/a.png")
        text(tmp_path / "voc/a.xml", voc(hard + voc_object("rust", (30, 1, 40, 5)), (20, 10)))
        picture(tmp_path / "voc/b.png")
        text(tmp_path / "voc/b.xml", voc("", (20, 10)))
        done = convert(tmp_path / "voc", tmp_path / "yolo", from_="voc")
        written = json.loads((tmp_path / "yolo/convert.json").read_text())
        assert written == done.report
        assert written["objects"] == {"train": {"rust": 1}}
        figures = ("without_objects", "outlined", "boxes_only", "difficult")
        assert [written[key] for key in figures] == [1, 0, 1, 1]
        assert [(p["file"], p["where"]) for p in written["problems"]] == [("a.xml", "object 2")]

    @pytest.mark.parametrize("resplit", [None, "listed", "copied"])
    def test_pictures_of_one_name__each_with_its_own_label(self, tmp_path, resplit):
        """Four cameras with ``images`` of their own: before, no label of theirs was found again."""
        wanted = []
        for number, camera in enumerate(("left", "right", "above", "below")):
            picture(tmp_path / "set" / camera / "images/0.png", 20 + number)
            text(
                tmp_path / "set" / camera / "labels/0.txt",
                line := f"{number % 2} 0.500000 0.500000 0.{number + 1}00000 0.500000\n",
            )
            wanted.append((20 + number, line))
        places = {"train": ["left/images", "right/images", "above/images"], "val": "below/images"}
        file = tmp_path / "set/data.yaml"
        file.write_text(yaml.safe_dump({"path": str(tmp_path / "set"), **places, "names": ["x", "y"]}))
        if resplit:
            [file] = split(file, ratio="3:1", target=tmp_path / "new", copy=resplit == "copied").files
        convert(file, tmp_path / "yolo", from_="yolo")
        convert(file, tmp_path / "coco", from_="yolo", to="coco")
        convert(tmp_path / "coco", tmp_path / "back", from_="coco", names=("x", "y"))
        for folder in ("yolo", "back"):
            made = read_yolo_set(tmp_path / folder / "data.yaml")
            files = [file for side in ("train", "val") for file in made.pictures[side]]
            found = [(cv2.imread(str(file)).shape[1], label_file(file).read_text()) for file in files]
            assert sorted(found) == wanted

    def test_several_data_yamls__one_has_to_be_given(self, tmp_path):
        file = yolo_set(tmp_path / "set", {"train/a": "", "val/b": ""})
        for fold in (0, 1):
            (tmp_path / f"set/data-fold{fold}.yaml").write_bytes(file.read_bytes())
        file.unlink()
        with pytest.raises(InputError, match="several data YAMLs; give one of them in place of the folder"):
            convert(tmp_path / "set", tmp_path / "out", from_="yolo")

    def test_same_label_file__second_left_out(self, tmp_path):
        for ending in ("png", "bmp"):
            picture(tmp_path / f"set/a.{ending}")
        text(tmp_path / "set/classes.txt", "x")
        rule = ReadRule(unlabelled="good")
        done = convert(tmp_path / "set", tmp_path / "yolo", from_="yolo", names=("x",), rule=rule)
        [problem] = done.problems
        assert problem.file.name == "a.png"
        assert "same label file" in problem.reason

    def test_nothing_usable__nothing_written(self, tmp_path):
        picture(tmp_path / "voc/a.png")
        with pytest.raises(InputError, match=r"no usable picture; first problem: .*a\.png: it has no XML file"):
            convert(tmp_path / "voc", tmp_path / "yolo", from_="voc")
        assert [path.name for path in tmp_path.iterdir()] == ["voc"]

    def test_bad_arguments(self, tmp_path):
        with pytest.raises(InputError, match="none does not exist"):
            convert(tmp_path / "none", tmp_path / "out", from_="voc")
        with pytest.raises(InputError, match="known are voc"):
            convert(tmp_path, tmp_path / "out", from_="pdf")
        with pytest.raises(InputError, match="not empty"):
            convert(_voc_set(tmp_path / "voc"), tmp_path / "voc", from_="voc")
        with pytest.raises(InputError, match="an empty name, or one twice"):
            convert(tmp_path / "voc", tmp_path / "out", from_="voc", names=("a", "a"))

    def test_repr__what_was_made(self, tmp_path):
        done = convert(str(_voc_set(tmp_path / "voc")), str(tmp_path / "out"), from_="voc", names=["rust"])
        assert repr(done) == f"Converted({tmp_path / 'out'}: 1 pictures, classes rust; 2 left out)"


def _board_set(folder):
    """A set of boards and templates, labels in a folder beside, corners in pixels and classes from 1."""
    for number in range(4):
        for kind in ("test", "temp"):
            picture(folder / f"group0/00041/0004100{number}_{kind}.jpg", 64, 48)
        lines = "".join(f"{n} 10 {n + 8} 20 {n + 1}\n" for n in range(number))
        text(folder / f"group0/00041_not/0004100{number}.txt", lines)
    return folder


_BOARDS = "{folder}/{stem}_test.jpg = {folder}_not/{stem}.txt"


class TestOtherLayouts:
    def test_boards__in_pixels_paired_by_a_pattern(self, tmp_path):
        rule = ReadRule(pair=_BOARDS, first_class=1)
        source = _board_set(tmp_path / "boards")
        done = convert(source, tmp_path / "out", from_="xyxy", names=("open", "short", "spur"), rule=rule)
        assert done.report["images"] == {"train": 4}
        assert done.report["objects"] == {"train": {"open": 3, "short": 2, "spur": 1}}
        assert (done.report["without_objects"], done.report["unlabelled_good"]) == (1, 0)
        assert done.report["left_out"] == {"pictures without labels": 4}
        label = tmp_path / "out/labels/train/group0/00041/00041001_test.txt"
        assert read_yolo(label, ("open", "short", "spur"), (64, 48))[0].objects[0].box == Box(0, 10, 8, 20)

    def test_boards_as_yolo__nothing_written(self, tmp_path):
        source = _board_set(tmp_path / "boards")
        with pytest.raises(
            InputError, match=r"4 of 4 label files belong to no picture, such as .*00041000\.txt .*--pair"
        ):
            convert(source, tmp_path / "out", from_="yolo", names=("open", "short", "spur"))
        assert not (tmp_path / "out").exists()

    def test_classes_by_number_without_names__refused(self, tmp_path):
        with pytest.raises(InputError, match=r"states classes by number \(1, 2, 3\): .*--names"):
            convert(_board_set(tmp_path / "boards"), tmp_path / "out", from_="xyxy", rule=ReadRule(pair=_BOARDS))

    def test_labelme__good_parts_declared_but_not_the_doubtful_one(self, tmp_path):
        shape = {"label": "dent", "points": [[1, 1], [9, 1], [9, 8]], "shape_type": "polygon"}
        content = json.dumps({"imageWidth": 20, "imageHeight": 10, "shapes": [shape]})
        for name in ("x/a.png", "x/b.png", "y/b.png", "x/c.png", "y/d.png", "y/e.png"):
            picture(tmp_path / "set" / name)
        for name in ("x/a.json", "x/c.json", "b.json"):  # b.png is in two folders: which of them shows the dent?
            text(tmp_path / "set" / name, content)
        text(tmp_path / "set/y/e.json", "{")
        done = convert(tmp_path / "set", tmp_path / "out", from_="labelme")
        assert done.report["images"] == {"train": 2}
        rule = ReadRule(unlabelled="good")
        done = convert(tmp_path / "set", tmp_path / "good", from_="labelme", rule=rule)
        assert (done.report["images"], done.report["unlabelled_good"]) == ({"train": 3}, 1)
        assert done.report["left_out"] == {"pictures without labels": 2, "label files that cannot be read": 1}
        made = {
            path.relative_to(tmp_path / "good/labels/train").as_posix() for path in (tmp_path / "good").rglob("*.txt")
        }
        assert made == {"x/a.txt", "x/c.txt", "y/d.txt"}

    def test_masks_beside_pictures__class_from_the_folder_soft_edges(self, tmp_path):
        for number, kind in enumerate(("MT_Crack", "MT_Fray", "MT_Free")):
            mask = np.zeros((30, 40), dtype=np.uint8)
            if kind != "MT_Free":
                mask[4:15, 5:20] = 90  # the border of a mask that was saved with loss
                mask[5:14, 6 : 19 - number] = 200
            picture(tmp_path / f"set/{kind}/Imgs/x{number}.jpg", 40, 30)
            assert cv2.imwrite(str(tmp_path / f"set/{kind}/Imgs/x{number}.png"), mask)
        rule = ReadRule(mask_suffix=".png", class_from="folder", mask_threshold=128)
        done = convert(tmp_path / "set", tmp_path / "out", from_="mask", rule=rule)
        assert done.class_names == ("MT_Crack", "MT_Fray")
        assert (done.report["objects"], done.report["without_objects"]) == ({"train": {"MT_Crack": 1, "MT_Fray": 1}}, 1)
        assert not done.problems
        file = tmp_path / "out/labels/train/MT_Fray/x1.txt"
        drawn = draw_mask(read_yolo(file, done.class_names, (40, 30))[0], done.class_names)
        right = np.zeros((30, 40), dtype=np.uint8)
        right[5:14, 6:18] = 2
        np.testing.assert_array_equal(drawn, right)

    def test_one_class__masks_of_another_ending(self, tmp_path):
        mask = np.zeros((10, 20), dtype=np.uint8)
        mask[2:5, 3:9] = 255
        picture(tmp_path / "set/a.png")
        assert cv2.imwrite(str(tmp_path / "set/a_mask.png"), mask)
        rule = ReadRule(mask_suffix="_mask.png", mask_threshold=1)
        done = convert(tmp_path / "set", tmp_path / "out", from_="mask", names=("rust",), rule=rule)
        assert done.report["objects"] == {"train": {"rust": 1}}
        with pytest.raises(InputError, match="leaves one class"):
            convert(tmp_path / "set", tmp_path / "two", from_="mask", names=("rust", "dent"), rule=rule)

    @pytest.mark.parametrize("kind", ["voc", "labelme", "mask", "class-masks", "yolo", "yolo-data", "xyxy", "coco"])
    def test_nothing_pairs__nothing_written(self, tmp_path, kind):
        source = tmp_path / "set"
        for name in ("a", "b", "c"):
            picture(source / f"images/train/{name}.png")
        if kind == "coco":
            images = [{"id": n, "file_name": f"{n}.png", "width": 20, "height": 10} for n in range(3)]
            text(source / "all.json", json.dumps({"images": images, "annotations": [], "categories": []}))
        elif kind in ("mask", "class-masks"):
            for name in ("x", "y", "z"):
                picture(source / f"masks/rust/{name}.png", value=1)
        else:
            ending = {"voc": "xml", "labelme": "json"}.get(kind, "txt")
            for name in ("a", "y", "z"):  # one of three
                text(source / f"labels/train/{name}.{ending}", "")
        if kind == "yolo-data":
            text(
                source / "data.yaml", yaml.safe_dump({"path": str(source), "train": "images/train", "names": ["rust"]})
            )
        names = ("rust",) if kind in ("mask", "yolo", "xyxy") else None
        rule = ReadRule(unlabelled="good")
        with pytest.raises(InputError, match=r"(2|3) of 3 .*nothing is written"):
            convert(source, tmp_path / "out", from_=kind.removesuffix("-data"), names=names, rule=rule)
        assert not (tmp_path / "out").exists()

    def test_turned_boxes__refused_with_the_reason(self, tmp_path):
        with pytest.raises(InputError, match="dota is not read: its boxes are turned"):
            convert(tmp_path, tmp_path / "out", from_="dota")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"unlabelled": "bad"}, "unlabelled: 'bad' is not one of good, leave-out"),
        ({"class_from": "name"}, "class-from: 'name' is not one of"),
        ({"columns": ("x1", "y1", "x2", "class")}, "columns x1,y1,x2,class: y2 is to stand there once"),
        ({"columns": ("x1", "y1", "x2", "y2", "y2")}, "y2 is to stand there once"),
        ({"mask_threshold": 0}, "mask-threshold: a value from 1 to 255, not 0"),
    ],
)
def test_bad_rule__one_line(given, says):
    with pytest.raises(InputError, match=says):
        ReadRule(**given)


class TestRoundTrip:
    @_FEW
    @given(st.lists(masks(3), min_size=1, max_size=3))
    def test_masks_to_yolo_to_coco_to_yolo__pixels(self, drawn):
        """Holes, parts and classes survive every step: the labels of the end draw the masks of the beginning."""
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            for number, mask in enumerate(drawn):
                picture(folder / f"0/images/{number}.png", mask.shape[1], mask.shape[0])
                (folder / "0/masks").mkdir(exist_ok=True)
                cv2.imwrite(str(folder / f"0/masks/{number}.png"), mask)
            chain = (("mask", "yolo"), ("yolo", "coco"), ("coco", "yolo"))
            for step, (kind, to) in enumerate(chain):
                done = convert(folder / str(step), folder / str(step + 1), from_=kind, to=to, names=_NAMES)
                assert done.problems == []
            for number, mask in enumerate(drawn):
                label = folder / f"3/labels/train/{number}.txt"
                found, problems = read_yolo(label, _NAMES, (mask.shape[1], mask.shape[0]))
                assert problems == []
                np.testing.assert_array_equal(draw_mask(found, _NAMES), mask)

    @_FEW
    @given(masks(3))
    def test_labelme_to_coco__pixels(self, mask):
        before = annotate_mask(mask, _NAMES, "a.png")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            picture(folder / "set/a.png", mask.shape[1], mask.shape[0])
            text(folder / "set/a.json", write_labelme(before))
            convert(folder / "set", folder / "coco", from_="labelme", to="coco", names=_NAMES)
            read = read_coco_folder(folder / "coco")
        [item] = read.items
        assert read.problems == []
        np.testing.assert_array_equal(draw_mask(item.annotation, _NAMES), mask)
        assert len(item.annotation.objects) == len(before.objects)

    @_FEW
    @given(masks(3))
    def test_class_masks_to_yolo__pixels(self, mask):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            picture(folder / "set/images/a.png", mask.shape[1], mask.shape[0])
            for value, name in enumerate(_NAMES, start=1):
                (folder / "set/masks" / name).mkdir(parents=True)
                cv2.imwrite(str(folder / "set/masks" / name / "a.png"), np.uint8(255) * (mask == value))
            convert(folder / "set", folder / "yolo", from_="class-masks", names=_NAMES)
            label = folder / "yolo/labels/train/a.txt"
            found, _ = read_yolo(label, _NAMES, (mask.shape[1], mask.shape[0]))
        np.testing.assert_array_equal(draw_mask(found, _NAMES), mask)

    @_FEW
    @given(st.lists(st.tuples(*(st.integers(0, 99),) * 2, *(st.integers(1, 100),) * 2), max_size=6, unique=True))
    def test_voc_to_coco_to_yolo__whole_pixels(self, corners):
        """Boxes of whole pixels survive exactly, VOC's 1-based corners included."""
        boxes = [Box(x, y, min(x + w, 100), min(y + h, 100)) for x, y, w, h in corners]
        boxes = list(dict.fromkeys(boxes))
        objects = "".join(voc_object("rust", (int(b.x1) + 1, int(b.y1) + 1, int(b.x2), int(b.y2))) for b in boxes)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            picture(folder / "0/a.png", 100, 100)
            text(folder / "0/a.xml", voc(objects))
            convert(folder / "0", folder / "1", from_="voc", to="coco", names=("rust",))
            done = convert(folder / "1", folder / "2", from_="coco", names=("rust",))
            label = (folder / "2/labels/train/a.txt").read_text()
        assert done.problems == []
        expected = Annotation("a.png", 100, 100, tuple(DefectObject("rust", box) for box in boxes))
        assert label == write_yolo(expected, ("rust",))


class TestMaskReader:
    def test_same_objects_as_read_alone(self, tmp_path):
        mask = np.zeros((10, 20), dtype=np.uint8)
        mask[2:5, 3:9] = 1
        picture(tmp_path / "set/images/a.png")
        (tmp_path / "set/masks").mkdir()
        cv2.imwrite(str(tmp_path / "set/masks/a.png"), mask)
        convert(tmp_path / "set", tmp_path / "yolo", from_="mask", names=("x",))
        alone, _ = read_mask(tmp_path / "set/masks/a.png", ("x",))
        assert (tmp_path / "yolo/labels/train/a.txt").read_text() == write_yolo(alone, ("x",), segments=True)
