"""labelme files: written, read, damaged."""

import json

import numpy as np
import pytest
from hypothesis import given

from lidd_yolo.data.formats.labelme import read_labelme
from lidd_yolo.data.formats.masks import annotate_mask, draw_mask
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.labels.outline import fill_rings
from tests.helpers.labelme import write_labelme
from tests.helpers.masks import PROPERTY, masks
from tests.helpers.releases import release

_NAMES = ("inclusion", "patches", "scratches")
_OUTER = ((0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0))
_PART = ((13.0, 1.0), (15.0, 1.0), (15.0, 2.0), (13.0, 2.0))


@pytest.fixture
def read(tmp_path):
    def _read(content, *args, **kwargs):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
        return read_labelme(tmp_path / "a.json", *args, **kwargs)

    return _read


def _file(*shapes, **facts):
    return {"imagePath": "..\\images\\a.jpg", "imageWidth": 20, "imageHeight": 10, "shapes": list(shapes), **facts}


def _shape(points, kind="polygon", group=None, label="patches"):
    return {"label": label, "points": points, "group_id": group, "shape_type": kind}


class TestWriteLabelme:
    def test_parts_share_a_group_and_boxes_are_rectangles(self):
        objects = (DefectObject("a", Box(0, 0, 15, 8), (_OUTER, _PART)), DefectObject("b", Box(1, 2, 3, 4)))
        content = json.loads(write_labelme(Annotation("a.jpg", 20, 10, objects)))
        assert (content["imagePath"], content["imageWidth"], content["imageHeight"]) == ("a.jpg", 20, 10)
        assert [(s["label"], s["shape_type"], s["group_id"]) for s in content["shapes"]] == [
            ("a", "polygon", 0),
            ("a", "polygon", 0),
            ("b", "rectangle", None),
        ]
        assert content["shapes"][2]["points"] == [[1, 2], [3, 4]]


class TestReadLabelme:
    def test_polygon_and_rectangle__hand_computed(self, read):
        annotation, problems = read(_file(_shape(_OUTER), _shape([[5, 6], [2, 3]], "rectangle", label="b")))
        assert problems == []
        expected = (DefectObject("patches", Box(0, 0, 10, 8), (_OUTER,)), DefectObject("b", Box(2, 3, 5, 6)))
        assert annotation == Annotation("a.jpg", 20, 10, expected)

    def test_group__overlap_is_no_hole(self, read):
        inside = ((2.0, 2.0), (5.0, 2.0), (5.0, 5.0), (2.0, 5.0))
        annotation, problems = read(_file(_shape(_OUTER, group=1), _shape(inside, group=1)))
        assert problems == []
        [thing] = annotation.objects
        np.testing.assert_array_equal(fill_rings(thing.polygons, 20, 10), fill_rings([_OUTER], 20, 10))

    def test_group__one_object_of_each_class(self, read):
        shapes = [_shape(_OUTER, group=4), _shape(_PART, group=4), _shape(_PART, group=4, label="b"), _shape(_PART)]
        annotation, _ = read(_file(*shapes, _shape([[16, 5], [18, 7]], "rectangle", group=4)))
        first, second, third = annotation.objects
        assert (first.class_name, first.box, len(first.polygons)) == ("patches", Box(0, 0, 18, 8), 3)
        assert (second.class_name, second.polygons) == ("b", (_PART,))
        assert (third.class_name, third.polygons) == ("patches", (_PART,))

    @pytest.mark.parametrize(("width", "rows"), [(1, [4]), (3, [3, 4, 5])])
    def test_line__of_a_width(self, read, width, rows):
        annotation, problems = read(_file(_shape([[5, 4], [15, 4]], "line")), line_width=width)
        [item] = annotation.objects
        drawn = fill_rings(item.polygons, 20, 10)
        assert problems == []
        assert np.flatnonzero(drawn[:, 10]).tolist() == rows
        assert drawn[rows, 5:16].all()

    def test_line_over_the_edge__noted(self, read):
        annotation, [problem] = read(_file(_shape([[5, 4], [10, 4], [99, 4]], "linestrip")), line_width=1)
        assert annotation.objects[0].box.x2 == 20
        assert problem.repaired

    def test_size__the_pictures_own_counts(self, read):
        annotation, [problem] = read(_file(_shape([[25, 4], [30, 4], [30, 9]])), (40, 30))
        assert (annotation.width, annotation.height, len(annotation.objects)) == (40, 30, 1)
        assert (problem.reason, problem.repaired) == ("it says the picture is 20x10", True)

    @pytest.mark.parametrize("stated", [{"imageWidth": None, "imageHeight": None}, {"imageWidth": None}])
    def test_size__not_stated(self, read, stated):
        content = _file(_shape(_OUTER), **stated)
        annotation, [problem] = read(content, (20, 10))
        assert (annotation.width, annotation.height, len(annotation.objects)) == (20, 10, 1)
        assert (problem.kind, problem.reason) == ("no-stated-size", "it states no usable imageWidth and imageHeight")
        assert "None" not in read(content)[1][0].reason

    def test_places__number_of_the_shape_in_the_file(self, read):
        annotation, _ = read(_file(_shape([]), _shape(_OUTER, group=1), _shape(_PART), _shape(_PART, group=1)))
        assert [str(item.place) for item in annotation.objects] == ["shape 2", "shape 3"]

    @pytest.mark.parametrize(
        ("shape", "reason"),
        [
            (_shape([[1, 1], [2, 2]]), "an outline of 2 corners"),
            (_shape([]), "an outline of 0 corners"),
            (_shape([[1, 1], [2, 2], [3]]), "ValueError"),
            (_shape([[1, 1], [2, 2], ["x", 3]]), "ValueError"),
            (_shape([], "rectangle"), "ValueError"),
            (_shape([], "line"), "ValueError"),
            (_shape([[30, 4], [40, 4]], "line"), "outside"),
            (_shape([[float("nan"), 4], [40, 4]], "line"), "not finite"),
            (_shape([[1e300, 4], [-1e300, float("inf")]], "linestrip"), "not finite"),
            (_shape([[5, 5]], "point"), "shape_type 'point'"),
            (_shape([[5, 5], [7, 7]], "circle"), "shape_type 'circle'"),
            ({"points": [[1, 1]]}, "KeyError: 'label'"),
            (_shape(_OUTER, label=None), "None is no label"),
            (_shape(_OUTER, label=" "), "' ' is no label"),
            (_shape(_OUTER, label=["a"]), "['a'] is no label"),
            (5, "TypeError"),
            (None, "TypeError"),
        ],
    )
    def test_damaged_shape__named_the_others_stay(self, read, shape, reason):
        annotation, [problem] = read(_file(shape, _shape(_OUTER)))
        assert [item.polygons for item in annotation.objects] == [(_OUTER,)]
        assert (problem.where, problem.repaired) == ("shape 1", False)
        assert reason in problem.reason

    @pytest.mark.parametrize(
        "content",
        [
            *("", "{", "[]", "{}", '{"shapes": 5}', "[" * 100_000),
            _file(imageWidth=0),
            _file(imageWidth="20"),
            _file(imageHeight=True),
            _file(imageWidth=10**9, imageHeight=10**9),
        ],
    )
    def test_no_usable_file(self, read, content):
        annotation, [problem] = read(content)
        assert annotation is None
        assert not problem.repaired

    def test_missing_file(self, tmp_path):
        assert read_labelme(tmp_path / "none.json")[0] is None

    @PROPERTY
    @given(masks(3))
    def test_round_trip__pixels(self, tmp_path_factory, mask):
        path = tmp_path_factory.getbasetemp() / "labelme_round_trip.json"
        before = annotate_mask(mask, _NAMES, "a.png")
        path.write_text(write_labelme(before), encoding="utf-8")
        after, problems = read_labelme(path)
        assert problems == []
        np.testing.assert_array_equal(draw_mask(after, _NAMES), mask)
        assert [item.class_name for item in after.objects] == [item.class_name for item in before.objects]

    def test_real_files__all_shapes_read(self):
        files = sorted((release("aluminium-sheet") / "json").glob("*.json"))
        found = [read_labelme(path) for path in files]
        assert len(found) > 0
        assert [p for _, problems in found for p in problems if not p.repaired] == []
