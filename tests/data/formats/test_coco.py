"""COCO files: written, read, damaged."""

import json

import numpy as np
import pytest
from hypothesis import given

from lidd_yolo.data.formats.coco import decode_rle, read_coco, write_coco
from lidd_yolo.data.formats.masks import annotate_mask, draw_mask
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.outline import fill_rings
from tests.helpers.masks import PROPERTY, masks, square
from tests.helpers.run_lengths import as_text, run_lengths

_NAMES = ("inclusion", "patches", "scratches")
_OUTER = ((0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0))
_HOLE = ((4.0, 3.0), (6.0, 3.0), (6.0, 5.0), (4.0, 5.0))
_PART = ((13.0, 1.0), (15.0, 1.0), (15.0, 2.0), (13.0, 2.0))


@pytest.fixture
def read(tmp_path):
    def _read(content):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "all.json").write_text(text, encoding="utf-8")
        return read_coco(tmp_path / "all.json")[:2]

    return _read


def _file(*annotations, images=({"id": 7, "file_name": "steel/a.jpg", "width": 20, "height": 10},)):
    categories = [{"id": 3, "name": "scratches"}, {"id": 1, "name": "patches"}]
    return {"images": list(images), "annotations": list(annotations), "categories": categories}


def _entry(**facts):
    return {"id": 1, "image_id": 7, "category_id": 3, **facts}


class TestWriteCoco:
    def test_hand_computed(self):
        thing = DefectObject("patches", Box(0, 0, 15, 8), (_OUTER, _HOLE, _PART))
        box = DefectObject("inclusion", Box(1, 2, 4, 6.5))
        content = json.loads(
            write_coco([Annotation("a.jpg", 20, 10), Annotation("b.jpg", 20, 10, (thing, box))], _NAMES)
        )
        assert content["categories"] == [{"id": k, "name": name} for k, name in enumerate(_NAMES, start=1)]
        assert content["images"][1] == {"id": 2, "file_name": "b.jpg", "width": 20, "height": 10}
        first, second = content["annotations"]
        assert (first["image_id"], first["category_id"], first["bbox"]) == (2, 2, [0, 0, 15, 8])
        assert first["area"] == 80 - 4 + 2
        assert [len(part) for part in first["segmentation"]] == [2 * (4 + 4 + 3), 2 * 4]
        assert (second["bbox"], second["segmentation"], second["area"]) == ([1, 2, 3, 4.5], [], 13.5)

    def test_unknown_class(self):
        with pytest.raises(ValueError, match=r"a\.jpg: class 'rust' is none of inclusion"):
            write_coco([Annotation("a.jpg", 8, 8, (DefectObject("rust", Box(0, 0, 1, 1)),))], _NAMES)


class TestReadCoco:
    def test_box__hand_computed(self, read):
        expected = DefectObject("scratches", Box(2, 1, 6, 4))
        assert read(_file(_entry(bbox=[2, 1, 4, 3]))) == ([Annotation("steel/a.jpg", 20, 10, (expected,))], [])

    def test_polygons__parts_and_their_box(self, read):
        flat = [[number for corner in ring for number in corner] for ring in (_OUTER, _PART)]
        [annotation], problems = read(_file(_entry(segmentation=flat)))
        assert problems == []
        assert annotation.objects == (DefectObject("scratches", Box(0, 0, 15, 8), (_OUTER, _PART)),)

    def test_polygons__overlapping_are_a_union(self, read):
        """Two squares of 5 x 5 pixels, borders included, share 2 x 2; a third lies inside the first."""
        squares = [[0, 0, 4, 0, 4, 4, 0, 4], [3, 3, 7, 3, 7, 7, 3, 7], [1, 1, 2, 1, 2, 2, 1, 2]]
        [annotation], problems = read(_file(_entry(segmentation=squares)))
        assert problems == []
        assert fill_rings(annotation.objects[0].polygons, 20, 10).sum() == 25 + 25 - 4

    def test_beside_the_objects__their_places_lost_ones_and_names_as_stated(self, tmp_path, read):
        images = [{"id": key, "file_name": f"{key}.jpg", "width": 20, "height": 10} for key in (7, 8, 9)]
        lost = [_entry(image_id=9, bbox=[1, 1, 0, 2]), _entry(image_id=9, iscrowd=1)]
        read(_file(*lost, _entry(bbox=[1, 1, 2, 2]), images=[*images, {"file_name": "../x.jpg"}]))
        file = read_coco(tmp_path / "all.json")
        assert [str(item.place) for item in file.annotations[0].objects] == ["annotation 3"]
        assert file.emptied == {2}
        assert file.file_names == {1: "7.jpg", 2: "8.jpg", 3: "9.jpg", 4: "../x.jpg"}

    @pytest.mark.parametrize("compress", [list, as_text])
    def test_run_lengths__hole_kept(self, read, compress):
        mask = square(1, 1, 8, 1, size=20)[:10]
        mask[3:5, 4:6] = 0
        [annotation], problems = read(
            _file(_entry(segmentation={"size": [10, 20], "counts": compress(run_lengths(mask))}))
        )
        [item] = annotation.objects
        assert (problems, item.box, len(item.polygons)) == ([], Box(1, 1, 9, 9), 2)
        np.testing.assert_array_equal(fill_rings(item.polygons, 20, 10), mask)

    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            (_entry(), "neither box nor outline"),
            (_entry(iscrowd=1, bbox=[1, 1, 2, 2]), "crowd"),
            (_entry(bbox=[1, 1, 0, 2]), "0 pixels wide"),
            (_entry(bbox=[1, 1, 2]), "ValueError"),
            (_entry(bbox=[30, 1, 2, 2]), "outside"),
            (_entry(bbox="abcd"), "ValueError"),
            (_entry(bbox=[float("nan"), 1, 1, 1]), "not finite"),
            (_entry(image_id=8, bbox=[1, 1, 2, 2]), "there is no image 8"),
            (_entry(image_id=[], bbox=[1, 1, 2, 2]), "[] is no id"),
            (_entry(category_id=2, bbox=[1, 1, 2, 2]), "there is no category 2"),
            (_entry(segmentation=[[1, 1, 2, 2]], bbox=[1, 1, 2, 2]), "an outline of 2 corners"),
            (_entry(segmentation=[[1, 1, 2, 2, 3]]), "ValueError"),
            (_entry(segmentation={"size": [10, 20], "counts": [5, 5]}), "do not add up"),
            (_entry(segmentation={"size": [20, 10], "counts": [200]}), "of size"),
            (_entry(segmentation={"size": [10, 20], "counts": [200]}), "empty"),
            (_entry(segmentation={"counts": [200]}), "KeyError"),
            (_entry(segmentation=5), "TypeError"),
            (_entry(segmentation=[[1, 1, 5, 1, 5, 5]], bbox=[10, 6, 4, 3]), "its box and its outline do not meet"),
            ("text", "TypeError"),
            (None, "TypeError"),
        ],
    )
    def test_damaged_object__named_the_others_stay(self, read, entry, reason):
        [annotation], [problem] = read(_file(entry, _entry(bbox=[2, 1, 4, 3])))
        assert [item.box for item in annotation.objects] == [Box(2, 1, 6, 4)]
        assert (problem.where, problem.repaired) == ("annotation 1", False)
        assert reason in problem.reason

    def test_outline_over_the_edge__is_no_excuse_for_the_box(self, read):
        entry = _entry(segmentation=[[-1, 1, 5, 1, 5, 5]], bbox=[1, 1, 0, 2])
        [annotation], problems = read(_file(entry))
        assert annotation.objects == ()
        assert [(p.kind, p.repaired) for p in problems] == [("over-edge", True), ("no-size", False)]

    def test_outline_and_box_over_the_edge__said_once(self, read):
        entry = _entry(segmentation=[[-1, 1, 5, 1, 5, 5]], bbox=[-1, 1, 6, 4])
        [annotation], [problem] = read(_file(entry))
        assert annotation.objects[0].box == Box(0, 1, 5, 5)
        assert problem.kind == "over-edge"

    def test_damaged_images__named(self, read):
        good = {"id": 1, "file_name": "..\\steel\\a.jpg", "width": 20, "height": 10}
        bad = [{**good, "width": 0, "id": 2}, {**good, "height": "x", "id": 3}, {"id": 4}, good, {**good, "id": []}, 5]
        annotations, problems = read(_file(images=[good, *bad]))
        assert annotations == [Annotation("../steel/a.jpg", 20, 10)]
        assert [p.where for p in problems] == [f"image {k}" for k in range(2, 8)]

    def test_category_id_of_two_names__refused_with_both(self, read):
        content = _file(_entry(bbox=[1, 1, 2, 2]))
        content["categories"].append({"id": "3", "name": "hole"})
        annotations, [problem] = read(content)
        assert annotations is None
        assert problem.reason == "category 3 is both 'scratches' and 'hole'"
        assert problem.where == ""

    @pytest.mark.parametrize("category", [{"id": 5}, {"id": 5, "name": None}, {"id": 5, "name": " "}, {"name": "x"}, 5])
    def test_category_without_name_or_id__its_objects_left_out(self, read, category):
        content = _file(_entry(bbox=[1, 1, 2, 2]), _entry(category_id=5, bbox=[1, 1, 2, 2]))
        content["categories"] += [category, {"id": 1, "name": "patches"}]
        [annotation], problems = read(content)
        assert [item.class_name for item in annotation.objects] == ["scratches"]
        assert [(p.where, p.repaired) for p in problems] == [("category 3", False), ("annotation 2", False)]
        assert "there is no category 5 with a name" in problems[1].reason

    def test_image_id_of_two_pictures__both_left_out(self, read):
        images = [{"id": k, "file_name": f"{n}.jpg", "width": 20, "height": 10} for n, k in enumerate((7, "7", 8))]
        annotations, problems = read(_file(_entry(bbox=[1, 1, 2, 2]), images=images))
        assert [annotation.image for annotation in annotations] == ["2.jpg"]
        assert [(p.where, p.repaired) for p in problems] == [("image 2", False), ("annotation 1", False)]
        assert problems[0].reason == "1.jpg has the id 7 of 0.jpg"
        assert "several images have the id 7" in problems[1].reason

    def test_key_twice__refused_unless_both_say_the_same(self, read):
        text = json.dumps(_file(_entry(bbox=[1, 1, 2, 2])))
        annotations, [problem] = read(text.replace('"category_id": 3', '"category_id": 3, "category_id": 1'))
        assert annotations is None
        assert "the key 'category_id' stands twice in one object, with different values" in problem.reason
        same = text.replace('"category_id": 3', '"category_id": 3, "category_id": 3')
        assert read(same) == read(text)

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"images": [], "annotations": {}}', "[" * 100_000])
    def test_no_coco_file(self, read, text):
        annotations, [problem] = read(text)
        assert annotations is None
        assert not problem.repaired

    def test_missing_file(self, tmp_path):
        assert read_coco(tmp_path / "none.json")[0] is None

    @PROPERTY
    @given(masks(3))
    def test_round_trip__pixels_and_boxes(self, tmp_path_factory, mask):
        path = tmp_path_factory.getbasetemp() / "coco_round_trip.json"
        before = annotate_mask(mask, _NAMES, "a.png")
        path.write_text(write_coco([before], _NAMES), encoding="utf-8")
        [after], problems = read_coco(path)[:2]
        assert problems == []
        np.testing.assert_array_equal(draw_mask(after, _NAMES), mask)
        assert [(o.class_name, o.box) for o in after.objects] == [(o.class_name, o.box) for o in before.objects]


class TestDecodeRle:
    def test_hand_computed__column_by_column(self):
        expected = [[0, 1, 0], [1, 1, 0]]
        np.testing.assert_array_equal(decode_rle([1, 3, 2], 3, 2), expected)
        np.testing.assert_array_equal(decode_rle("132", 3, 2), expected)

    def test_text__of_the_mask_api(self):
        # pycocotools 2.0.11: encode(np.asfortranarray(expected))["counts"]
        text = f"e<i0?{'0' * 18}^OC9=GC9=GC9=9{'0' * 52}[<"
        expected = np.zeros((40, 60), dtype=np.uint8)
        expected[5:30, 10:50] = 1
        expected[12:14, 20:23] = 0
        assert as_text(run_lengths(expected)) == text
        np.testing.assert_array_equal(decode_rle(text, 60, 40), expected)

    @PROPERTY
    @given(masks(1))
    def test_round_trip__numbers_and_text(self, mask):
        lengths = run_lengths(mask)
        for counts in (lengths, as_text(lengths)):
            np.testing.assert_array_equal(decode_rle(counts, mask.shape[1], mask.shape[0]), mask)

    @pytest.mark.parametrize(
        ("counts", "reason"),
        [
            ([1, 3], "do not add up to 3x2"),
            ([-1, 7], "do not add up"),
            ([], "do not add up"),
            ("13~", "hold the character '~'"),
            ("13 ", "hold the character ' '"),
            ("13P", "end within a number"),
        ],
    )
    def test_damaged(self, counts, reason):
        with pytest.raises(ValueError, match=reason):
            decode_rle(counts, 3, 2)

    def test_huge__no_memory_taken(self):
        with pytest.raises(ValueError, match="larger than"):
            decode_rle([10**10], 10**5, 10**5)
