"""Data sets of one and four channels, and damaged pictures: every tool reads them as training does, or says why not."""

import io

import cv2
import numpy as np
import pytest
import ultralytics
import yaml
from packaging import version
from PIL import Image
from ultralytics.utils.patches import imread

from lidd_yolo.data.checks.picture import check_picture
from lidd_yolo.data.checks.set_check import check
from lidd_yolo.data.convert import convert
from lidd_yolo.data.enlarge.data_set import enlarge
from lidd_yolo.data.pictures.decoding import NUMBERS, decode_as_training
from lidd_yolo.data.readers.pictures_only import why_no_picture
from lidd_yolo.data.splits.lists import split
from lidd_yolo.data.tiles import Tiling, tile_data_set
from lidd_yolo.errors import InputError
from lidd_yolo.export.reference import read_input
from tests.helpers.pictures import encoded, noise
from tests.helpers.yolo_sets import GOOD, write_yolo_set

MORE = [f"train/{letter}" for letter in "abcdefgh"] + ["val/k"]


def pages(seed):
    """Return four grey pages as one TIFF."""
    done, data = cv2.imencodemulti(".tiff", [np.ascontiguousarray(noise(seed, channels=4)[..., i]) for i in range(4)])
    assert done
    return data.tobytes()


def write(folder, kind, channels):
    make = {".tiff": pages, ".png": lambda seed: encoded(noise(seed, channels=4), ".png")}[kind]
    pictures = {f"{name}{kind}": make(seed) for seed, name in enumerate(MORE)}
    file = write_yolo_set(folder, dict.fromkeys(MORE, GOOD), pictures)
    file.write_text(file.read_text() + f"channels: {channels}\n")
    return file


def all_have(folder, channels):
    files = [file for file in (folder / "images").rglob("*") if file.is_file()]
    shapes = {decode_as_training(file.read_bytes(), file.suffix, channels)[0].shape[2] for file in files}
    return len(files) > 0 and shapes == {channels}


@pytest.mark.parametrize("kind", [".tiff", ".png"])
class TestFourChannels:
    def test_check__nothing_wrong(self, kind, tmp_path):
        assert set(check(write(tmp_path / "set", kind, 4)).counts()) == {"class-unused"}

    def test_fix_enlarge_convert_tile__keep_all_channels(self, kind, tmp_path):
        file = write(tmp_path / "set", kind, 4)
        check(file, fix=tmp_path / "fixed")
        assert enlarge(file, target=tmp_path / "large", times=2).images == {"train": 16, "val": 1}
        convert(file, tmp_path / "converted", from_="yolo")
        tile_data_set(file, tmp_path / "tiles", Tiling(32, 0))
        for name in ("fixed", "large", "converted", "tiles"):
            assert all_have(tmp_path / name, 4)
            assert yaml.safe_load((tmp_path / name / "data.yaml").read_text())["channels"] == 4

    def test_export__reads_all_channels(self, kind, tmp_path):
        file = write(tmp_path / "set", kind, 4).parent / f"images/val/k{kind}"
        read, _ = decode_as_training(file.read_bytes(), kind, 4)
        got = read_input([file], read.shape[:2], 4)
        np.testing.assert_array_equal(got[0].numpy(), (read.transpose(2, 0, 1) / np.float32(255)).astype(np.float32))


class TestAsStored:
    def test_exif__left_aside_with_four(self, tmp_path):
        turned, mark = io.BytesIO(), Image.Exif()
        mark[274] = 6
        Image.fromarray(noise(channels=4)).save(turned, "PNG", exif=mark)
        (tmp_path / "a.png").write_bytes(turned.getvalue())
        facts = check_picture(tmp_path / "a.png", trained_channels=4)
        height, width = imread(tmp_path / "a.png", cv2.IMREAD_UNCHANGED).shape[:2]
        assert facts.size == (width, height) == (40, 30)
        assert "labels made on the picture as shown do not fit" in facts.problems[0].reason

    @pytest.mark.parametrize("channels", [3, 4])
    def test_float_tiff__numbers_no_picture(self, channels, tmp_path):
        (tmp_path / "a.tif").write_bytes(encoded(noise(channels=channels).astype(np.float32), ".tif"))
        (problem,) = check_picture(tmp_path / "a.tif", trained_channels=channels).problems[:1]
        assert "training stops at it, or takes them as if they went to 255" in problem.reason


class TestNumbers:
    """TIFFs of numbers that OpenCV reads and training does not take for 8 or 16 bits: named by every tool, left out."""

    @pytest.fixture(params=["int8", "int16", "int32", "float32", "float64", "float32 grey"])
    def data(self, request, tmp_path):
        kind, *grey = request.param.split()
        numbers = encoded(noise(99, channels=1 if grey else 3).astype(kind), ".tif")
        good = {f"{name}.jpg": encoded(noise(seed)) for seed, name in enumerate(MORE)}
        bad = {"train/numbers.tif": numbers}
        return write_yolo_set(tmp_path / "set", dict.fromkeys([*MORE, "train/numbers"], GOOD), {**good, **bad})

    def test_check__one_line(self, data):
        problems = check_picture(data.parent / "images/train/numbers.tif").problems
        assert [(problem.kind.value, problem.reason) for problem in problems] == [("picture-unreadable", NUMBERS)]

    def test_split_enlarge_convert__left_out_and_named(self, data, tmp_path):
        new = split(data, ratio="4:1", target=tmp_path / "new", copy=True)
        large = enlarge(data, target=tmp_path / "large", times=2)
        converted = convert(data, tmp_path / "converted", from_="yolo")
        for problems in (new.groups.problems, large.problems, converted.problems):
            assert [(one.file.name, one.reason) for one in problems] == [("numbers.tif", NUMBERS)]
        for folder in ("new", "large", "converted"):
            assert not list((tmp_path / folder).rglob("*numbers*"))

    @pytest.mark.parametrize("kind", ["int8", "int16", "int32", "float32", "float64", "uint16"])
    @pytest.mark.parametrize("shape", [(30, 40), (30, 40, 3)])
    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_reason__as_stock_reads_it(self, kind, shape, channels, tmp_path):
        """What stock does not give as 8 bits is no picture for us, what it does is one."""
        if version.parse(ultralytics.__version__) < version.parse("8.4.190"):
            pytest.skip("older releases read TIFFs in other ways")
        values = (noise(1, channels=3) % 100).astype(kind)
        file = tmp_path / "a.tif"
        file.write_bytes(encoded(values if len(shape) == 3 else np.ascontiguousarray(values[..., 0]), ".tif"))
        stock = imread(file, {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}.get(channels, cv2.IMREAD_UNCHANGED))
        assert bool(why_no_picture(file, channels)) == (stock is None or stock.dtype != np.uint8)


class TestWrongChannels:
    def test_check__named(self, tmp_path):
        file = write_yolo_set(tmp_path / "set", dict.fromkeys(MORE, GOOD))
        file.write_text(file.read_text() + "channels: 4\n")
        done = check(file)
        assert done.counts()["picture-channels"] == len(MORE)
        assert "it has 3 channels, the data YAML says channels: 4" in done.findings[0].reason

    def test_export__one_line(self, tmp_path):
        file = write_yolo_set(tmp_path / "set", {"val/a": GOOD}).parent / "images/val/a.jpg"
        with pytest.raises(InputError, match=r"a\.jpg: it has 3 channels, and the network takes 4"):
            read_input([file], (32, 32), 4)

    @pytest.mark.parametrize("said", ["four", "0", "true"])
    def test_data_yaml__no_number(self, said, tmp_path):
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD})
        file.write_text(file.read_text() + f"channels: {said}\n")
        with pytest.raises(InputError, match="is no number of channels"):
            check(file)

    def test_enlarge__five(self, tmp_path):
        with pytest.raises(InputError, match="pictures of 5 channels cannot be enlarged"):
            enlarge(write(tmp_path / "set", ".png", 5), target=tmp_path / "out")
        with pytest.raises(InputError, match="pictures of 5 channels cannot be cut"):
            tile_data_set(tmp_path / "set/data.yaml", tmp_path / "out", Tiling(32, 0))


BAD = {
    "train/cut.jpg": encoded(noise(90))[:-200],
    "train/empty.png": b"",
    "train/text.png": b"not found",
    "train/damaged.png": encoded(noise(91), ".png")[:-30],
}


class TestDamaged:
    """What training cannot read, or reads half of, is named and stays out; the rest is done."""

    @pytest.fixture
    def data(self, tmp_path):
        good = {f"{name}.jpg": encoded(noise(seed)) for seed, name in enumerate(MORE)}
        labels = dict.fromkeys([*MORE, *(name.rpartition(".")[0] for name in BAD)], GOOD)
        return write_yolo_set(tmp_path / "set", labels, {**good, **BAD})

    @staticmethod
    def named(problems):
        return {problem.file.name for problem in problems if not problem.repaired}

    @pytest.mark.parametrize("copy", [False, True])
    def test_split(self, data, tmp_path, copy):
        done = split(data, ratio="4:1", target=tmp_path / "new", copy=copy)
        assert sum(done.report.images.values()) == len(MORE)
        assert self.named(done.groups.problems) == {name.split("/")[1] for name in BAD}
        texts = "".join(file.read_text() for file in (tmp_path / "new").glob("*.txt"))
        assert not any(name.split("/")[1] in texts for name in BAD)

    def test_enlarge_and_convert(self, data, tmp_path):
        large = enlarge(data, target=tmp_path / "large", times=2)
        converted = convert(data, tmp_path / "converted", from_="yolo")
        for done in (large, converted):
            assert self.named(done.problems) == {name.split("/")[1] for name in BAD}
            left = {file.name for file in (done.target / "images").rglob("*.*")}
            assert not left & {name.split("/")[1] for name in BAD}


class TestSixteenBits:
    def test_check__says_what_is_left(self, tmp_path):
        deep = (noise(channels=1).astype(np.uint16) % 200) * 16
        file = write_yolo_set(tmp_path / "set", {"train/a": GOOD}, {"train/a.png": encoded(deep, ".png")})
        (reason,) = (finding.reason for finding in check(file).findings if finding.kind.value == "picture-16-bit")
        assert f"training reads the upper 8, of its largest value {deep.max()} only {deep.max() >> 8}" in reason
