"""Patterns that pair pictures and annotation files."""

import pytest

from lidd_yolo.data.readers.pair_pattern import PairPattern
from lidd_yolo.errors import InputError
from tests.helpers.folders import picture, text

BOARDS = "{folder}/{stem}_test.jpg = {folder}_not/{stem}.txt"


def _places(pairing, source):
    below = {path: path.relative_to(source).as_posix() for path in source.rglob("*")}
    return {below[path]: label and below[label] for path, label in pairing.labels.items()}


class TestPair:
    def test_parallel_folder__templates_do_not_fit(self, tmp_path):
        for kind in ("test", "temp"):
            picture(tmp_path / f"group/00041/00041000_{kind}.jpg")
        text(tmp_path / "group/00041_not/00041000.txt", "")
        text(tmp_path / "group/00041_not/00041001.txt", "")
        text(tmp_path / "readme.txt", "")
        pairing, others = PairPattern(BOARDS).pair(tmp_path, [".txt"])
        assert _places(pairing, tmp_path) == {"group/00041/00041000_test.jpg": "group/00041_not/00041000.txt"}
        assert [path.name for path in others] == ["00041000_temp.jpg"]
        assert {path.name: named for path, named in pairing.alone.items()} == {"00041001.txt": []}

    def test_two_pictures_of_one_file__none_has_it(self, tmp_path):
        for folder in ("a", "b"):
            picture(tmp_path / folder / "1.png")
        text(tmp_path / "labels/1.txt", "")
        pairing, _ = PairPattern("{folder}/{stem}.png = labels/{stem}.txt").pair(tmp_path, [".txt"])
        assert set(pairing.labels.values()) == {None}
        assert [len(named) for named in pairing.alone.values()] == [2]

    def test_annotation_is_a_picture__not_paired_with_itself(self, tmp_path):
        for name in ("x.jpg", "x.png"):
            picture(tmp_path / "MT_Crack/Imgs" / name)
        pairing, others = PairPattern("{folder}/{stem}.jpg = {folder}/{stem}.png").pair(tmp_path, [".png", ".jpg"])
        assert (_places(pairing, tmp_path), others) == ({"MT_Crack/Imgs/x.jpg": "MT_Crack/Imgs/x.png"}, [])

    def test_special_letters__are_themselves(self, tmp_path):
        picture(tmp_path / "a+(1)/x.y.png")
        picture(tmp_path / "a+(1)/xzy.png")
        text(tmp_path / "a+(1)/x.y.txt", "")
        pairing, others = PairPattern("a+(1)/{n}.y.png = a+(1)/{n}.y.txt").pair(tmp_path, [".txt"])
        assert _places(pairing, tmp_path) == {"a+(1)/x.y.png": "a+(1)/x.y.txt"}
        assert [path.name for path in others] == ["xzy.png"]


@pytest.mark.parametrize(
    ("text_", "says"),
    [
        ("", "write PICTURE = ANNOTATION"),
        ("{a}.png", "write PICTURE = ANNOTATION"),
        ("a.png = a.txt", "write PICTURE = ANNOTATION"),
        ("{a}.png = {a}.txt = {a}.xml", "write PICTURE = ANNOTATION"),
        ("{a}.png = {b}.txt", r"\{b\} stands on the right alone"),
        ("{a}}.png = {a}.txt", "a brace without its partner"),
        ("{1}.png = {1}.txt", "write PICTURE = ANNOTATION"),
    ],
)
def test_bad_pattern__one_line_with_an_example(text_, says):
    with pytest.raises(InputError, match=says) as caught:
        PairPattern(text_)
    assert "{folder}/{stem}_test.jpg" in str(caught.value)
    assert "\n" not in str(caught.value)
