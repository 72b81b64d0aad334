"""An inspection from weights to page: figures beside a naive loop over predictions, files, and what is refused."""

import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml
from ultralytics import YOLO

import lidd_yolo
from lidd_yolo.cli import main
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.inspection.intervals import Tally
from lidd_yolo.inspection.operating_file import read_operating, weights_sha256
from lidd_yolo.inspection.operating_point import MaxFalseAlarms
from lidd_yolo.inspection.validated import validate_part
from tests.helpers.tiny import write_tiny_data

SIDE, IOU = 64, 0.5
RIM = 16  # the grey that the stock validator lays around square pictures of this side


def write_set(folder, *, good=3):
    """Write the kind of pictures that `finished_run` knows, outlined, in val and test, and some without defects."""
    file = write_tiny_data(folder, size=SIDE, train=1, val=10, seed=5)
    write_tiny_data(folder / "more", size=SIDE, train=10, val=1, seed=6)
    for kind in ("images", "labels"):
        (folder / "more" / kind / "train").rename(folder / kind / "test")
    for label in folder.rglob("labels/*/*.txt"):
        rows = [list(map(float, line.split())) for line in label.read_text().splitlines()]
        label.write_text("\n".join(" ".join(map(str, (int(r[0]), *corners(*r[1:]).ravel()))) for r in rows))
    for split in ("val", "test"):
        for number in range(good):
            noise = np.random.default_rng(number).integers(100, 150, (SIDE, SIDE, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / "images" / split / f"good{number}.png"), noise)
    content = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**content, "path": str(folder), "test": "images/test"}))
    return file


def corners(x, y, w, h):
    return np.array([(x - w / 2, y - h / 2), (x + w / 2, y - h / 2), (x + w / 2, y + h / 2), (x - w / 2, y + h / 2)])


def label_rows(picture):
    """Return class and outline ``(4, 2)`` in pixels of each label of a picture."""
    label = picture.parents[2] / "labels" / picture.parent.name / f"{picture.stem}.txt"
    rows = [line.split() for line in label.read_text().splitlines()] if label.exists() else []
    return [(int(row[0]), np.array(row[1:], dtype=float).reshape(-1, 2) * SIDE) for row in rows]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("inspected") / "set")


@pytest.fixture(scope="module")
def test_pictures(data):
    return sorted((data.parent / "images" / "test").iterdir())


@pytest.fixture(scope="module")
def weights(finished_run):
    return finished_run / "weights" / "best.pt"


@pytest.fixture(scope="module")
def inspection(weights, data, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "inspection"
    return lidd_yolo.inspect(weights, str(data), min_recall=0.8, imgsz=SIDE, device="cpu", out=out)


def drawn(ring):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.rint(ring).astype(np.int32)], 1)
    return mask.astype(bool)


def overlap_of(first, second):
    return (drawn(first) & drawn(second)).sum() / (drawn(first) | drawn(second)).sum()


def naive_counts(weights, pictures, thresholds):
    """Count found defects of each class and rejected good pictures in a loop over the predictions of each picture."""
    model = YOLO(weights)
    found, rejected = dict.fromkeys(thresholds, 0), 0
    for file in pictures:
        labels = label_rows(file)
        rimmed = cv2.copyMakeBorder(cv2.imread(str(file)), *[RIM] * 4, cv2.BORDER_CONSTANT, value=(114, 114, 114))
        (result,) = model.predict(
            rimmed, imgsz=SIDE + 2 * RIM, conf=0.001, verbose=False, device="cpu", retina_masks=True
        )
        taken, fired = set(), False
        for box, ring in zip(result.boxes, result.masks.xy if result.masks else [], strict=True):
            if float(box.conf) <= thresholds[result.names[int(box.cls)]]:
                continue
            fired = True
            best, which = IOU, None
            for number, (c, label) in enumerate(labels):
                if number not in taken and c == int(box.cls) and overlap_of(label, ring - RIM) >= best:
                    best, which = overlap_of(label, ring - RIM), number
            if which is not None:
                taken.add(which)
                found[result.names[int(box.cls)]] += 1
        rejected += fired and not labels
    return found, rejected


class TestFigures:
    def test_counts__as_a_loop_over_predictions(self, inspection, weights, test_pictures):
        found, rejected = naive_counts(weights, test_pictures, inspection.point.thresholds)
        for name, tallies in inspection.on_test.of_class.items():
            missed = tallies.missed_defects
            assert missed.total == 10
            assert missed.total - missed.event_count == found[name]
        assert inspection.on_test.together.rejected_good.event_count == rejected
        assert sum(found.values()) >= 10

    def test_boxes__in_pixels_of_the_picture(self, inspection, test_pictures):
        """Labels come back as they were written, whatever the size of the network's input."""
        assert [picture.name for picture in inspection.test.pictures] == [str(file) for file in test_pictures]
        for picture, file in zip(inspection.test.pictures, test_pictures, strict=True):
            rings = [ring for _, ring in label_rows(file)]
            want = np.array([(*ring.min(0), *ring.max(0)) for ring in rings]).reshape(-1, 4)
            np.testing.assert_allclose(picture.truth_boxes, want, atol=0.02)
            if rings:
                np.testing.assert_allclose(picture.truth_area, np.ptp(rings, axis=1).prod(1), rtol=2e-3)

    def test_groups__are_those_of_the_set(self, weights, data, test_pictures):
        stated = {f"images/test/{file.name}": number // 2 for number, file in enumerate(test_pictures)}
        file = data.parent / "groups.json"
        file.write_text(json.dumps({"pictures": stated}))
        try:
            part = validate_part(weights, read_yolo_set(data), "test", imgsz=SIDE, device="cpu", repeat=True)
        finally:
            file.unlink()
        assert part.stated
        assert part.inspected.part.tolist() == list(stated.values())
        assert len(part.inspected.group_of_part) == -(-len(test_pictures) // 2)

    def test_against__itself_differs_in_nothing(self, weights, data, tmp_path):
        made = lidd_yolo.inspect(
            weights, str(data), max_false_alarms=0.4, imgsz=SIDE, device="cpu", against=weights, out=tmp_path / "i"
        )
        assert {difference.value for difference in made.against.differences.values()} == {0.0}
        assert made.point.thresholds == made.against.point.thresholds


class TestVerdict:
    @pytest.mark.parametrize(
        ("events", "total", "kept", "words"),
        [
            (0, 400, True, "Kept, and shown"),
            (0, 20, None, "too few to show"),
            (3, 20, False, "Not kept on test"),
            (0, 0, None, "Test has none of them"),
        ],
    )
    def test_kept(self, inspection, events, total, kept, words):
        """Of 400 single groups without a rejection the upper end is 0.9 %, of 20 it is 17 %."""
        tally = Tally(np.arange(total) < events, np.ones(total, dtype=np.int64))
        made = replace(
            inspection,
            point=replace(inspection.point, criterion=MaxFalseAlarms(0.01)),
            on_test=replace(inspection.on_test, together=replace(inspection.on_test.together, rejected_good=tally)),
        )
        assert made.kept is kept
        assert words in made.sentences[1]


class TestFiles:
    def test_operating__read_for_these_weights_alone(self, inspection, weights, tmp_path):
        file = inspection.folder / "operating.yaml"
        operating = read_operating(file, weights)
        assert operating.thresholds == inspection.point.thresholds
        assert list(operating.classes) == ["dark", "bright"]
        other = tmp_path / "other.pt"
        other.write_bytes(b"others")
        with pytest.raises(lidd_yolo.InputError, match=r"operating\.yaml: weights_sha256: made for best\.pt"):
            read_operating(file, other)

    def test_weights__a_folder_has_a_hash_too(self, tmp_path):
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "x.xml").write_text("same")
        assert weights_sha256(tmp_path / "a") == weights_sha256(tmp_path / "b")
        (tmp_path / "b" / "x.xml").write_text("other")
        assert weights_sha256(tmp_path / "a") != weights_sha256(tmp_path / "b")

    def test_figures__those_of_the_inspection(self, inspection):
        content = json.loads((inspection.folder / "inspection.json").read_text())
        assert content["sentences"] == inspection.sentences
        missed = content["test"]["together"]["missed defects"]
        assert (missed["events"], missed["total"]) == (inspection.on_test.together.missed_defects.event_count, 20)
        assert content["thresholds"] == inspection.point.thresholds

    def test_page__verdict_first_and_complete_in_itself(self, inspection):
        page = (inspection.folder / "inspection.html").read_text()
        body = page.partition("<main>")[2]
        assert body.index("misses") < body.index("<table")
        assert "Promises of recall" in page
        assert not re.search(r"(src|href)=\"(?!data:|#)", page)
        assert "data:image/jpeg" in page

    def test_command__without_pictures_in_mm(self, weights, data, tmp_path, capsys):
        words = [str(weights), "--data", str(data), "--min-recall", "50%", "--imgsz", str(SIDE), "--device", "cpu"]
        status = main.main(["inspect", *words, "--no-pictures", "--mm-per-pixel", "0.5", "--out", str(tmp_path / "i")])
        assert status in {0, 1}
        assert "On test, best.pt misses" in capsys.readouterr().out
        assert "data:image" not in (tmp_path / "i" / "inspection.html").read_text()
        assert json.loads((tmp_path / "i" / "inspection.json").read_text())["probability_of_detection"]["unit"] == "mm"


class TestRefused:
    @pytest.fixture
    def refuse(self, data, tmp_path, capsys):
        """Run the command with words, which must end in one line and leave nothing; return the line."""

        def run(*words, yaml_file=data):
            out = tmp_path / "out"
            status = main.main(["inspect", "b.pt", "--data", str(yaml_file), "--out", str(out), *words])
            text = capsys.readouterr().err.strip()
            assert status == 2
            assert not out.exists()
            assert "\n" not in text
            return text

        return run

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ((), "ask for one of"),
            (("--min-recall", "90%", "--cost", "miss=1,false-alarm=1"), "2 are given"),
            (("--min-recall", "much"), "--min-recall: a share such as 1% or 0.01, not 'much'"),
            (("--min-recall", "0"), "above 0"),
            (("--max-false-alarms", "100%"), "below 1"),
            (("--cost", "miss=1"), "--cost: two prices"),
            (("--cost", "miss=-1,false-alarm=2"), "above 0"),
            (("--min-recall", "90%", "--mm-per-pixel", "0"), "above 0, not 0"),
            (("--min-recall", "90%"), "no weights b.pt"),
        ],
    )
    def test_words(self, refuse, words, message):
        assert message in refuse(*words)

    def test_no_test_part(self, refuse, finished_run):
        line = refuse("--min-recall", "90%", yaml_file=finished_run.parent / "tiny" / "tiny.yaml")
        assert "no pictures in test" in line

    def test_folder_there(self, data, tmp_path, capsys):
        (tmp_path / "signed").write_text("by somebody")
        status = main.main(["inspect", "b.pt", "--data", str(data), "--min-recall", "90%", "--out", str(tmp_path)])
        assert status == 2
        assert str(tmp_path) in capsys.readouterr().err
        assert (tmp_path / "signed").read_text() == "by somebody"

    def test_no_good_pictures(self, weights, tmp_path, capsys):
        file = write_set(tmp_path / "set", good=0)
        words = ["--max-false-alarms", "1%", "--imgsz", str(SIDE), "--device", "cpu", "--out", str(tmp_path / "i")]
        assert main.main(["inspect", str(weights), "--data", str(file), *words]) == 2
        assert "no good part among these pictures" in capsys.readouterr().err.splitlines()[-1]
        assert not (tmp_path / "i").exists()
