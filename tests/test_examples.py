"""The examples run as their first lines say; those for exported files find what Ultralytics finds, on their own."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from ultralytics import YOLO

from lidd_yolo.export.certificate import CarriedPoint
from lidd_yolo.inspection.predict import predict
from tests.helpers.checkpoints import write_lidd, write_wlnet
from tests.helpers.folders import text
from tests.helpers.generated import generated_data

EXAMPLES = Path(__file__).parents[1] / "examples"
DETECT, SEGMENT, NCNN = "03_onnx_detect.py", "04_onnx_segment.py", "05_ncnn_detect.py"
WATCH = "watch_folder.py"
NAMES = {0: "dark spot", 1: "it's bright"}
SIZES = {"square": (64, 64), "large": (80, 80), "wide": (70, 151), "tall": (200, 90)}
ALONE = """
import os, runpy, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "ultralytics", "lidd_yolo"}:
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Blocked())
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))  # as Python itself does for a script
"""
"""Start of a program that is to run where only the runtime, numpy and OpenCV are installed."""

AS_PROGRAM = ALONE + 'runpy.run_path(sys.argv[0], run_name="__main__")'
MASKS = (
    ALONE
    + """
from pathlib import Path
import numpy as np
script = runpy.run_path(sys.argv[0])
segmenter = script["Segmenter"](sys.argv[1])
for file in map(Path, sys.argv[3:]):
    np.save(file.with_suffix(".npy"), [m for *_, m in segmenter.segment(script["read"](file), float(sys.argv[2]))])
"""
)


def run(script, *words, folder):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def alone(script, *words, program=AS_PROGRAM):
    """Run a script without torch, Ultralytics and this package, and without what the environment adds to the path."""
    command = [sys.executable, "-I", "-c", program, EXAMPLES / script, *words]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def printed(done, status=0):
    """Return what a script printed: picture -> classes, scores and boxes."""
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
    found, here = {}, []
    for line in done.stdout.splitlines():
        told = re.fullmatch(r"  (.+?) ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)(?: \d+ px)?", line)
        if told:
            here.append((told[1], *map(float, told.groups()[1:])))
        else:
            here = found[Path(line).name] = []
    return found


def by_ultralytics(network, files, **words):
    """Return the results of ``yolo predict``, one picture at a time."""
    model = YOLO(network)
    return {file.name: model(file, verbose=False, device="cpu", **words)[0] for file in files}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, result in wanted.items():
        boxes = result.boxes
        assert [thing[0] for thing in found[name]] == [NAMES[int(c)] for c in boxes.cls]
        mine = np.array([thing[1:] for thing in found[name]]).reshape(-1, 5)
        np.testing.assert_allclose(mine[:, 0], boxes.conf, atol=1e-4)
        np.testing.assert_allclose(mine[:, 1:], boxes.xyxy, atol=0.1)


def mask_ious(mine, wanted):
    mine, wanted = np.asarray(mine, bool), np.asarray(wanted, bool)
    assert mine.shape == wanted.shape
    return (mine & wanted).sum((1, 2)) / (mine | wanted).sum((1, 2))


def carrying(network, target, thresholds, tile=""):
    """Copy an exported file or folder and put thresholds into its metadata."""
    of_class = dict(zip(NAMES.values(), thresholds, strict=True))
    told = json.dumps(asdict(CarriedPoint("operating.yaml", "0" * 64, "1" * 64, 64, of_class, tile)))
    if network.is_dir():
        shutil.copytree(network, target)
        with (target / "metadata.yaml").open("a", encoding="utf-8") as file:
            yaml.safe_dump({"operating": told}, file)
        return target
    onnx = pytest.importorskip("onnx")
    model = onnx.load(network)
    model.metadata_props.add(key="operating", value=told)
    onnx.save(model, target)
    return target


def above(results, thresholds):
    """Return Ultralytics' results without what is not above the threshold of its class."""
    limits = np.array(thresholds)
    return {name: r[r.boxes.conf.numpy() > limits[r.boxes.cls.numpy().astype(int)]] for name, r in results.items()}


def exported(weights, file, **words):
    """Export a checkpoint under another name."""
    copy = file.with_suffix(".pt")
    shutil.copy(weights, copy)
    model = YOLO(copy)
    model.model.names = NAMES
    made = Path(model.export(imgsz=64, verbose=False, **words))
    copy.unlink()
    return made


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """One picture of each shape."""
    folder, generator = tmp_path_factory.mktemp("pictures"), np.random.default_rng(3)
    for name, (h, w) in SIZES.items():
        pixels = generator.integers(100, 150, (h, w, 3), dtype=np.uint8)
        pixels[h // 4 : h // 2, w // 8 : w // 2] = 20
        pixels[h // 2 :, w // 2 : w - 5] = 235
        assert cv2.imwrite(str(folder / f"{name}.png"), pixels)
    return folder


@pytest.fixture(scope="module")
def files(pictures):
    return sorted(pictures.glob("*.png"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    return {"lidd": write_lidd(folder / "lidd.pt"), "wlnet": write_wlnet(folder / "wlnet.pt")}


@pytest.fixture(scope="module")
def detector(weights, tmp_path_factory):
    pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
    return exported(weights["lidd"], tmp_path_factory.mktemp("exports") / "best.onnx", format="onnx")


@pytest.fixture(scope="module")
def segmenter(weights, tmp_path_factory):
    pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")
    return exported(weights["wlnet"], tmp_path_factory.mktemp("exports") / "best.onnx", format="onnx")


@pytest.fixture(scope="module")
def wanted(segmenter, files):
    return by_ultralytics(segmenter, files, retina_masks=True)


@pytest.fixture(scope="module")
def in_ncnn(weights, tmp_path_factory):
    for package in ("ncnn", "pnnx"):
        pytest.importorskip(package, reason="export needs the extra lidd-yolo[export]")
    return exported(weights["lidd"], tmp_path_factory.mktemp("exports") / "best.pt", format="ncnn")


@pytest.mark.slow
class TestExamples:
    def test_examples__train_then_export(self, tmp_path):
        data = generated_data(tmp_path)
        project = tmp_path / "runs"
        out = run("01_train.py", "--epochs", 1, "--data", data, "--imgsz", 64, "--project", project, folder=tmp_path)
        assert "mAP50 " in out
        weights = project / "train" / "weights" / "best.pt"
        out = run("02_export_onnx.py", weights, "--imgsz", 64, folder=tmp_path)
        difference = float(out.split("largest difference ")[1].split()[0])
        assert difference <= 1e-4


class TestAlone:
    def test_alone__the_others_cannot_be_imported(self, tmp_path):
        """The scripts below are independent; this is not for want of blocking."""
        for name in ("torch", "ultralytics", "lidd_yolo"):
            script = text(tmp_path / "script.py", f"import {name}")
            assert f"{name} is not installed here" in alone(script).stderr


@pytest.mark.trains
class TestDetectWithONNX:
    def test_detect__as_ultralytics(self, detector, pictures, files):
        found = printed(alone(DETECT, detector, pictures))
        assert_same(found, by_ultralytics(detector, files))
        assert all(len(things) > 10 for things in found.values())

    @pytest.mark.parametrize("conf", [0.99, 1.0])
    def test_detect__few_and_none(self, detector, pictures, files, conf):
        found = printed(alone(DETECT, detector, pictures, "--conf", conf))
        assert_same(found, by_ultralytics(detector, files, conf=conf))
        assert min(map(len, found.values())) == 0

    def test_detect__dynamic_shapes(self, weights, pictures, files, tmp_path):
        network = exported(weights["lidd"], tmp_path / "best.onnx", format="onnx", dynamic=True)
        assert_same(printed(alone(DETECT, network, pictures)), by_ultralytics(network, files, imgsz=64))

    def test_detect__made_for_batches(self, weights, detector, pictures, tmp_path):
        network = exported(weights["lidd"], tmp_path / "best.onnx", format="onnx", batch=2)
        assert alone(DETECT, network, pictures).stdout == alone(DETECT, detector, pictures).stdout

    def test_detect__nms_inside__refused(self, weights, pictures, tmp_path):
        network = exported(weights["lidd"], tmp_path / "best.onnx", format="onnx", nms=True, dynamic=True)
        done = alone(DETECT, network, pictures)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.endswith("is not that of 2 classes, with NMS to follow\n")

    def test_detect__drawn(self, detector, files, tmp_path):
        assert alone(DETECT, detector, files[0], "--out", tmp_path / "a" / "b").returncode == 0
        before, after = cv2.imread(str(files[0])), cv2.imread(str(tmp_path / "a" / "b" / f"{files[0].name}.jpg"))
        assert before.shape == after.shape
        assert (np.abs(after.astype(int) - (0, 160, 255)).max(axis=2) < 60).sum() > 50


class TestSegmentWithONNX:
    @pytest.mark.trains
    def test_segment__as_ultralytics(self, segmenter, pictures, wanted):
        found = printed(alone(SEGMENT, segmenter, pictures))
        assert_same(found, wanted)
        assert all(found.values())

    def test_segment__masks(self, segmenter, files, wanted):
        done = alone(SEGMENT, segmenter, 0.25, *files, program=MASKS)
        assert done.returncode == 0, done.stderr
        for file in files:
            assert mask_ious(np.load(file.with_suffix(".npy")), wanted[file.name].masks.data).min() > 0.99
        square = by_ultralytics(segmenter, files)["square.png"].masks.data  # of the input's size: the default is exact
        assert mask_ious(np.load(files[0].with_name("square.npy")), square).min() > 0.99

    def test_segment__none(self, segmenter, pictures, files):
        assert printed(alone(SEGMENT, segmenter, pictures, "--conf", 1)) == {file.name: [] for file in files}

    @pytest.mark.trains
    def test_segment__dynamic_shapes(self, weights, pictures, files, tmp_path):
        network = exported(weights["wlnet"], tmp_path / "best.onnx", format="onnx", dynamic=True)
        wanted = by_ultralytics(network, files, imgsz=64, retina_masks=True)
        assert_same(printed(alone(SEGMENT, network, pictures)), wanted)

    def test_segment__drawn(self, segmenter, files, tmp_path):
        assert alone(SEGMENT, segmenter, files[0], "--out", tmp_path).returncode == 0
        assert cv2.imread(str(tmp_path / f"{files[0].name}.jpg")).shape == cv2.imread(str(files[0])).shape


@pytest.mark.trains
class TestDetectWithNcnn:
    def test_detect__as_ultralytics(self, in_ncnn, pictures, files, tmp_path):
        done = alone(NCNN, in_ncnn, pictures, "--out", tmp_path)
        assert_same(printed(done), by_ultralytics(in_ncnn, files))
        assert len(list(tmp_path.iterdir())) == len(files)

    def test_detect__none(self, in_ncnn, pictures, files):
        assert printed(alone(NCNN, in_ncnn, pictures, "--conf", 1)) == {file.name: [] for file in files}

    def test_detect__no_network(self, pictures, tmp_path):
        text(tmp_path / "metadata.yaml", "names: {0: a}\nimgsz: [64, 64]\ntask: classify\n")
        for folder, told in ((tmp_path / "none", "No such file"), (tmp_path, "not a network for boxes")):
            done = alone(NCNN, folder, pictures)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
            assert told in done.stderr


@pytest.mark.trains
class TestThresholds:
    """Those that a file carries, in the place of one confidence."""

    @pytest.mark.parametrize("script", [DETECT, SEGMENT, NCNN])
    def test_carried__by_class(self, script, request, pictures, files, tmp_path):
        network = request.getfixturevalue({DETECT: "detector", SEGMENT: "segmenter", NCNN: "in_ncnn"}[script])
        words = {"retina_masks": True} if script == SEGMENT else {}
        scores = [s for r in by_ultralytics(network, files, conf=0.1, **words).values() for s in r.boxes.conf.tolist()]
        thresholds = float(np.quantile(scores, 0.3)) + 1e-4, float(np.quantile(scores, 0.8)) + 1e-4
        wanted = above(by_ultralytics(network, files, conf=min(thresholds), **words), thresholds)
        carrier = carrying(network, tmp_path / network.name, thresholds)
        assert_same(printed(alone(script, carrier, pictures)), wanted)
        at_conf = by_ultralytics(network, files, conf=max(thresholds), **words)
        assert {len(r) for r in wanted.values()} != {len(r) for r in at_conf.values()}
        assert_same(printed(alone(script, carrier, pictures, "--conf", max(thresholds))), at_conf)


@pytest.mark.trains
class TestWatchFolder:
    @pytest.fixture
    def two(self, files, tmp_path):
        """A folder of two pictures."""
        for file in files[:2]:
            shutil.copy(file, text(tmp_path / "two" / file.name, ""))
        return tmp_path / "two"

    @pytest.fixture
    def network(self, detector, files, tmp_path):
        """Return a detector with thresholds by which one of the two pictures is OK."""
        found = by_ultralytics(detector, files[:2], conf=0.01)
        surest = {name: r.boxes[int(r.boxes.conf.argmax())] for name, r in found.items()}
        bad, good = sorted(surest.values(), key=lambda box: -float(box.conf))
        thresholds = [0.9999, 0.9999]
        thresholds[int(bad.cls)] = (float(bad.conf) + float(good.conf)) / 2
        return carrying(detector, tmp_path / "carrier.onnx", thresholds)

    def once(self, network, folder, results):
        done = alone(WATCH, network, folder, "--once", "--pause", 0.1, "--results", results)
        return done, rows(results) if results.exists() else []

    def test_once__verdicts_of_lidd_predict(self, network, two, tmp_path):
        done, table = self.once(network, two, tmp_path / "results.csv")
        assert done.returncode == 1, done.stderr
        predict(network, two, out=tmp_path / "predicted")
        wanted = {Path(row["picture"]).name: row["verdict"] for row in rows(tmp_path / "predicted" / "results.csv")}
        assert {row["picture"]: row["verdict"] for row in table} == wanted
        assert sorted(wanted.values()) == ["NOT OK", "OK"]
        bad = next(row["picture"] for row in table if row["verdict"] == "NOT OK")
        (two / bad).unlink()
        done, table = self.once(network, two, tmp_path / "results.csv")
        assert (done.returncode, [row["verdict"] for row in table[2:]]) == (0, ["OK"])

    def test_once__unreadable_named_and_the_rest_judged(self, network, two, files, tmp_path):
        text(two / "text.png", "no picture")
        text(two / "empty.jpg", "")
        whole = cv2.imread(str(files[0]))
        for ending in (".jpg", ".png"):
            data = cv2.imencode(ending, whole)[1].tobytes()
            (two / f"cut{ending}").write_bytes(data[: len(data) * 3 // 4])
        done, table = self.once(network, two, tmp_path / "results.csv")
        assert done.returncode == 2, done.stderr
        verdicts = {row["picture"]: row["verdict"] for row in table}
        broken = {"text.png", "empty.jpg", "cut.jpg", "cut.png"}
        assert {name for name, verdict in verdicts.items() if verdict == "UNREADABLE"} == broken
        assert len(verdicts) == 6

    def test_watch__new_pictures_when_complete_and_none_twice(self, network, two, files, tmp_path):
        results, data = tmp_path / "results.csv", files[2].read_bytes()
        words = [WATCH, network, two, "--pause", "0.3", "--results", results]
        process = start(*words)
        try:
            wait_for(results, 2, process)
            with (two / files[2].name).open("wb") as copy:  # a slow copy
                for place in range(8):
                    copy.write(data[place * len(data) // 8 : (place + 1) * len(data) // 8])
                    copy.flush()
                    time.sleep(0.1)
            wait_for(results, 3, process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        assert "UNREADABLE" not in {row["verdict"] for row in rows(results)}
        process = start(*words)
        try:
            shutil.copy(files[3], two / files[3].name)
            wait_for(results, 4, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        assert sorted(row["picture"] for row in rows(results)) == [file.name for file in files]

    def test_could_not_begin__one_line(self, detector, network, two, tmp_path):
        (tmp_path / "nothing").mkdir()
        in_tiles = carrying(detector, tmp_path / "tiles.onnx", (0.5, 0.5), tile="64:16")
        for words, told in (
            ((in_tiles, two), "its thresholds are for tiles of 64:16: use `lidd predict`"),
            ((detector, two), "it carries no thresholds: export it with `lidd export --operating operating.yaml`"),
            ((network, tmp_path / "nothing"), "no pictures in this folder"),
            ((network, tmp_path / "none"), "No such file or directory"),
            ((tmp_path / "none.onnx", two), "none.onnx"),
        ):
            done, table = self.once(*words, tmp_path / "results.csv")
            assert (done.returncode, done.stdout, done.stderr.count("\n"), table) == (2, "", 1, [])
            assert told in done.stderr


def start(script, *words):
    """Start a script where neither torch nor this package can be imported."""
    command = [sys.executable, "-I", "-c", AS_PROGRAM, EXAMPLES / script, *words]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)


def rows(file):
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def wait_for(results, count, process):
    """Wait until a table has so many rows."""
    end = time.monotonic() + 60
    while not results.exists() or len(rows(results)) < count:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)


class TestWrongInput:
    def test_pictures__the_others_are_done(self, detector, files, tmp_path):
        shutil.copy(files[0], tmp_path / "good.png")
        text(tmp_path / "broken.png", "no picture")
        text(tmp_path / "empty.jpg", "")
        text(tmp_path / "notes.txt", "left alone")
        done = alone(DETECT, detector, tmp_path)
        assert [*printed(done, status=1)] == ["good.png"]
        assert [Path(line).name for line in done.stderr.splitlines() if "[" not in line] == [
            "broken.png: not a picture",
            "empty.jpg: not a picture",
        ]

    @pytest.mark.parametrize("script", [DETECT, SEGMENT])
    def test_picture__none_such(self, script, detector, segmenter, tmp_path):
        done = alone(script, detector if script == DETECT else segmenter, tmp_path / "none.png")
        assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'none.png'}: no such file\n")

    def test_folder__empty(self, detector, tmp_path):
        done = alone(DETECT, detector, tmp_path)
        assert (done.returncode, done.stderr) == (2, f"{tmp_path}: no pictures in this folder\n")

    @pytest.mark.parametrize("script", [DETECT, SEGMENT])
    def test_network__not_such_a_one(self, script, detector, segmenter, files, tmp_path):
        other = segmenter if script == DETECT else detector
        for network in (other, tmp_path / "none.onnx", text(tmp_path / "text.onnx", "no network")):
            done = alone(script, network, files[0])
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
            assert done.stderr.startswith(f"{network}: ")
