"""The generated data set: reproducible, exact labels, whole or absent, readable by stock Ultralytics."""

import hashlib
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import yaml

from lidd_yolo.data.demo import synthetic
from lidd_yolo.data.demo.defects import CLASSES
from lidd_yolo.data.demo.synthetic import generate, render
from lidd_yolo.paths import cfg_dir

COUNTS = {"train": 24, "val": 10, "test": 6}
SIZE = 128


def _small(target, **settings):
    return generate(target, **{"counts": COUNTS, "size": SIZE, **settings})


def _files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _rows(label_file):
    """Class and polygon in shares of the side, of every row."""
    rows = [line.split() for line in label_file.read_text().splitlines()]
    return [(int(row[0]), np.array(row[1:], dtype=float).reshape(-1, 2)) for row in rows]


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    return _small(tmp_path_factory.mktemp("data") / "defects-demo")


class TestRender:
    def test_render__alone_and_in_parallel_are_equal(self):
        def draw(index):
            return render(seed=7, split="val", index=index, size=SIZE)

        alone = [draw(index) for index in range(12)]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(draw, reversed(range(12))))[::-1]
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_array_equal(a.image, b.image)
            assert [label for label, _ in a.objects] == [label for label, _ in b.objects]
            for (_, mask_a), (_, mask_b) in zip(a.objects, b.objects, strict=True):
                np.testing.assert_array_equal(mask_a, mask_b)

    @pytest.mark.parametrize("other", [{"seed": 1}, {"split": "test"}, {"index": 4}])
    def test_render__every_part_of_the_seed_counts(self, other):
        place = {"seed": 0, "split": "train", "index": 3, "size": SIZE}
        assert (render(**place).image != render(**{**place, **other}).image).mean() > 0.5

    def test_render__masks_are_disjoint(self):
        for index in range(20):
            scene = render(seed=0, split="train", index=index, size=SIZE)
            assert sum((mask.astype(int) for _, mask in scene.objects), np.zeros((SIZE, SIZE))).max() <= 1

    def test_render__every_tenth_is_without_defect(self):
        empty = [index for index in range(40) if not render(seed=3, split="val", index=index, size=SIZE).objects]
        assert empty == [9, 19, 29, 39]

    def test_render__classes_and_sizes(self):
        areas = {label: [] for label in range(len(CLASSES))}
        for index in range(120):
            for label, mask in render(seed=0, split="train", index=index, size=SIZE).objects:
                areas[label].append(mask.sum())
        for values in areas.values():
            assert len(values) >= 25
            assert max(values) > 4 * min(values)

    def test_render__both_rolling_directions(self):
        upright = 0
        for index in range(40):
            image = render(seed=0, split="train", index=index, size=SIZE).image.astype(float)
            upright += np.abs(np.diff(image, axis=0)).mean() < np.abs(np.diff(image, axis=1)).mean()
        assert 10 <= upright <= 30

    def test_render__unknown_split(self):
        with pytest.raises(ValueError, match="'valid'"):
            render(seed=0, split="valid", index=0)


class TestLabels:
    def test_generate__polygons_match_masks(self, data_set):
        seen = 0
        for split, count in COUNTS.items():
            for index in range(count):
                scene = render(seed=0, split=split, index=index, size=SIZE)
                rows = _rows(data_set / "labels" / split / f"{index:04d}.txt")
                assert [label for label, _ in rows] == [label for label, _ in scene.objects]
                for (_, polygon), (_, mask) in zip(rows, scene.objects, strict=True):
                    filled = cv2.fillPoly(np.zeros_like(mask), [(polygon * SIZE).astype(np.int32)], 1)
                    assert (filled & mask).sum() / (filled | mask).sum() > 0.93
                    ys, xs = np.nonzero(mask)
                    edges = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
                    box = SIZE * np.concatenate([polygon.min(axis=0), polygon.max(axis=0)])
                    np.testing.assert_allclose(box, edges, atol=0.8)
                    seen += 1
        assert seen > 60

    def test_generate__every_row_is_a_polygon_inside_the_picture(self, data_set):
        for file in data_set.glob("labels/*/*.txt"):
            for label, polygon in _rows(file):
                assert 0 <= label < len(CLASSES)
                assert len(polygon) >= 3
                assert polygon.min() >= 0
                assert polygon.max() <= 1

    def test_generate__empty_pictures_have_empty_label_files(self, data_set):
        empty = sorted(str(p.relative_to(data_set)) for p in data_set.glob("labels/*/*.txt") if not p.stat().st_size)
        assert empty == ["labels/train/0009.txt", "labels/train/0019.txt", "labels/val/0009.txt"]

    def test_generate__picture_is_the_rendered_one(self, data_set):
        picture = cv2.imread(str(data_set / "images" / "val" / "0002.jpg"))
        assert picture.shape == (SIZE, SIZE, 3)
        difference = picture[..., 0] - render(seed=0, split="val", index=2, size=SIZE).image.astype(float)
        assert np.abs(difference).mean() < 3  # JPEG


class TestGenerate:
    def test_generate__files(self, data_set):
        expected = {f"{kind}/{split}/{i:04d}.{suffix}" for split, count in COUNTS.items() for i in range(count)
                    for kind, suffix in (("images", "jpg"), ("labels", "txt"))}  # fmt: skip
        assert set(_files(data_set)) == expected | {"about.json"}

    def test_generate__about(self, data_set):
        about = json.loads((data_set / "about.json").read_text())
        assert (about["seed"], about["size"], about["images"]) == (0, SIZE, COUNTS)
        digest = hashlib.sha256()
        for split, count in COUNTS.items():
            tally = dict.fromkeys(CLASSES, 0)
            for index in range(count):
                label_file = data_set / "labels" / split / f"{index:04d}.txt"
                digest.update((data_set / "images" / split / f"{index:04d}.jpg").read_bytes() + label_file.read_bytes())
                for label, _ in _rows(label_file):
                    tally[CLASSES[label]] += 1
            assert about["objects"][split] == tally
        assert about["sha256"] == digest.hexdigest()

    def test_generate__same_seed_same_bytes(self, data_set, tmp_path):
        assert _files(_small(tmp_path / "again")) == _files(data_set)

    def test_generate__other_seed_other_bytes(self, data_set, tmp_path):
        other, first = _files(_small(tmp_path / "other", seed=1)), _files(data_set)
        assert all(other[name] != first[name] for name in first if name.endswith(".jpg"))

    def test_generate__more_pictures_keep_the_first_ones(self, data_set, tmp_path):
        more = _files(_small(tmp_path / "more", counts={"train": 30}))
        first = _files(data_set)
        assert all(more[name] == first[name] for name in first if "/train/" in name)

    def test_generate__fast(self, tmp_path):
        start = time.perf_counter()
        generate(tmp_path / "timed", counts={"train": 40})
        assert time.perf_counter() - start < 10  # a tenth of the default set; measured 0.4 s on one core

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"counts": {}}, "at least one picture"),
            ({"counts": {"train": 0}}, "at least one picture"),
            ({"counts": {"valid": 3}}, "valid"),
            ({"size": 63}, "size 63"),
            ({"seed": -1}, "seed -1"),
        ],
    )
    def test_generate__bad_settings(self, tmp_path, settings, message):
        with pytest.raises(ValueError, match=message):
            _small(tmp_path / "bad", **settings)
        assert not list(tmp_path.iterdir())


class TestWholeOrNothing:
    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_generate__interrupted(self, tmp_path, monkeypatch, error):
        def failing(**place):
            if place["index"] == 5:
                raise error
            return render(**place)

        monkeypatch.setattr(synthetic, "render", failing)
        with pytest.raises(error):
            _small(tmp_path / "demo")
        assert not list(tmp_path.iterdir())

    def test_generate__complete_one_is_left_alone(self, data_set, monkeypatch):
        def stamps():
            return {p: p.stat().st_mtime_ns for p in data_set.rglob("*")}

        before = stamps()
        monkeypatch.setattr(synthetic, "render", None)  # calling it would fail
        assert _small(str(data_set)) == data_set
        assert stamps() == before

    def test_generate__into_empty_folder(self, tmp_path):
        (tmp_path / "demo").mkdir()
        assert (_small(tmp_path / "demo", counts={"val": 1}) / "images" / "val" / "0000.jpg").is_file()

    def test_generate__other_settings_are_refused(self, data_set):
        with pytest.raises(FileExistsError, match=r"'seed': 0.*not as.*'seed': 2"):
            _small(data_set, seed=2)

    def test_generate__lost_files_are_reported(self, data_set, tmp_path):
        copy = tmp_path / "copy"
        shutil.copytree(data_set, copy)
        (copy / "labels" / "val" / "0003.txt").unlink()
        with pytest.raises(FileExistsError, match="labels/val has 9 of 10"):
            _small(copy)

    @pytest.mark.parametrize("about", [None, "{}", "no json", "[]", '{"generator": "another"}'])
    def test_generate__foreign_folder_is_refused(self, tmp_path, about):
        target = tmp_path / "demo"
        target.mkdir()
        (target / "mine.txt").write_text("mine")
        if about is not None:
            (target / "about.json").write_text(about)
        before = _files(tmp_path)
        with pytest.raises(FileExistsError, match="not a generated data set"):
            _small(target)
        assert _files(tmp_path) == before

    def test_generate__file_in_the_way(self, tmp_path):
        (tmp_path / "demo").write_text("mine")
        with pytest.raises(FileExistsError, match="not a generated data set"):
            _small(tmp_path / "demo")

    @pytest.mark.parametrize("foreign", [False, True])
    def test_generate__another_process_was_faster(self, tmp_path, monkeypatch, foreign):
        target, write = tmp_path / "demo", synthetic._write

        def slow(folder, settings):
            write(folder, settings)
            shutil.copytree(folder, target)
            if foreign:
                (target / "about.json").unlink()

        monkeypatch.setattr(synthetic, "_write", slow)
        if foreign:
            with pytest.raises(FileExistsError, match="not a generated data set"):
                _small(target, counts={"val": 2})
        else:
            assert _small(target, counts={"val": 2}) == target
        assert list(tmp_path.iterdir()) == [target]


class TestUltralytics:
    def test_yaml__names_are_the_classes(self):
        config = yaml.safe_load((cfg_dir() / "datasets" / "defects-demo.yaml").read_text())
        assert config["names"] == dict(enumerate(CLASSES))

    def test_verify_image_label__polygons_give_boxes(self, data_set):
        verify = pytest.importorskip("ultralytics.data.utils").verify_image_label
        empty = 0
        for image in sorted(data_set.glob("images/*/*.jpg")):
            labels = data_set / "labels" / image.parent.name / f"{image.stem}.txt"
            result = verify((str(image), str(labels), "", False, len(CLASSES), 0, 0, False))
            rows = _rows(labels)
            assert result[2] == (SIZE, SIZE)
            assert len(result[3]) == len(rows)
            assert result[-1] == ""
            boxes = [np.concatenate([(p.max(0) + p.min(0)) / 2, np.ptp(p, axis=0)]) for _, p in rows]
            np.testing.assert_allclose(result[1][:, 1:], np.reshape(boxes, (-1, 4)), atol=1e-6)
            empty += not rows
        assert empty == 3

    @pytest.mark.slow
    def test_check_det_dataset__generates_on_first_use(self, tmp_path, monkeypatch):
        upstream = pytest.importorskip("ultralytics.data.utils")
        monkeypatch.setattr(upstream, "DATASETS_DIR", tmp_path)
        monkeypatch.chdir(tmp_path)
        data = upstream.check_det_dataset(cfg_dir() / "datasets" / "defects-demo.yaml")
        assert data["path"] == tmp_path / "defects-demo"
        found = {split: len(list((tmp_path / "defects-demo" / "images" / split).iterdir())) for split in COUNTS}
        assert found == {"train": 300, "val": 60, "test": 40}
