"""From request to certificate: what is kept, what is not, and that a broken fold is caught."""

import json
import tempfile
import zipfile
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.engine.exporter import Exporter

from lidd_yolo.errors import InputError
from lidd_yolo.export import certify as certify_module
from lidd_yolo.export import float_check as format_check
from lidd_yolo.export import int8_check
from lidd_yolo.export.certificate import file_hashes
from lidd_yolo.export.certify import certify
from lidd_yolo.export.formats import FORMATS
from lidd_yolo.export.int8_layers import Sensitivity
from lidd_yolo.export.reference import load_reference
from lidd_yolo.export.validation import Validation
from lidd_yolo.inspection.operating_file import carried_point
from lidd_yolo.layers import reparam
from tests.helpers.checkpoints import write_lidd
from tests.helpers.folders import text, tree
from tests.helpers.points import write_point


@pytest.fixture
def weights(tmp_path):
    return write_lidd(tmp_path / "weights" / "best.pt")


@pytest.fixture
def words(tiny):
    """What is asked for, unless a test asks for more."""
    return {"formats": ["torchscript"], "data": tiny, "pictures": 2, "with_map": False}


@pytest.fixture
def quick(monkeypatch):
    """Only the delivered file is compared."""
    monkeypatch.setattr(format_check, "probes", lambda *_: ([], []))


def certified(weights, words):
    said = []
    result = certify(weights, **words, say=said.append)
    return result, json.loads(result.file.read_text(encoding="utf-8")), said


@pytest.mark.usefixtures("quick")
class TestPassed:
    @pytest.mark.trains
    def test_kept__file_and_certificate(self, weights, words):
        result, content, said = certified(weights, words)
        folder = weights.parent
        assert sorted(path.name for path in folder.iterdir()) == ["best.parity.json", "best.pt", "best.torchscript"]
        assert result.files == {"torchscript": folder / "best.torchscript"}
        assert content["passed"] is True
        assert content["weights"]["sha256"] == file_hashes(weights)["best.pt"]
        assert content["weights"]["network"] == "LIDDModel"
        entry = content["formats"]["torchscript"]
        assert entry["files"] == file_hashes(folder / "best.torchscript")
        assert entry["data"] == {"file": "tiny.yaml", "split": "val", "pictures": ["1.png", "3.png"]}
        assert entry["map50_95"] is None
        assert len(said) == 2
        assert result.failed == ()
        assert repr(result).splitlines()[1].startswith(f"torchscript passed: {folder / 'best.torchscript'} (float32, ")
        assert repr(result).splitlines()[-1] == f"wrote {result.file}"

    @pytest.mark.trains
    def test_rejected_before__removed(self, weights, words):
        text(weights.parent / "best.torchscript.failed", "old")
        certified(weights, words)
        assert not (weights.parent / "best.torchscript.failed").exists()

    @pytest.mark.trains
    def test_map__of_all_three(self, weights, words):
        _, content, _ = certified(weights, {**words, "with_map": True})
        maps = content["fold"]["map50_95"]
        assert maps.keys() == {"trained", "folded"}
        entry = content["formats"]["torchscript"]
        assert entry["map50_95_difference"] == abs(entry["map50_95"]["box"] - maps["trained"]["box"])

    @pytest.mark.trains
    def test_arguments__shape_what_is_delivered(self, weights, words):
        more = {"imgsz": 96, "arguments": {"batch": 2, "dynamic": True}}
        _, content, _ = certified(weights, {**words, **more})
        entry = content["formats"]["torchscript"]
        assert entry["delivered"] == "dynamic, made with 96x96, batch 2"
        assert [case["case"] for case in entry["cases"]][:2] == ["dynamic 96x96, batch 2", "dynamic 96x96, batch 1"]


def break_fold(monkeypatch):
    """Forget the shift of batch normalisation in the third fold of a block."""
    fold, count = reparam.fold_batch_norm, []

    def wrong(kernel, bias, bn):
        count.append(bn)
        folded, shift = fold(kernel, bias, bn)
        return folded, torch.zeros_like(shift) if len(count) == 3 else shift

    monkeypatch.setattr(reparam, "fold_batch_norm", wrong)


def metadata_of(file):
    """Return the operating point in a file, read without Ultralytics."""
    if file.suffix == ".onnx":
        told = pytest.importorskip("onnx").load(file).metadata_props
        return json.loads({entry.key: entry.value for entry in told}["operating"])
    if file.is_dir():
        return json.loads(yaml.safe_load((file / "metadata.yaml").read_text(encoding="utf-8"))["operating"])
    with zipfile.ZipFile(file) as archive:
        (config,) = (name for name in archive.namelist() if name.endswith("extra/config.txt"))
        return json.loads(json.loads(archive.read(config))["operating"])


class TestOperating:
    @pytest.fixture
    def point(self, weights, tmp_path):
        thresholds = dict(zip(YOLO(weights).names.values(), (0.3, 0.45), strict=True))
        return carried_point(write_point(tmp_path / "operating.yaml", weights, thresholds))

    @pytest.mark.trains
    @pytest.mark.usefixtures("quick")
    @pytest.mark.parametrize("name", ["onnx", "openvino", "ncnn", "torchscript"])
    def test_carried__read_back(self, weights, words, point, name):
        for package in FORMATS[name].packages:
            pytest.importorskip(package, reason="export needs the extra lidd-yolo[export]")
        result, content, _ = certified(weights, {**words, "formats": [name], "operating": point})
        assert not result.failed
        assert metadata_of(result.files[name]) == content["formats"][name]["operating"] == asdict(point)
        assert (
            f"carries the thresholds of operating.yaml: {', '.join(f'{k} {v:g}' for k, v in point.thresholds.items())}"
            in repr(result)
        )
        assert YOLO(result.files[name], task="detect").predict(np.zeros((64, 64, 3), np.uint8), verbose=False)

    def test_others__refused_before_anything_is_exported(self, weights, words, point):
        before = tree(weights.parent)
        first = next(iter(point.thresholds))
        for changed, more, reason in (
            (
                {"weights_sha256": "1" * 64},
                {},
                r"operating.yaml: made for other weights \(1{12}\.\.\.\), not for .*best.pt",
            ),
            ({"thresholds": {first: 0.5}}, {}, "operating.yaml: its classes are others than those of .*best.pt"),
            ({}, {"imgsz": 96}, "--imgsz 96: the thresholds of operating.yaml were chosen at 64"),
        ):
            with pytest.raises(InputError, match=reason) as caught:
                certify(weights, **words, **more, operating=replace(point, **changed))
            assert "\n" not in str(caught.value)
        assert tree(weights.parent) == before

    @pytest.mark.usefixtures("quick")
    def test_no_place__said(self, weights, words, point, monkeypatch):
        """In releases that make the metadata after the callback."""

        def early(exporter, event):
            del exporter.metadata
            for callback in exporter.callbacks[event]:
                callback(exporter)

        monkeypatch.setattr(Exporter, "run_callbacks", early)
        result, *_ = certified(weights, {**words, "operating": point})
        assert result.failed == ("torchscript",)
        assert "lets nothing into the metadata of exported files; 8.3.200 does" in repr(result)


class TestBrokenFold:
    def test_caught__layer_named_and_nothing_exported(self, weights, words, monkeypatch):
        break_fold(monkeypatch)
        result, content, _ = certified(weights, words)
        assert content["passed"] is False
        assert content["formats"] == {}
        reference = load_reference(weights)
        named = content["fold"]["first_layer"]
        index = int(named.split(".")[1].split(" ")[0])
        assert named == f"model.{index} ({type(reference.folded.model[index]).__name__})"
        assert index == third_folded_row(weights)
        assert content["fold"]["to_trained"]["difference"] > 1e-3
        assert content["fold"]["to_trained"]["picture"] in {"1.png", "3.png"}
        assert (result.files, result.failed) == ({}, ("folding",))
        assert sorted(path.name for path in weights.parent.iterdir()) == ["best.parity.json", "best.pt"]


def third_folded_row(weights):
    """Return the row of the third block that is folded, by folding the trained network once more and watching."""
    network, seen = load_reference(weights).trained, []
    owners = {id(m): row.i for row in network.model for m in row.modules()}
    fold = reparam.fold_batch_norm

    def watching(kernel, bias, bn):
        seen.append(owners[id(bn)])
        return fold(kernel, bias, bn)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reparam, "fold_batch_norm", watching)
        reparam.fold_all_batch_norm(network)
    return seen[2]


@pytest.mark.usefixtures("quick")
class TestFailed:
    @pytest.mark.trains
    def test_wrong_file__kept_under_another_name(self, weights, words, monkeypatch):
        """The runtime gives other numbers than the network."""
        text(weights.parent / "best.torchscript", "of yesterday")
        open_runtime = format_check.open_runtime

        def open_wrong(name, file):
            runtime = open_runtime(name, file)
            return lambda batch: [output * 1.01 for output in runtime(batch)]

        monkeypatch.setattr(format_check, "open_runtime", open_wrong)
        result, content, _ = certified(weights, words)
        assert result.files == {"torchscript": weights.parent / "best.torchscript.failed"}
        assert result.failed == ("torchscript",)
        assert content["passed"] is False
        assert content["formats"]["torchscript"]["failures"]
        assert (weights.parent / "best.torchscript").read_text() == "of yesterday"
        assert result.files["torchscript"].stat().st_size > 1000

    @pytest.mark.trains
    def test_infinite__null_in_the_file(self, weights, words, monkeypatch):
        monkeypatch.setattr(
            format_check, "open_runtime", lambda *_: lambda batch: [torch.full((len(batch), 6, 85), float("nan"))]
        )
        _, content, _ = certified(weights, words)
        assert content["formats"]["torchscript"]["worst"]["to_folded"]["difference"] is None

    @pytest.mark.trains
    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
    def test_interrupted__nothing_left(self, weights, words, monkeypatch, tmp_path, error):
        stages = tmp_path / "stages"
        stages.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(stages))
        before = tree(weights.parent)

        def interrupt(*_, **__):
            assert list(stages.rglob("best.torchscript"))  # it was written
            raise error

        monkeypatch.setattr(format_check, "open_runtime", interrupt)
        if error is MemoryError:  # an Exception: the format fails, the command does not
            certified(weights, words)
            return
        with pytest.raises(error):
            certified(weights, words)
        assert tree(weights.parent) == before
        assert list(stages.iterdir()) == []


class TestInt8:
    """Files in int8 of a validator that measures what it is told; the quantisation is real."""

    @pytest.fixture
    def run(self, weights, tiny, monkeypatch):
        pytest.importorskip("onnxruntime", reason="export needs the extra lidd-yolo[export]")

        def certify_with(recall, **changes):
            monkeypatch.setattr(Validation, "recall_of_trained", lambda *_: {"box": {0: 0.5, 1: 0.5}})
            attempts = iter(recall if isinstance(recall, list) else [recall])
            monkeypatch.setattr(Validation, "recall_of_exported", lambda *_: {"box": next(attempts)})
            for name in ("of_trained", "of_folded", "of_exported"):
                monkeypatch.setattr(Validation, name, lambda *_: {"box": 0.4})
            monkeypatch.setattr(int8_check, "layer_groups", lambda *_: {"head, joint": ("27.joint",)})
            words = {"formats": ["onnx"], "data": tiny, "pictures": 2, "int8": True, "calibration": 4, "seed": 1}
            return certified(weights, {**words, "keep_float": "3", **changes})

        return certify_with

    @pytest.mark.trains
    def test_passed__beside_the_weights(self, run, weights):
        result, content, _ = run({0: 0.5, 1: 0.495})
        assert content["formats"]["onnx-int8"]["failures"] == []
        assert result.files == {"onnx-int8": weights.parent / "best_int8.onnx"}
        assert sorted(path.name for path in weights.parent.iterdir()) == [
            "best.parity.json",
            "best.pt",
            "best_int8.onnx",
        ]
        entry = content["formats"]["onnx-int8"]
        assert (content["passed"], entry["passed"], entry["precision"]) == (True, True, "int8")
        assert entry["recall"] == {"0": [0.5, 0.5], "1": [0.5, 0.495]}
        assert (entry["calibration"]["pictures"], entry["calibration"]["seed"], entry["keep_float"]) == (4, 1, ["3"])
        assert entry["map50_95_difference"] == 0
        assert entry["files"] == file_hashes(weights.parent / "best_int8.onnx")

    @pytest.mark.trains
    def test_failed__set_aside_and_layers_named(self, run, weights):
        result, content, _ = run({0: 0.5, 1: 0.4})
        assert result.files == {"onnx-int8": weights.parent / "best_int8.onnx.failed"}
        names = sorted(path.name for path in weights.parent.iterdir())
        assert names == ["best.parity.json", "best.pt", "best_int8.onnx.failed"]
        entry = content["formats"]["onnx-int8"]
        assert (content["passed"], entry["passed"]) == (False, False)
        assert entry["failures"][0] == "recall of 1 falls from 0.500 to 0.400, limit 0.01"
        assert entry["sensitivity"]["errors"].keys() == {"head, joint"}
        assert "no group" in entry["failures"][1] or entry["failures"][1].endswith("--keep-float 3,27.joint")

    @pytest.mark.trains
    def test_auto__made_again_with_what_was_named(self, run, monkeypatch):
        """The first attempt loses a class, the second none."""
        found = [{0: 0.5, 1: 0.4}, {0: 0.5, 1: 0.5}]
        monkeypatch.setattr(
            int8_check, "find_sensitive", lambda *_: Sensitivity(0.2, {"head, joint": 0.1}, ("27.joint",), 0.1)
        )
        _, content, _ = run(found, keep_float="auto")
        entry = content["formats"]["onnx-int8"]
        assert (entry["passed"], entry["keep_float"]) == (True, ["27.joint"])
        assert entry["notes"] == ["with no row named in float: recall of 1 falls from 0.500 to 0.400, limit 0.01"]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"half": True}, "--int8 and --half"),
            ({"with_map": False}, "--int8 with --no-map"),
            ({"split": "train"}, "--int8 with --split train"),
            ({"keep_float": "77"}, "--keep-float: 77 is no row"),
            ({"calibration": 0}, "--calibration must be 1 or more"),
        ],
    )
    def test_impossible__said(self, run, change, told):
        with pytest.raises(InputError, match=told):
            run({}, **change)

    def test_no_training_pictures__said(self, run, tiny):
        data = replace(tiny, pictures={"val": tiny.pictures["val"]})
        with pytest.raises(ValueError, match=r"tiny.yaml: no pictures in train"):
            run({}, data=data)


class TestRequest:
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"imgsz": 50}, "--imgsz must be a multiple of 32, got 50"),
            ({"imgsz": 0}, "--imgsz must be a multiple of 32, got 0"),
            ({"imgsz": 32}, "--imgsz must be 64 or more, got 32: the smallest map would be one pixel"),
            ({"conf": 0.0}, "--conf must lie between 0 and 1, got 0"),
            ({"split": "test"}, "no pictures in test"),
            ({"pictures": 0}, "--pictures must be 1 or more"),
            ({"data": "none.yaml"}, "none.yaml: no such data YAML"),
            ({"formats": ["pdf"]}, "pdf: no such format"),
            ({"keep_float": "3"}, "--keep-float goes with --int8"),
            ({"arguments": {"half": True}}, "'half=True' cannot be passed on: --half"),
        ],
    )
    def test_wrong__said(self, lidd_weights, words, change, told):
        with pytest.raises(InputError, match=told):
            certify(lidd_weights, **{**words, **change})

    def test_trained_at_one_stride__said(self, lidd, words, monkeypatch):
        monkeypatch.setattr(certify_module, "load_reference", lambda _: replace(lidd, imgsz=32))
        with pytest.raises(InputError, match=r"--imgsz must be 64 or more, got 32"):
            certify(lidd.weights, **words)

    def test_other_classes__refused(self, lidd_weights, words, tiny):
        data = replace(tiny, names=("a", "b", "c"))
        with pytest.raises(InputError, match=r"tiny.yaml has 3 classes, the network of .*best.pt 2"):
            certify(lidd_weights, **{**words, "data": data})
