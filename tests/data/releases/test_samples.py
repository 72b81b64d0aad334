"""Pictures of a release paired with their annotations and read, and enlarged before they are split."""

import cv2
import numpy as np
import pytest

from lidd_yolo.data.enlarge.change import Change, change_picture, draw_change
from lidd_yolo.data.labels.annotation import Annotation, Box, DefectObject
from lidd_yolo.data.releases.samples import (
    VOC,
    AnnotationKind,
    Part,
    Sample,
    enlarge_samples,
    place_copies,
    read_release,
    release_parts,
)
from lidd_yolo.errors import InputError
from tests.helpers.plates import voc, voc_object, write_release

_NAMES = ("crazing", "scratches")


@pytest.fixture
def folders(tmp_path):
    write_release(tmp_path, plates=3)
    return [
        Part(tmp_path / "IMAGES", tmp_path / "ANNOTATIONS"),
        Part(tmp_path / "Validation_Images", tmp_path / "Validation_Annotations"),
    ]


class TestReadRelease:
    def test_clean__all_in_order_of_names(self, folders):
        samples, problems = read_release(folders, _NAMES, VOC)
        names = [f"crazing_{k}.jpg" for k in (0, 1, 2, 6, 7, 8)] + [f"scratches_{k}.jpg" for k in (3, 4, 5)]
        assert [sample.path.name for sample in samples] == names
        assert problems == []
        first = samples[0]
        assert first.data == first.path.read_bytes()
        assert first.gray.shape == (100, 100)
        assert (first.name, first.source) == ("crazing_0.jpg", folders[0].annotations / "crazing_0.xml")
        assert first.annotation == Annotation("crazing_0.jpg", 100, 100, (DefectObject("crazing", Box(0, 1, 50, 100)),))

    def test_filename_and_class__picture_name_does_not_count(self, folders):
        (folders[0][1] / "crazing_0.xml").write_text(voc(voc_object("scratches", (1, 1, 9, 9)), filename="crazing_5"))
        samples, problems = read_release(folders, _NAMES, VOC)
        assert samples[0].annotation.image == "crazing_0.jpg"
        assert samples[0].annotation.objects[0].class_name == "scratches"
        assert problems == []

    def test_bad_files__the_others_stay(self, folders):
        images, xmls, _ = folders[0]
        (images / "crazing_0.jpg").unlink()
        (xmls / "crazing_1.xml").unlink()
        (images / "crazing_2.jpg").write_bytes(b"no picture")
        (images / "scratches_3.jpg").write_bytes(b"")
        (xmls / "scratches_4.xml").write_text("<annotation><object>")
        samples, problems = read_release(folders, _NAMES, VOC)
        assert [s.path.stem for s in samples] == ["crazing_6", "crazing_7", "crazing_8", "scratches_5"]
        assert [(p.file.name, p.reason.split(" (")[0]) for p in problems] == [
            ("crazing_0.xml", "it has no picture"),
            ("crazing_1.jpg", "it has no XML file"),
            ("crazing_2.jpg", "it cannot be decoded as a picture"),
            ("scratches_3.jpg", "it cannot be decoded as a picture"),
            ("scratches_4.xml", "damaged XML"),
        ]
        assert not any(p.repaired for p in problems)

    def test_unknown_class__left_out_and_named(self, folders):
        objects = voc_object("rust", (1, 1, 9, 9)) + voc_object("crazing", (1, 1, 9, 9))
        (folders[0][1] / "crazing_0.xml").write_text(voc(objects))
        samples, [problem] = read_release(folders, _NAMES, VOC)
        assert [o.class_name for o in samples[0].annotation.objects] == ["crazing"]
        assert problem.reason == "class 'rust' is none of crazing, scratches"

    def test_no_usable_object__picture_is_not_taken_for_good_steel(self, folders):
        (folders[0][1] / "crazing_0.xml").write_text(voc(voc_object("crazing", (9, 9, 1, 1))))
        samples, problems = read_release(folders, _NAMES, VOC)
        assert samples[0].path.stem == "crazing_1"
        assert [p.file.name for p in problems] == ["crazing_0.xml", "crazing_0.jpg"]

    def test_no_object__picture_of_good_steel_stays(self, folders):
        (folders[0][1] / "crazing_0.xml").write_text(voc(""))
        samples, problems = read_release(folders, _NAMES, VOC)
        assert samples[0].annotation == Annotation("crazing_0.jpg", 100, 100)
        assert problems == []

    def test_duplicate_object__kept_once_and_noted(self, folders):
        (folders[0][1] / "crazing_0.xml").write_text(voc(voc_object("crazing", (1, 1, 9, 9)) * 3))
        samples, [problem] = read_release(folders, _NAMES, VOC)
        assert len(samples[0].annotation.objects) == 1
        assert problem.repaired
        assert problem.reason == "2 objects with the same class and box as another"

    def test_same_name_twice__first_counts(self, folders):
        images, xmls, _ = folders[0]
        (images / "crazing_0.png").write_bytes((images / "crazing_0.jpg").read_bytes())
        (folders[1][0] / "crazing_1.jpg").write_bytes((images / "crazing_1.jpg").read_bytes())
        (folders[1][1] / "crazing_1.xml").write_bytes((xmls / "crazing_1.xml").read_bytes())
        samples, problems = read_release(folders, _NAMES, VOC)
        assert [s.path.parent.name for s in samples if s.path.stem == "crazing_1"] == ["IMAGES"]
        assert len(samples) == 9
        assert [p.file for p in problems] == [images / "crazing_0.png", folders[1][0] / "crazing_1.jpg"]

    def test_prefix__keeps_equal_names_apart(self, folders):
        images, xmls, _ = folders[0]
        samples, problems = read_release([Part(images, xmls, "a_"), Part(images, xmls, "b_")], _NAMES, VOC)
        assert [s.name for s in samples[:2]] == ["a_crazing_0.jpg", "a_crazing_1.jpg"]
        assert (len({s.name for s in samples}), problems) == (12, [])

    def test_other_kind__its_ending_name_and_reader(self, folders):
        images, xmls, _ = folders[0]
        for path in xmls.iterdir():
            path.rename(path.with_suffix(".txt"))
        (xmls / "crazing_1.txt").unlink()
        seen = []

        def read(path, size):
            seen.append((path.name, size))
            return Annotation("whatever", *size), []

        samples, [problem] = read_release([Part(images, xmls)], _NAMES, AnnotationKind("text", ".txt", read))
        assert [s.annotation for s in samples[:1]] == [Annotation("crazing_0.jpg", 100, 100)]
        assert seen[0] == ("crazing_0.txt", (100, 100))
        assert problem.reason == "it has no text"

    def test_nothing__first_problem_named(self, tmp_path):
        (tmp_path / "images").mkdir()
        (tmp_path / "xmls").mkdir()
        part = Part(tmp_path / "images", tmp_path / "xmls")
        with pytest.raises(ValueError, match="no usable picture; first problem: no files"):
            read_release([part], _NAMES, VOC)
        (tmp_path / "xmls" / "a.xml").write_text("")
        with pytest.raises(ValueError, match=r"a\.xml: it has no picture"):
            read_release([part], _NAMES, VOC)


class TestReleaseParts:
    def test_further_part_missing__left_out(self, tmp_path):
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        parts = release_parts(tmp_path, "STEEL", [("a", "b", "x_"), ("a", "c", "y_")])
        assert parts == [Part(tmp_path / "a", tmp_path / "b", "x_")]

    def test_first_part_missing__named(self, tmp_path):
        (tmp_path / "a").mkdir()
        with pytest.raises(InputError, match=r"is not the STEEL release: there is no folder .*b$"):
            release_parts(tmp_path, "STEEL", [("a", "b", "")])


def _small(folder, name, dtype=np.uint8):
    image = np.random.default_rng(len(name)).integers(0, 256, (20, 20)).astype(dtype)
    data = cv2.imencode(".png" if dtype != np.float32 else ".tiff", image)[1].tobytes()
    annotation = Annotation(name, 20, 20, (DefectObject("x", Box(5, 5, 15, 15)),))
    return Sample(folder / name, data, image.astype(np.uint8), annotation, folder / "a.xml")


class TestEnlargeSamples:
    def test_copies__groups_of_their_originals(self, tmp_path):
        originals = [_small(tmp_path, name) for name in ("b.png", "aa.png")]
        samples, groups, _ = enlarge_samples(originals, [7, 4], 3, 2)
        names = [sample.name for sample in samples]
        assert names == ["aa-e1.png", "aa-e2.png", "aa.png", "b-e1.png", "b-e2.png", "b.png"]
        assert groups == [4, 4, 4, 7, 7, 7]
        assert samples[5] is originals[0]
        copy = samples[3]
        expected = change_picture(originals[0].gray, draw_change(2, "b.png", 1))
        np.testing.assert_array_equal(copy.gray, expected)
        np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(copy.data, np.uint8), 0), expected)

    def test_refused(self, tmp_path):
        with pytest.raises(ValueError, match="8 or 16 bits"):
            enlarge_samples([_small(tmp_path, "a.tiff", np.float32)], [0], 3, 2)
        with pytest.raises(ValueError, match="which is a picture already"):
            enlarge_samples([_small(tmp_path, name) for name in ("a.png", "a-e1.png")], [0, 1], 3, 2)


class TestPlaceCopies:
    def test_places__by_the_split(self, tmp_path):
        _, _, copies = enlarge_samples([_small(tmp_path, "a.png")], [0], 3, 2)
        record = place_copies(copies, {"train": ["a-e1.png", "a.png"], "val": ["a-e2.png"]}, 3, 2)
        [(original, copies)] = record["pictures"].items()
        assert original == "images/train/a.png"
        assert list(copies) == ["images/train/a-e1.png", "images/val/a-e2.png"]
        change = draw_change(2, "a.png", 1)
        facts = copies["images/train/a-e1.png"]
        assert Change(*(facts[key] for key in ("angle", "mirrored", "flipped", "brightness"))) == change
        assert record["sides"] == ["train", "val"]
