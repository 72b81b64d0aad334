"""The generated data set for pretraining: reproducible in any number of processes, exact labels, whole or absent."""

import functools
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import yaml

from lidd_yolo.data.demo import corpus, synthetic
from lidd_yolo.data.demo.corpus import CLASSES, generate, render
from lidd_yolo.paths import cfg_dir

COUNTS = {"train": 24, "val": 4}
SIZE = 96


def _small(target, **settings):
    return generate(target, **{"counts": COUNTS, "size": SIZE, "processes": 1, **settings})


def _files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _rows(label_file):
    """Class and polygon in shares of the side, of every row."""
    rows = [line.split() for line in label_file.read_text().splitlines()]
    return [(int(row[0]), np.array(row[1:], dtype=float).reshape(-1, 2)) for row in rows]


def _scenes(number, **place):
    return [render(**{"seed": 0, "split": "train", "index": index, "size": SIZE, **place}) for index in range(number)]


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    return _small(tmp_path_factory.mktemp("data") / "defects-pretrain")


@pytest.fixture(scope="module")
def scenes():
    return _scenes(120)


class TestRender:
    def test_render__alone_and_in_parallel_are_equal(self, scenes):
        def draw(index):
            return render(seed=0, split="train", index=index, size=SIZE)

        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(draw, reversed(range(12))))[::-1]
        for a, b in zip(scenes, together, strict=False):
            np.testing.assert_array_equal(a.image, b.image)
            assert [label for label, _ in a.objects] == [label for label, _ in b.objects]
            for (_, mask_a), (_, mask_b) in zip(a.objects, b.objects, strict=True):
                np.testing.assert_array_equal(mask_a, mask_b)

    @pytest.mark.parametrize("other", [{"seed": 1}, {"split": "val"}, {"index": 4}])
    def test_render__every_part_of_the_seed_counts(self, other):
        place = {"seed": 0, "split": "train", "index": 3, "size": SIZE}
        assert (render(**place).image != render(**{**place, **other}).image).mean() > 0.5

    def test_render__form(self, scenes):
        for scene in scenes:
            assert (scene.image.shape, scene.image.dtype) == ((SIZE, SIZE, 3), np.uint8)
            assert scene.image.std() > 0.5
            for label, mask in scene.objects:
                assert 0 <= label < len(CLASSES)
                assert (mask.shape, mask.dtype) == ((SIZE, SIZE), np.uint8)
                assert set(np.unique(mask)) == {0, 1}
                assert cv2.connectedComponents(mask)[0] == 2

    def test_render__every_tenth_is_without_defect(self, scenes):
        assert all(not scene.objects for scene in scenes[9::10])
        assert sum(not scene.objects for scene in scenes) <= 0.2 * len(scenes)

    def test_render__one_defect_to_many(self, scenes):
        numbers = [len(scene.objects) for scene in scenes]
        assert numbers.count(1) > 20
        assert 6 <= max(numbers) <= 12

    def test_render__classes(self, scenes):
        assert {label for scene in scenes for label, _ in scene.objects} == set(range(len(CLASSES)))

    def test_render__grey_and_colour(self, scenes):
        grey = sum(bool((scene.image == scene.image[..., :1]).all()) for scene in scenes)
        assert 0.35 < grey / len(scenes) < 0.65

    def test_render__masks_are_turned_with_the_picture(self, monkeypatch):
        """A white square drawn as the only defect stands where its mask is, however the picture is turned."""

        def square(_, picture, number):
            changed, mask = np.zeros_like(picture), np.zeros(picture.shape[:2], dtype=np.uint8)
            changed[10:30, 40:80], mask[10:30, 40:80] = 255, 1
            return changed, [(0, mask)] if number else []

        monkeypatch.setattr(corpus, "draw_defects", square)
        places = set()
        for scene in _scenes(8):
            ((_, mask),) = scene.objects
            inside, outside = scene.image[mask > 0].mean(), scene.image[mask == 0].mean()
            assert inside > outside + 60
            places.add(cv2.boundingRect(mask))
        assert len(places) >= 3

    @pytest.mark.parametrize("level", [0, 30])
    def test_render__colour_alone_is_not_labelled_in_grey(self, monkeypatch, level):
        """Blue becomes red of the same grey level, or one that is brighter by ``level`` too."""

        def recolour(_, picture, number):
            changed, mask = picture.copy(), np.zeros(picture.shape[:2], dtype=np.uint8)
            changed[20:60, 20:60] += level + np.array([-0.299, 0, 0.114], dtype=np.float32) * 300
            mask[20:60, 20:60] = 1
            return changed, [(0, mask)] if number else []

        monkeypatch.setattr(corpus, "draw_defects", recolour)
        found = {False: [], True: []}
        for scene in _scenes(9):
            found[bool((scene.image == scene.image[..., :1]).all())].append(len(scene.objects))
        assert set(found[False]) == {1}
        assert set(found[True]) == {1 if level else 0}

    def test_render__unknown_split(self):
        with pytest.raises(ValueError, match="'valid'"):
            render(seed=0, split="valid", index=0)

    def test_render__no_seed_of_the_demo(self):
        """Neither its pictures nor its random numbers occur."""
        drawn = set()
        for split in ("train", "val"):
            for seed in range(3):
                for index in range(20):
                    ours = corpus._random(seed, split, index).integers(2**63)
                    other = np.random.default_rng([seed, ("train", "val").index(split), index]).integers(2**63)
                    drawn |= {int(ours), int(other)}
        assert len(drawn) == 2 * 2 * 3 * 20

    def test_render__no_picture_of_the_demo(self, scenes):
        ours = {scene.image[..., 0].tobytes() for scene in scenes}
        theirs = {
            synthetic.render(seed=0, split=split, index=index, size=SIZE).image.tobytes()
            for split in ("train", "val", "test")
            for index in range(40)
        }
        assert len(ours) == len(scenes)
        assert not ours & theirs


class TestGenerate:
    def test_generate__files(self, data_set):
        expected = {f"{kind}/{split}/{i:04d}.{suffix}" for split, count in COUNTS.items() for i in range(count)
                    for kind, suffix in (("images", "jpg"), ("labels", "txt"))}  # fmt: skip
        assert set(_files(data_set)) == expected | {"about.json"}

    def test_generate__polygons_match_masks(self, data_set):
        seen = 0
        for split, count in COUNTS.items():
            for index in range(count):
                scene = render(seed=0, split=split, index=index, size=SIZE)
                rows = _rows(data_set / "labels" / split / f"{index:04d}.txt")
                assert [label for label, _ in rows] == [label for label, _ in scene.objects]
                for (_, polygon), (_, mask) in zip(rows, scene.objects, strict=True):
                    x, y, width, height = cv2.boundingRect(mask)
                    box = SIZE * np.concatenate([polygon.min(axis=0), polygon.max(axis=0)])
                    np.testing.assert_allclose(box, (x, y, x + width, y + height), atol=0.8)
                    seen += 1
        assert seen > 30

    def test_generate__picture_is_the_rendered_one(self, data_set):
        for index in range(4):
            picture = cv2.imread(str(data_set / "images" / "val" / f"{index:04d}.jpg"))
            image = render(seed=0, split="val", index=index, size=SIZE).image.astype(float)
            assert np.abs(picture - image).mean() < 8  # JPEG

    def test_generate__about(self, data_set):
        about = json.loads((data_set / "about.json").read_text())
        assert (about["seed"], about["size"], about["images"]) == (0, SIZE, COUNTS)
        assert about["licence"] == "CC0-1.0"
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

    def test_generate__other_seed_other_bytes(self, data_set, tmp_path):
        other, first = _files(_small(tmp_path / "other", seed=1)), _files(data_set)
        assert all(other[name] != first[name] for name in first if name.endswith(".jpg"))

    def test_generate__same_bytes_in_any_number_of_processes(self, tmp_path, monkeypatch):
        counts = {"train": 66, "val": 3}  # more than are drawn by one process anyway
        one = _files(_small(tmp_path / "one", counts=counts, size=64))
        monkeypatch.setattr(corpus, "_CHUNK", 25)
        three = _files(_small(tmp_path / "three", counts=counts, size=64, processes=3))
        assert one == three

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"counts": {"valid": 3}}, "valid"),
            ({"size": 63}, "size 63"),
            ({"seed": -1}, "seed -1"),
            ({"processes": 0}, "at least 1, got 0"),
        ],
    )
    def test_generate__bad_settings(self, tmp_path, settings, message):
        with pytest.raises(ValueError, match=message):
            _small(tmp_path / "bad", **settings)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("where", ["file", "standard input"])
    def test_generate__from_a_script_without_a_guard(self, tmp_path, where):
        """New processes do not run the user's script again, as those of ``multiprocessing`` would."""
        script = (
            "from lidd_yolo.data.demo.corpus import generate\n"
            "print('started')\n"
            f"generate({str(tmp_path / 'made')!r}, counts={{'train': 65}}, size=64, processes=2)\n"
        )
        file = tmp_path / "script.py"
        file.write_text(script)
        command, text = ([sys.executable, str(file)], None) if where == "file" else ([sys.executable, "-"], script)
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        assert done.stdout == "started\n"
        assert len(list((tmp_path / "made/images/train").iterdir())) == 65


class TestWholeOrNothing:
    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_generate__interrupted(self, tmp_path, monkeypatch, error):
        def failing(**place):
            if place["index"] == 5:
                raise error
            return render(**place)

        monkeypatch.setattr(corpus, "render", failing)
        with pytest.raises(error):
            _small(tmp_path / "made")
        assert not list(tmp_path.iterdir())

    def test_generate__a_process_fails(self, tmp_path, monkeypatch):
        monkeypatch.setattr(corpus, "_GENERATOR", "lidd_yolo.data.demo.nowhere")
        with pytest.raises(ChildProcessError, match=r"No module named lidd_yolo\.data\.demo\.nowhere"):
            _small(tmp_path / "made", counts={"train": 65}, processes=2)
        assert not list(tmp_path.iterdir())

    def test_generate__complete_one_is_left_alone(self, data_set, monkeypatch):
        monkeypatch.setattr(corpus, "render", None)  # calling it would fail
        assert _small(str(data_set), processes=2) == data_set

    def test_generate__other_settings_are_refused(self, data_set):
        with pytest.raises(FileExistsError, match=r"'seed': 0.*not as.*'seed': 2"):
            _small(data_set, seed=2)

    def test_generate__the_demo_is_not_taken_for_it(self, tmp_path):
        synthetic.generate(tmp_path / "demo", counts={"val": 1}, size=64)
        with pytest.raises(FileExistsError, match="not a generated data set"):
            _small(tmp_path / "demo")


class TestUltralytics:
    def test_yaml__names_are_the_classes(self):
        config = yaml.safe_load((cfg_dir() / "datasets" / "defects-pretrain.yaml").read_text())
        assert config["names"] == dict(enumerate(CLASSES))
        assert len(CLASSES) == 25

    def test_verify_image_label__polygons_give_boxes(self, data_set):
        verify = pytest.importorskip("ultralytics.data.utils").verify_image_label
        for image in sorted(data_set.glob("images/*/*.jpg")):
            labels = data_set / "labels" / image.parent.name / f"{image.stem}.txt"
            result = verify((str(image), str(labels), "", False, len(CLASSES), 0, 0, False))
            assert result[2] == (SIZE, SIZE)
            assert len(result[3]) == len(_rows(labels))
            assert result[-1] == ""

    def test_check_det_dataset__generates_on_first_use(self, tmp_path, monkeypatch):
        upstream = pytest.importorskip("ultralytics.data.utils")
        monkeypatch.setattr(upstream, "DATASETS_DIR", tmp_path)
        monkeypatch.setattr(corpus, "generate", functools.partial(generate, counts=COUNTS, size=64))
        monkeypatch.chdir(tmp_path)
        data = upstream.check_det_dataset(cfg_dir() / "datasets" / "defects-pretrain.yaml")
        assert data["path"] == tmp_path / "defects-pretrain"
        assert data["nc"] == 25
        found = {split: len(list((tmp_path / "defects-pretrain" / "images" / split).iterdir())) for split in COUNTS}
        assert found == COUNTS
