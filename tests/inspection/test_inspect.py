"""An inspection from weights to page: figures beside a naive loop over predictions, files, and what is refused."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from ultralytics import YOLO

import lidd_yolo
from lidd_yolo.cli import main
from lidd_yolo.data.readers.data_yaml import read_yolo_set
from lidd_yolo.data.tiles import Tiling
from lidd_yolo.inspection import network, predict
from lidd_yolo.inspection.counts import count_at
from lidd_yolo.inspection.intervals import Tally
from lidd_yolo.inspection.operating_file import read_operating, weights_sha256
from lidd_yolo.inspection.operating_point import MaxFalseAlarms
from lidd_yolo.inspection.validated import validate_part
from tests.helpers.blobs import detect_blobs, without_regions
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


def label_rows(picture, side=SIDE):
    """Return class and outline ``(4, 2)`` in pixels of each label of a square picture."""
    label = picture.parents[2] / "labels" / picture.parent.name / f"{picture.stem}.txt"
    rows = [line.split() for line in label.read_text().splitlines()] if label.exists() else []
    return [(int(row[0]), np.array(row[1:], dtype=float).reshape(-1, 2) * side) for row in rows]


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


def write_large_set(folder):
    """Write pictures of 2 x 2 of those of `write_set`, in val and test, and one without defects for every two."""
    small = write_set(folder / "small", good=4).parent
    for split in ("val", "test"):
        pieces = sorted((small / "images" / split).iterdir())
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for number in range(12):
            chosen = [pieces[(3 * number + n) % 10] if number % 3 else pieces[-1 - n] for n in range(4)]
            rows = [[cv2.imread(str(piece)) for piece in chosen[i : i + 2]] for i in (0, 2)]
            cv2.imwrite(str(folder / "images" / split / f"{number:02}.png"), cv2.vconcat([*map(cv2.hconcat, rows)]))
            corners = [(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)]
            rings = [
                (c, (ring + at) / (2 * SIDE))
                for piece, at in zip(chosen, corners, strict=True)
                for c, ring in label_rows(piece)
            ]
            text = "".join(" ".join(map(str, (c, *ring.ravel()))) + "\n" for c, ring in rings)
            (folder / "labels" / split / f"{number:02}.txt").write_text(text)
    content = {"val": "images/val", "train": "images/val", "test": "images/test", "names": ["dark", "bright"]}
    (folder / "data.yaml").write_text(yaml.safe_dump({**content, "path": str(folder)}))
    return folder / "data.yaml"


def write_blob_set(folder, names):
    """Write pictures of 200 x 150 pixels with areas of the greys of `detect_blobs`, of which some have no label."""
    generator = np.random.default_rng(7)
    for split in ("val", "test"):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for number in range(10):
            image, lines = np.zeros((150, 200, 3), dtype=np.uint8), []
            for left, top in generator.permutation([(x, y) for x in (5, 75, 135) for y in (5, 75)])[:4]:
                c, (w, h) = int(generator.integers(2)), generator.integers(8, 55, 2)
                image[top : top + h, left : left + w] = (100, 200)[c]
                shift = generator.choice([0, w // 2])  # some labels lie beside what is found
                if number % 2 and generator.random() < 0.7:
                    lines.append(f"{c} {(left + shift + w / 2) / 200} {(top + h / 2) / 150} {w / 200} {h / 150}\n")
            cv2.imwrite(str(folder / "images" / split / f"{number:02}.png"), image)
            (folder / "labels" / split / f"{number:02}.txt").write_text("".join(lines))
    content = {"val": "images/val", "train": "images/val", "test": "images/test", "names": list(names)}
    (folder / "data.yaml").write_text(yaml.safe_dump({**content, "path": str(folder)}))
    return folder / "data.yaml"


def matched(found, labels, overlap):
    """Return the classes of the labels that detections ``(class, shape)``, the surest first, find one after another."""
    taken = []
    for c, shape in found:
        best, which = IOU, None
        for number, (of_label, label) in enumerate(labels):
            if number not in taken and of_label == c and overlap(shape, label) >= best:
                best, which = overlap(shape, label), number
        if which is not None:
            taken.append(which)
    return [labels[number][0] for number in taken]


def box_overlap(a, b):
    width, height = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


class TestTiles:
    """What `lidd inspect` counts in tiles is what `lidd predict` does with the operating point that it wrote."""

    @pytest.fixture(autouse=True)
    def _needs_sahi(self):
        pytest.importorskip("sahi", reason="places the tiles")

    def test_masks__as_a_loop_over_predict(self, weights, tmp_path, monkeypatch):
        data = write_large_set(tmp_path / "set")
        out = tmp_path / "inspection"
        words = {"imgsz": SIDE, "device": "cpu", "tile": f"{SIDE}:32", "out": out}
        made = lidd_yolo.inspect(weights, str(data), max_false_alarms=0.25, **words)
        judged = []
        write = predict._Writer.write
        monkeypatch.setattr(predict._Writer, "write", lambda self, one: judged.append(one) or write(self, one))
        predict.predict(weights, data.parent / "images/test", operating=out / "operating.yaml", out=tmp_path / "judged")

        def overlap(region, ring):
            label = np.zeros((2 * SIDE, 2 * SIDE), np.uint8)
            cv2.fillPoly(label, [ring.astype(np.int32)], 1)
            mask = region.window(0, 0, 2 * SIDE, 2 * SIDE)
            return (mask & (label > 0)).sum() / (mask | (label > 0)).sum()

        hits, rejected = [], 0
        for one in judged:
            labels = label_rows(Path(one.picture), 2 * SIDE)
            hits += matched(zip(one.found.numbers, one.found.regions or (), strict=True), labels, overlap)
            rejected += bool(len(one.found.numbers)) and not labels
        for number, name in enumerate(("dark", "bright")):
            missed = made.on_test.of_class[name].missed_defects
            assert missed.total == 32
            assert missed.total - missed.event_count == hits.count(number)
        assert made.on_test.together.rejected_good.event_count == rejected
        assert made.on_test.together.rejected_good.total == 4
        assert 32 < len(hits) < 64
        assert f"tile: {SIDE}:32\n" in (out / "operating.yaml").read_text().replace("'", "")
        assert f"in tiles of {SIDE}:32 px" in (out / "inspection.html").read_text()

    def test_boxes__as_a_loop_over_the_files_of_predict(self, lidd_weights, tmp_path, monkeypatch, capsys):
        """Found is what has a grey; what borders cut and scores lower, what is joined, and what has no label."""
        find = without_regions(detect_blobs)
        monkeypatch.setattr(network, "found_in", lambda result: find([result.orig_img])[0])
        names = YOLO(lidd_weights).names
        data = write_blob_set(tmp_path / "set", names.values())
        words = ["--imgsz", "64", "--device", "cpu", "--tile", "64:24", "--out", str(tmp_path / "i")]
        status = main.main(
            ["inspect", str(lidd_weights), "--data", str(data), "--cost", "miss=3,false-alarm=1", *words]
        )
        assert status == 0, capsys.readouterr().err
        operating, out = str(tmp_path / "i" / "operating.yaml"), tmp_path / "judged"
        main.main(
            [
                "predict",
                str(lidd_weights),
                str(data.parent / "images/test"),
                "--operating",
                operating,
                "--out",
                str(out),
            ]
        )
        number_of, hits, rejected = {name: number for number, name in names.items()}, [], 0
        for line in (out / "results.jsonl").read_text().splitlines():
            picture = json.loads(line)
            file = data.parent / "labels/test" / f"{Path(picture['picture']).stem}.txt"
            rows = [[float(word) for word in row.split()] for row in file.read_text().splitlines()]
            labels = [
                (int(c), np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) * (200, 150, 200, 150))
                for c, x, y, w, h in rows
            ]
            hits += matched([(number_of[d["class"]], d["box"]) for d in picture["defects"]], labels, box_overlap)
            rejected += bool(picture["defects"]) and not labels
        figures = json.loads((tmp_path / "i" / "inspection.json").read_text())["test"]
        for name, number in number_of.items():
            missed = figures["of_class"][name]["missed defects"]
            assert missed["total"] - missed["events"] == hits.count(number)
            assert 0 < hits.count(number) < missed["total"]
        assert figures["together"]["rejected good parts"]["events"] == rejected > 0

    def test_smaller_than_a_tile__as_without(self, inspection, weights, data):
        """The same labels; found is what the predictor finds, around which the validator lays some grey."""
        without = inspection.test
        part = validate_part(weights, read_yolo_set(data), "test", imgsz=SIDE, device="cpu", tiling=Tiling(200, 40))
        assert [picture.name for picture in part.pictures] == [picture.name for picture in without.pictures]
        assert (part.imgsz, part.inspected.rule) == (without.imgsz, without.inspected.rule)
        for key in ("truth_class", "truth_picture", "truth_size", "truth_area", "group_of_part"):
            np.testing.assert_allclose(getattr(part.inspected, key), getattr(without.inspected, key), rtol=1e-5)
        whole = network.Network(weights, SIDE, "cpu").judge(data.parent / "images/test", np.full(2, 0.001))
        for picture, judged in zip(part.pictures, whole, strict=True):
            assert (picture.found_class.tolist(), picture.confidence.tolist()) == (
                judged.found.numbers.tolist(),
                judged.found.confidence.tolist(),
            )
        limits = dict.fromkeys(part.inspected.classes, 0.25)
        missed, theirs = (count_at(p.inspected, limits).together.missed_defects for p in (part, without))
        assert missed.total == theirs.total == 20
        assert abs(missed.event_count - theirs.event_count) <= 2

    def test_picture_that_is_not_all_there__named(self, lidd_weights, tiny_yaml, tmp_path):
        folder = shutil.copytree(tiny_yaml.parent, tmp_path / "set")
        cv2.imwrite(str(folder / "images/val/2.bmp"), cv2.imread(str(folder / "images/val/2.png")))
        (folder / "images/val/2.png").unlink()
        file = folder / "images/val/2.bmp"
        file.write_bytes(file.read_bytes()[:2000])
        yaml_file = folder / tiny_yaml.name
        yaml_file.write_text(yaml.safe_dump({**yaml.safe_load(yaml_file.read_text()), "path": str(folder)}))
        with pytest.raises(lidd_yolo.InputError, match=r"images/val/2.bmp: "):
            validate_part(lidd_weights, read_yolo_set(yaml_file), "val", device="cpu", tiling=Tiling(64, 32))


class TestScale:
    def test_of_some_pictures__the_others_said(self, weights, data, test_pictures, tmp_path):
        named = [file for file in test_pictures if label_rows(file)][:4]
        scales = tmp_path / "mm.csv"
        scales.write_text("picture,mm_per_pixel\n" + "".join(f"test/{file.name},0.5\n" for file in named))
        words = {"imgsz": SIDE, "device": "cpu", "mm_per_pixel": scales, "out": tmp_path / "i"}
        made = lidd_yolo.inspect(weights, str(data), min_recall=0.8, **words)
        assert made.unit == "mm"
        assert {curve.hits + curve.misses for curve in made.curves.values()} == {4}
        assert made.on_test.together.missed_defects.total == 20
        assert "For 6 pictures of test with defects no millimetres are stated" in "".join(made.sentences)

    def test_two_points__as_a_number(self, weights, data, tmp_path):
        made = [
            lidd_yolo.inspect(weights, str(data), min_recall=0.8, imgsz=SIDE, device="cpu", mm_per_pixel=scale, out=out)
            for scale, out in ((0.5, tmp_path / "a"), ("0,0,40,0=20", tmp_path / "b"))
        ]
        texts = [(m.folder / "inspection.json").read_text() for m in made]
        assert texts[0] == texts[1]


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
            (("--min-recall", "90%", "--mm-per-pixel", "0,0,0,0=3"), "the two points of '0,0,0,0=3' are the same"),
            (("--min-recall", "90%", "--tile", "wide"), "tile: 'wide' is not SIDE or SIDE:OVERLAP"),
            (("--min-recall", "90%", "--tile", "20"), "tile: a tile has at least 32 pixels a side, not 20"),
            (("--min-recall", "90%", "--tile", "64:0"), "tile: without an overlap"),
            (("--min-recall", "90%"), "no weights b.pt"),
        ],
    )
    def test_words(self, refuse, words, message):
        assert message in refuse(*words)

    def test_scales_of_other_pictures(self, refuse, tmp_path):
        (tmp_path / "mm.csv").write_text("picture,mm_per_pixel\nother.png,1\n")
        assert "mm.csv: no picture of test in" in refuse(
            "--min-recall", "90%", "--mm-per-pixel", str(tmp_path / "mm.csv")
        )

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
        said = capsys.readouterr().err
        assert "no good part among these pictures" in said.splitlines()[-1]
        assert " on test" not in said  # refused before the second pass
        assert not (tmp_path / "i").exists()
