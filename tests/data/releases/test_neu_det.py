"""The whole conversion: on a small generated release, and on the real one where it is at hand."""

import json
from pathlib import Path

import pytest
import yaml
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset

from lidd_yolo.data.checks.set_check import check_yolo_set
from lidd_yolo.data.enlarge.change import RULE
from lidd_yolo.data.groups.families import read_originals
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.data.releases.neu_det import CLASS_NAMES, convert_neu_det
from lidd_yolo.data.releases.samples import VOC, Part, read_release
from lidd_yolo.errors import InputError
from tests.helpers.plates import voc, voc_object, write_release
from tests.helpers.releases import release


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    return folder, write_release(folder)


def _names(target, side):
    return {path.name for path in (target / "images" / side).iterdir()}


class TestConvertNeuDet:
    def test_classes__order(self):
        expected = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
        assert expected == CLASS_NAMES

    def test_grouped__crops_of_a_plate_stay_together(self, source, tmp_path):
        folder, plates = source
        done = convert_neu_det(folder, tmp_path / "set")
        sides = [_names(tmp_path / "set", side) for side in ("train", "val", "test")]
        assert set().union(*sides) == set().union(*plates)
        assert all(sum(bool(names & side) for side in sides) == 1 for names in plates)
        assert done.problems == []
        assert done.report.leak == {"val": 0.0, "test": 0.0}
        assert done.report.groups == {"count": 12, "largest": 3, "sizes": {3: 12}}
        assert [done.report.boxes[side]["crazing"] for side in ("train", "val", "test")] == [12, 3, 3]

    def test_split_json__what_was_returned(self, source, tmp_path):
        done = convert_neu_det(source[0], tmp_path / "set", seed=5)
        written = json.loads((tmp_path / "set" / "split.json").read_text())
        assert written == json.loads(json.dumps(done.report.as_dict()))
        assert (written["protocol"], written["seed"], len(written["pictures"])) == ("grouped", 5, 36)

    def test_seed__same_again_other_differs(self, source, tmp_path):
        reports = [convert_neu_det(source[0], tmp_path / str(k), seed=seed).report for k, seed in enumerate((0, 0, 1))]
        assert reports[0] == reports[1]
        assert reports[0].split_sha256 != reports[2].split_sha256
        assert reports[0].data_sha256 == reports[2].data_sha256

    def test_shares__read_by_us_and_by_ultralytics(self, source, tmp_path):
        convert_neu_det(source[0], tmp_path / "set")
        content = yaml.safe_load((tmp_path / "set/data.yaml").read_text())
        for percent in (10, 25, 50):
            file = tmp_path / f"share-{percent}.yaml"
            file.write_text(yaml.safe_dump({**content, "path": str(tmp_path / "set"), "train": f"train-{percent}.txt"}))
            done = check_yolo_set(read_yolo_set(file))
            assert {finding.kind for finding in done.findings} <= {"class-unused", "class-untrained"}
            ours = [str(path.resolve()) for path in read_yolo_set(file).pictures["train"]]
            data = check_det_dataset(str(file), autodownload=False)
            theirs = YOLODataset(img_path=data["train"], data=data, imgsz=64)
            assert [str(Path(path).resolve()) for path in theirs.im_files] == ours
            assert all(len(label["cls"]) == 1 for label in theirs.labels)
            assert len(ours) % 3 == 0
            assert 0 < len(ours) < len(_names(tmp_path / "set", "train"))

    def test_shares__of_the_grouped_protocol_alone(self, source, tmp_path):
        convert_neu_det(source[0], tmp_path / "set", protocol="random")
        assert not list((tmp_path / "set").glob("train-*.txt"))

    def test_random__its_leak_told(self, source, tmp_path):
        folder, plates = source
        done = convert_neu_det(folder, tmp_path / "set", protocol="random")
        train, val = _names(tmp_path / "set", "train"), _names(tmp_path / "set", "val")
        assert (len(train), len(val)) == (29, 7)
        leaking = sum(any(name in names and names & train for names in plates) for name in val)
        assert leaking > 0
        assert done.report.leak == {"val": round(leaking / 7, 4)}

    def test_paper__enlarged_fivefold_and_nearly_all_leaks(self, source, tmp_path):
        """A picture leaks unless all of its plate's 15 pictures are in val."""
        folder, plates = source
        done = convert_neu_det(folder, tmp_path / "set", protocol="paper", seed=3)
        train, val = _names(tmp_path / "set", "train"), _names(tmp_path / "set", "val")
        assert (len(train), len(val)) == (144, 36)
        assert {name.partition("-e")[0].removesuffix(".jpg") + ".jpg" for name in train | val} == set().union(*plates)
        assert done.report.leak == {"val": 1.0}
        assert done.report.groups == {"count": 12, "largest": 15, "sizes": {15: 12}}
        assert done.report.enlarged == {
            **{"times": 5, "seed": 3, **RULE},
            **{"sides": ["train", "val"], "originals": 36, "copies": 144},
            "dropped": done.report.enlarged["dropped"],
        }
        originals = read_originals(tmp_path / "set")
        assert len(originals) == 144
        assert all((tmp_path / "set" / place).is_file() for pair in originals.items() for place in pair)

    def test_grouped__not_enlarged(self, source, tmp_path):
        assert convert_neu_det(source[0], tmp_path / "set").report.enlarged is None
        assert read_originals(tmp_path / "set") == {}

    def test_damaged_file__costs_only_itself(self, tmp_path):
        write_release(tmp_path / "release", plates=6)
        (tmp_path / "release/ANNOTATIONS/crazing_0.xml").write_text("<annotation>")
        (tmp_path / "release/ANNOTATIONS/crazing_1.xml").write_text(voc(voc_object("patches", (0, 1, 9, 9)) * 2))
        done = convert_neu_det(tmp_path / "release", tmp_path / "set")
        assert sum(done.report.images.values()) == 17
        assert [(p["file"], p["repaired"]) for p in done.report.problems] == [
            ("crazing_0.xml", False),
            ("crazing_1.xml", True),
            ("crazing_1.xml", True),
            ("crazing_1.xml", True),
        ]

    def test_without_validation_folders(self, tmp_path):
        write_release(tmp_path / "release", plates=6)
        (tmp_path / "release/Validation_Images").rename(tmp_path / "elsewhere")
        assert sum(convert_neu_det(tmp_path / "release", tmp_path / "set").report.images.values()) == 15

    def test_source__no_release(self, tmp_path):
        with pytest.raises(InputError, match=r"is not the NEU-DET release.*IMAGES.*ANNOTATIONS"):
            convert_neu_det(tmp_path / "nowhere", tmp_path / "set")
        assert list(tmp_path.iterdir()) == []

    def test_source__nothing_usable(self, tmp_path):
        (tmp_path / "IMAGES").mkdir()
        (tmp_path / "ANNOTATIONS").mkdir()
        with pytest.raises(ValueError, match="no usable picture; first problem: no files"):
            convert_neu_det(tmp_path, tmp_path / "set")
        (tmp_path / "ANNOTATIONS/a.xml").write_text("")
        with pytest.raises(ValueError, match=r"a\.xml: it has no picture"):
            convert_neu_det(tmp_path, tmp_path / "set")

    def test_target__in_use(self, source, tmp_path):
        convert_neu_det(source[0], tmp_path / "set")
        with pytest.raises(InputError, match="--overwrite"):
            convert_neu_det(source[0], tmp_path / "set", seed=1)
        assert convert_neu_det(source[0], tmp_path / "set", seed=1, overwrite=True).report.seed == 1

    def test_protocol__unknown(self, source, tmp_path):
        with pytest.raises(ValueError, match="no protocol 'official'; there are grouped, random, paper"):
            convert_neu_det(source[0], tmp_path / "set", protocol="official")


class TestRealRelease:
    _BOXES = (585, 868, 751, 366, 533, 462)  # one of the 752 patches is an exact duplicate

    def test_read__counts_of_the_release(self):
        folder = release("neu-det")
        pairs = [("IMAGES", "ANNOTATIONS"), ("Validation_Images", "Validation_Annotations")]
        samples, problems = read_release([Part(folder / a, folder / b) for a, b in pairs], CLASS_NAMES, VOC)
        assert len(samples) == 1530
        classes = [item.class_name for sample in samples for item in sample.annotation.objects]
        assert [classes.count(name) for name in CLASS_NAMES] == list(self._BOXES)
        assert sum(item.difficult for sample in samples for item in sample.annotation.objects) == 73
        [problem] = problems
        assert (problem.file.name, problem.repaired) == ("patches_198.xml", True)

    @pytest.mark.slow
    def test_convert__crops_of_few_plates_no_leak_and_classes_balanced(self, tmp_path):
        done = convert_neu_det(release("neu-det"), tmp_path / "set")
        report, pictures = done.report, done.report.pictures
        assert report.leak == {"val": 0.0, "test": 0.0}
        assert pictures["patches_101.jpg"] == pictures["patches_105.jpg"]
        assert 450 < report.groups["count"] < 510
        assert report.groups["largest"] < 0.05 * 1530
        for side, share in {"train": 0.7, "val": 0.15, "test": 0.15}.items():
            assert report.images[side] / 1530 == pytest.approx(share, abs=0.01)
            shares = [report.boxes[side][name] / n for name, n in zip(CLASS_NAMES, self._BOXES, strict=True)]
            assert shares == pytest.approx([share] * 6, abs=0.01)
