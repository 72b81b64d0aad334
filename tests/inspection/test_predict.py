"""Verdicts of pictures: as a naive loop over Ultralytics' results, written down one by one; unreadable ones named."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from ultralytics import YOLO

import lidd_yolo
from lidd_yolo.errors import InputError
from lidd_yolo.export.formats import InputShape, Variant
from lidd_yolo.export.making import make_export
from lidd_yolo.inspection.detections import found_in
from lidd_yolo.inspection.operating_file import carried_point
from lidd_yolo.inspection.predict import predict
from lidd_yolo.inspection.tiles import join_tiles
from tests.helpers.points import write_point

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tiny_yaml, tmp_path):
    """Four pictures of 96 x 96 pixels."""
    return shutil.copytree(tiny_yaml.parent / "images/val", tmp_path / "photos")


def rows(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def class_names(weights):
    return YOLO(weights).names


def middle_score(weights, photos):
    """Return a threshold that some detections pass and others do not."""
    scores = np.concatenate([r.boxes.conf.numpy() for r in YOLO(weights).predict(photos, conf=0.01, verbose=False)])
    assert len(scores) > 20
    return float(np.quantile(scores, 0.9))


class TestVerdicts:
    def test_naive_loop__same_defects(self, lidd_weights, photos, tmp_path):
        names = class_names(lidd_weights)
        limit = middle_score(lidd_weights, photos)
        thresholds = {names[0]: limit, names[1]: limit * 0.9}
        point = write_point(tmp_path / "operating.yaml", lidd_weights, thresholds)
        done = predict(lidd_weights, photos, operating=point, out=tmp_path / "out")
        expected, verdicts = [], []
        for result in YOLO(lidd_weights).predict(photos, conf=limit * 0.9, verbose=False):
            kept = [box for box in result.boxes if float(box.conf) > thresholds[names[int(box.cls)]]]
            verdicts.append((result.path, "NOT OK" if kept else "OK", str(len(kept))))
            expected += [(result.path, names[int(box.cls)], round(float(box.conf), 4)) for box in kept]
        found = rows(tmp_path / "out/defects.csv")
        assert [(row["picture"], row["class"], float(row["score"])) for row in found] == expected
        assert len(expected) > 2
        table = rows(tmp_path / "out/results.csv")
        assert [(row["picture"], row["verdict"], row["defects"]) for row in table] == verdicts
        assert sum(done.verdicts.values()) == 4
        assert done.defects.total() == len(expected)
        assert [len(line["defects"]) for line in lines(tmp_path / "out/results.jsonl")] == [
            int(n) for *_, n in verdicts
        ]

    def test_reason__the_most_confident_and_how_many_more(self, lidd_weights, photos, tmp_path):
        predict(lidd_weights, photos / "0.png", conf=0.01, out=tmp_path / "out")
        (row,) = rows(tmp_path / "out/results.csv")
        first = rows(tmp_path / "out/defects.csv")[0]
        place = f"at x={float(first['left']):.0f} y={float(first['top']):.0f}"
        assert row["reason"].startswith(f"{first['class']} {float(first['score']):.2f} {place}, ")
        assert row["reason"].endswith(f"and {int(row['defects']) - 3} more")

    def test_all_ok(self, lidd_weights, photos, tmp_path):
        done = predict(lidd_weights, photos, conf=1, out=tmp_path / "out")
        assert repr(done).startswith("Predicted(OK 4, NOT OK 0, UNREADABLE 0, out=")
        assert rows(tmp_path / "out/defects.csv") == []

    def test_segmenter__outlines_measured_in_millimetres_and_drawn(self, wlnet_weights, photos, tmp_path):
        limit = middle_score(wlnet_weights, photos)
        predict(wlnet_weights, photos, conf=limit, mm_per_pixel=0.5, pictures=True, out=tmp_path / "out")
        found = rows(tmp_path / "out/defects.csv")
        assert found
        for row in found:
            for size in ("width", "height", "diagonal", "outline_length", "outline_width"):
                assert float(row[f"{size}_mm"]) == pytest.approx(0.5 * float(row[f"{size}_px"]), rel=1e-4)
            assert float(row["outline_area_mm2"]) == pytest.approx(0.25 * float(row["outline_area_px2"]), rel=1e-4)
            assert float(row["outline_area_px2"]) <= float(row["width_px"]) * float(row["height_px"]) * 1.1 + 4
        drawn = sorted((tmp_path / "out/pictures").iterdir())
        assert len(drawn) == len({row["picture"] for row in found})
        picture = next(row["picture"] for row in found)
        assert np.abs(cv2.imread(str(drawn[0])).astype(int) - cv2.imread(picture)).max() > 60

    def test_scale_of_some_pictures__the_others_in_pixels(self, lidd_weights, photos, tmp_path):
        (tmp_path / "mm.csv").write_text("picture,mm_per_pixel\nphotos/0.png,2\n")
        done = predict(lidd_weights, photos, conf=0.01, mm_per_pixel=tmp_path / "mm.csv", out=tmp_path / "out")
        assert done.without_scale == 3
        found = rows(tmp_path / "out/defects.csv")
        assert {Path(row["picture"]).name for row in found if row["width_mm"]} == {"0.png"}
        assert [line["mm_per_pixel"] for line in lines(tmp_path / "out/results.jsonl")] == [2, None, None, None]

    def test_video__a_row_for_every_frame(self, lidd_weights, photos, tmp_path):
        video = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (96, 96))
        for name in "0123":
            video.write(cv2.imread(str(photos / f"{name}.png")))
        video.release()
        predict(lidd_weights, tmp_path / "a.avi", out=tmp_path / "out")
        assert [row["frame"] for row in rows(tmp_path / "out/results.csv")] == ["1", "2", "3", "4"]

    @pytest.mark.trains
    def test_exported_segmenter__its_own_task(self, wlnet_weights, photos, tmp_path):
        pytest.importorskip("onnxruntime", reason="runs the exported file")
        shutil.copy(wlnet_weights, tmp_path / "best.pt")
        file = Path(YOLO(tmp_path / "best.pt").export(format="onnx", imgsz=64, verbose=False))
        limit = middle_score(wlnet_weights, photos)
        for model, out in ((wlnet_weights, "a"), (file, "b")):
            predict(model, photos, conf=limit, imgsz=64, out=tmp_path / out)
        ours, theirs = (rows(tmp_path / out / "defects.csv") for out in "ab")
        assert all(row["outline_area_px2"] for row in theirs)
        assert abs(len(ours) - len(theirs)) <= 0.1 * len(ours) + 1


class TestTiles:
    @pytest.fixture(autouse=True)
    def _needs_sahi(self):
        pytest.importorskip("sahi", reason="places the tiles")

    def test_one_tile__as_the_whole_picture(self, wlnet_weights, photos, tmp_path):
        limit = middle_score(wlnet_weights, photos)
        for tile, out in ((None, "whole"), (200, "tiled")):
            predict(wlnet_weights, photos, conf=limit, tile=tile, out=tmp_path / out)
        whole, tiled = (rows(tmp_path / out / "defects.csv") for out in ("whole", "tiled"))
        assert whole == tiled
        assert whole

    def test_tiles__in_whole_picture_pixels_and_unreadable_named(self, lidd_weights, photos, tmp_path):
        generator = np.random.default_rng(0)
        large = generator.integers(0, 256, (200, 300, 3), dtype=np.uint8)
        cv2.imwrite(str(photos / "large.png"), large)
        (photos / "bad.png").write_bytes(b"no picture")
        limit = middle_score(lidd_weights, photos)
        done = predict(lidd_weights, photos, conf=limit, tile="96:48", out=tmp_path / "out")
        assert (done.verdicts.total(), done.verdicts["UNREADABLE"]) == (6, 1)
        tiles = [(x, y, x + 96, y + 96) for y in (0, 48, 96, 104) for x in (0, 48, 96, 144, 192, 204)]
        parts = []
        for left, top, right, bottom in tiles:
            (result,) = YOLO(lidd_weights).predict(large[top:bottom, left:right], conf=limit / 2, verbose=False)
            part = found_in(result)
            parts.append(replace(part, boxes=part.boxes + np.array([left, top, left, top])))
        expected = join_tiles(parts, np.array(tiles, dtype=float), (300, 200)).above(np.full(2, limit))
        found = [row for row in rows(tmp_path / "out/defects.csv") if row["picture"].endswith("large.png")]
        places = [[float(row[key]) for key in ("left", "top", "width_px", "height_px")] for row in found]
        boxes = np.concatenate([expected.boxes[:, :2], expected.boxes[:, 2:] - expected.boxes[:, :2]], axis=1)
        assert np.allclose(places, boxes, rtol=1e-3, atol=0.02)
        assert len(found) > 1

    def test_of_the_point__used_and_no_others(self, lidd_weights, photos, tmp_path):
        thresholds = dict.fromkeys(class_names(lidd_weights).values(), middle_score(lidd_weights, photos))
        point = write_point(tmp_path / "operating.yaml", lidd_weights, thresholds, tile="64:32")
        limit = next(iter(thresholds.values()))
        predict(lidd_weights, photos, conf=limit, imgsz=64, tile="64:32", out=tmp_path / "typed")
        for typed, out in ((None, "none"), ("64:32", "same")):
            done = predict(lidd_weights, photos, operating=point, tile=typed, out=tmp_path / out)
            assert str(done.tiling) == "64:32"
            found = [[{**row, "threshold": ""} for row in rows(tmp_path / o / "defects.csv")] for o in (out, "typed")]
            assert found[0] == found[1]
            assert found[0]
        with pytest.raises(InputError, match=r"--tile 96:48: the thresholds of .*operating.yaml were chosen in tiles"):
            predict(lidd_weights, photos, operating=point, tile="96:48", out=tmp_path / "other")
        assert not (tmp_path / "other").exists()

    def test_point_of_whole_pictures__said(self, lidd_weights, photos, tmp_path):
        """As after a training and inspection of tiles that are the pictures of their data set."""
        thresholds = dict.fromkeys(class_names(lidd_weights).values(), 1.0)
        point = write_point(tmp_path / "operating.yaml", lidd_weights, thresholds)
        said = []
        predict(lidd_weights, photos, operating=point, tile="64:32", out=tmp_path / "out", say=said.append)
        assert said == [f"{point}: its thresholds were chosen on whole pictures; of tiles nothing is promised"]

    def test_without_overlap__refused(self, lidd_weights, photos, tmp_path):
        with pytest.raises(InputError, match="without an overlap"):
            predict(lidd_weights, photos, tile="96:0", out=tmp_path / "out")


class TestCarried:
    """Exported files with an operating point in their metadata, and without one."""

    @pytest.fixture
    def export(self, lidd_weights, tmp_path):
        def call(thresholds=None, **metadata):
            point = write_point(tmp_path / "operating.yaml", lidd_weights, thresholds or {}, classes=[*thresholds])
            carried = metadata or {"operating": asdict(carried_point(point))}
            given = {"half": False, "arguments": {}, "metadata": carried}
            shape = Variant(InputShape(64, 64), dynamic=True)
            return point, make_export(lidd_weights, tmp_path / "made", "torchscript", shape, **given)

        return call

    @pytest.fixture
    def thresholds(self, lidd_weights, photos):
        return dict(zip(class_names(lidd_weights).values(), (middle_score(lidd_weights, photos), 0.9), strict=True))

    def test_used__as_the_file_beside_the_checkpoint(self, export, thresholds, lidd_weights, photos, tmp_path):
        point, exported = export(thresholds)
        wanted = predict(lidd_weights, photos, operating=point, out=tmp_path / "wanted")
        done = predict(exported, photos, out=tmp_path / "out")
        assert (done.thresholds, done.operating) == (thresholds, f"operating.yaml in {exported}")
        assert 0 < done.defects.total() == wanted.defects.total()
        verdicts = [[row["verdict"] for row in rows(tmp_path / name / "results.csv")] for name in ("wanted", "out")]
        assert verdicts[0] == verdicts[1]

    def test_tiles__carried_too(self, lidd_weights, photos, tmp_path):
        pytest.importorskip("sahi", reason="places the tiles")
        thresholds = dict.fromkeys(class_names(lidd_weights).values(), 1.0)
        point = carried_point(write_point(tmp_path / "operating.yaml", lidd_weights, thresholds, tile="64:32"))
        given = {"half": False, "arguments": {}, "metadata": {"operating": asdict(point)}}
        exported = make_export(lidd_weights, tmp_path / "made", "torchscript", Variant(InputShape(64, 64)), **given)
        assert str(predict(exported, photos, out=tmp_path / "out").tiling) == "64:32"
        with pytest.raises(InputError, match=r"--tile 96:19: the thresholds of operating.yaml in .* were chosen"):
            predict(exported, photos, tile=96, out=tmp_path / "other")

    def test_conf__before_it(self, export, thresholds, photos, tmp_path):
        done = predict(export(thresholds)[1], photos, conf=0.5, out=tmp_path / "out")
        assert (set(done.thresholds.values()), done.operating) == ({0.5}, "")

    def test_point_of_the_same_weights__accepted(self, export, thresholds, lidd_weights, photos, tmp_path):
        _, exported = export(thresholds)
        stricter = write_point(tmp_path / "later.yaml", lidd_weights, dict.fromkeys(thresholds, 0.1))
        done = predict(exported, photos, operating=stricter, out=tmp_path / "out")
        assert (set(done.thresholds.values()), done.operating) == ({0.1}, str(stricter))

    def test_point_of_others__refused(self, export, thresholds, lidd_weights, photos, tmp_path):
        _, exported = export(thresholds)
        others = write_point(tmp_path / "others.yaml", lidd_weights, thresholds, weights_sha256="1" * 64)
        with pytest.raises(InputError, match=r"others.yaml: weights_sha256: made for best.pt \(1{12}\.\.\.\), not for"):
            predict(exported, photos, operating=others, out=tmp_path / "out")

    @pytest.mark.parametrize(
        ("told", "reason"),
        [
            ("no mapping", "operating: has to be a mapping, not 'no mapping'"),
            ({"thresholds": {"a": "high"}}, "thresholds.a: has to be a number, not 'high'"),
            ({"thresholds": {}, "more": 1}, "more: unknown key"),
            ({"thresholds": {}, "file": "a", "sha256": "b", "weights_sha256": "c"}, "imgsz: missing"),
        ],
    )
    def test_metadata_of_another_make__said(self, export, thresholds, photos, tmp_path, told, reason):
        point, exported = export(thresholds, operating=told)
        with pytest.raises(InputError, match=f"best.torchscript: its metadata cannot be used: {reason}"):
            predict(exported, photos, out=tmp_path / "out")
        assert predict(exported, photos, conf=0.5, out=tmp_path / "with").operating == ""
        with pytest.raises(InputError, match="its metadata"):
            predict(exported, photos, operating=point, out=tmp_path / "out")

    def test_nothing_carried__point_refused(self, export, thresholds, photos, tmp_path):
        point, exported = export(thresholds, description="nothing")
        assert predict(exported, photos, out=tmp_path / "with").operating == ""
        with pytest.raises(InputError, match=r"weights_sha256: made for best.pt"):
            predict(exported, photos, operating=point, out=tmp_path / "out")


class TestUnreadable:
    def test_named_and_neither_ok_nor_not_ok(self, lidd_weights, photos, tmp_path):
        """What Ultralytics passes over, and what decoders fill with grey."""
        (photos / "00.png").write_bytes(b"")
        (photos / "2a.jpg").write_text("<html>")
        whole = cv2.imencode(".jpg", cv2.imread(str(photos / "0.png")))[1].tobytes()
        (photos / "2b.jpg").write_bytes(whole[: len(whole) // 2])
        data = (photos / "0.png").read_bytes()
        note = (
            b"\0\0\0\4tEXta\0bc\0\0\0\0"  # a chunk with a wrong checksum behind the first one, which decoders pass over
        )
        (photos / "9.png").write_bytes(data[:33] + note + data[33:])
        said = []
        done = predict(lidd_weights, photos, conf=1, out=tmp_path / "out", say=said.append)
        found = {Path(row["picture"]).name: row["verdict"] for row in rows(tmp_path / "out/results.csv")}
        bad = {"00.png", "2a.jpg", "2b.jpg", "9.png"}
        assert {name for name, verdict in found.items() if verdict == "UNREADABLE"} == bad
        assert {found[f"{number}.png"] for number in range(4)} == {"OK"}
        assert [Path(line.partition(": ")[0]).name for line in said] == sorted(bad)
        assert "checksum of PNG chunk 'tEXt'" in said[-1]
        assert (done.verdicts["OK"], done.verdicts["UNREADABLE"]) == (4, 4)

    def test_none_readable__all_named(self, lidd_weights, tmp_path):
        (tmp_path / "in").mkdir()
        for name in "ab":
            (tmp_path / f"in/{name}.png").write_bytes(b"x")
        done = predict(lidd_weights, tmp_path / "in", out=tmp_path / "out")
        assert done.verdicts == {"UNREADABLE": 2}


class TestRefused:
    """In one line, before a folder is made."""

    @pytest.fixture
    def refused(self, lidd_weights, photos, tmp_path):
        def call(reason, model=lidd_weights, source=photos, **options):
            with pytest.raises(InputError, match=reason) as caught:
                predict(model, source, **{"out": tmp_path / "out", **options})
            assert "\n" not in str(caught.value)
            assert not (tmp_path / "out").exists()

        return call

    def test_arguments(self, refused, photos, tmp_path):
        refused("above 0, not 0", mm_per_pixel=0)
        refused("above 0, not -2", mm_per_pixel=-2)
        refused("at least 32 pixels a side, not 20", tile=20)
        refused("between 0 and 95 pixels, not 96", tile="96:96")
        refused("'wide' is not SIDE", tile="wide")
        refused("between 0 and 1, not 2", conf=2)
        refused("exclude each other", conf=0.5, operating=tmp_path / "operating.yaml")
        refused("already exists and is not empty", out=photos)
        refused("operating.yaml: .*No such file", operating=tmp_path / "operating.yaml")

    def test_source(self, refused, tmp_path):
        (tmp_path / "empty").mkdir()
        refused("No images or videos found", source=tmp_path / "empty")
        refused("none.png does not exist", source=tmp_path / "none.png")

    def test_model(self, refused, tmp_path):
        refused("none.pt cannot be used as a model", model=tmp_path / "none.pt")
        (tmp_path / "text.pt").write_text("text")
        refused("text.pt cannot be used as a model", model=tmp_path / "text.pt")

    def test_point_of_other_weights__unless_told(self, refused, lidd_weights, photos, tmp_path):
        thresholds = dict.fromkeys(class_names(lidd_weights).values(), 0.9)
        point = write_point(tmp_path / "point.yaml", lidd_weights, thresholds, weights_sha256="1" * 64)
        refused("weights_sha256: made for best.pt", operating=point)
        done = predict(lidd_weights, photos, operating=point, any_weights=True, out=tmp_path / "any")
        assert done.thresholds == thresholds

    def test_point_of_other_classes__always(self, refused, lidd_weights, tmp_path):
        first = class_names(lidd_weights)[0]
        for others in ({first: 0.5}, {first: 0.5, "rust": 0.5}):
            point = write_point(tmp_path / "point.yaml", lidd_weights, others)
            refused("classes are others than those of .*best.pt", operating=point, any_weights=True)


def test_killed__what_was_written_is_there(lidd_weights, photos, tmp_path):
    """Every line that was written before the kill is whole, whatever the process was doing."""
    for number in range(300):
        shutil.copy(photos / "0.png", photos / f"more{number:03d}.png")
    code = "import sys; from lidd_yolo import predict; predict(*sys.argv[1:3], conf=0.01, out=sys.argv[3])"
    words = [sys.executable, "-c", code, str(lidd_weights), str(photos), str(tmp_path / "out")]
    process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)})
    file = tmp_path / "out/results.jsonl"
    try:
        end = time.monotonic() + 120
        while not (file.is_file() and file.read_bytes().count(b"\n") > 5):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    written = [line for line in file.read_text().split("\n") if line]
    complete = [json.loads(line) for line in written]
    assert 5 < len(complete) < 304
    table = rows(tmp_path / "out/results.csv")
    assert [row["picture"] for row in table][: len(complete)] == [line["picture"] for line in complete]
    defects = rows(tmp_path / "out/defects.csv")
    assert len(defects) >= sum(len(line["defects"]) for line in complete) > 0


def test_face__is_the_function():
    assert lidd_yolo.predict is predict
