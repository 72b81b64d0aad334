"""Names that files of users hold: classes in checkpoints, imports in copied data YAMLs, the entry points."""

import ast
import functools
import importlib
import io
import pickletools
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
import yaml
from ultralytics import YOLO
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import yaml_model_load

import lidd_yolo
from lidd_yolo.models.classes import pickled_names
from lidd_yolo.models.nwd import NWDDetectionModel, NWDSegmentationModel
from tests.helpers.lidd_model import noise_batch
from tests.helpers.wlnet_model import mask_batch

ROOT = Path(__file__).resolve().parents[1]
MODELS = sorted(file.name for file in (ROOT / "cfg" / "models").rglob("*.yaml"))
DATA = sorted((ROOT / "cfg" / "datasets").glob("*.yaml"))

IN_FILES = {
    "lidd_yolo.layers.auxiliary_head.AuxiliaryHead",
    "lidd_yolo.layers.cse.CSEA",
    "lidd_yolo.layers.cse.CSEB",
    "lidd_yolo.layers.do_conv.DOConv2d",
    "lidd_yolo.layers.do_conv.DOConvBN",
    "lidd_yolo.layers.dw_sep.DWSep",
    "lidd_yolo.layers.ghost_pan.Ghost",
    "lidd_yolo.layers.ghost_pan.GhostBlock",
    "lidd_yolo.layers.gs_conv.GSBottleneck",
    "lidd_yolo.layers.gs_conv.GSConv",
    "lidd_yolo.layers.gs_conv.VoVGSCSP",
    "lidd_yolo.layers.head.LIDDDetect",
    "lidd_yolo.layers.hyper_compute.HyperCompute",
    "lidd_yolo.layers.latm.LATM",
    "lidd_yolo.layers.latm.RowGraph",
    "lidd_yolo.layers.ma_net.MANet",
    "lidd_yolo.layers.mask_rcnn.MaskRCNNSegment",
    "lidd_yolo.layers.mask_rcnn._ResizedAlready",
    "lidd_yolo.layers.mask_rcnn._in_float32",
    "lidd_yolo.layers.msffm.MSFFM",
    "lidd_yolo.layers.msffm.SharedDilatedConv",
    "lidd_yolo.layers.rep_ghost.DepthwiseBranches",
    "lidd_yolo.layers.rep_ghost.RepDepthwise",
    "lidd_yolo.layers.rep_ghost.RepGhostBlock",
    "lidd_yolo.layers.segment_head.WLNetSegment",
    "lidd_yolo.layers.shuffle_net.ShuffleUnit",
    "lidd_yolo.layers.simam.SimAM",
    "lidd_yolo.layers.sum.Sum",
    "lidd_yolo.models.lidd.LIDDModel",
    "lidd_yolo.models.mask_rcnn.MaskRCNNModel",
    "lidd_yolo.models.nwd.NWDDetectionModel",
    "lidd_yolo.models.nwd.NWDSegmentationModel",
    "lidd_yolo.models.wlnet.WLNetModel",
}
"""What a checkpoint of any of our YAMLs names: a name taken away here makes somebody's ``best.pt`` unreadable."""

AFTER_A_LOSS = {"lidd_yolo.models.box_loss.BlendedBoxLoss", "lidd_yolo.models.criterion.LIDDCriterion"}
"""What a network names besides once its loss was computed."""

WHEN_FUSED = {
    "lidd_yolo.layers.cse_chain.CSEBChain",
    "lidd_yolo.layers.prototypes.MergedPrototypes",
    "lidd_yolo.layers.prototypes._merge",
}
"""What a network names besides once it was fused for inference."""

OLD_IMPORTS = (
    "from lidd_yolo.data.datasets.missing import explain",
    "from lidd_yolo.data.synthetic import generate",
)
"""Imports of the ``download:`` entries that 0.1.0 came with; users copied those YAMLs."""

NWD_ON_STOCK = ("yolov8n.yaml", "yolov8n-seg.yaml")


def named_in(content):
    """Return what of ours the pickle of a saved object names."""
    file = io.BytesIO()
    torch.save(content, file)
    with zipfile.ZipFile(file) as archive:
        pickle = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        codes = [(code.name, word) for code, word, _ in pickletools.genops(archive.read(pickle))]
    assert "STACK_GLOBAL" not in {code for code, _ in codes}  # it takes its names from the stack
    named = {word.replace(" ", ".", 1) for code, word in codes if code == "GLOBAL"}
    return {name for name in named if name.startswith("lidd_yolo.")}


def built(name):
    """Return the network of a packaged YAML, or one of stock rows with NWD in its box loss."""
    return YOLO(name).model if name not in NWD_ON_STOCK else _with_nwd(name)


def _with_nwd(name):
    config = {**yaml_model_load(name), "scale": "n", "lidd_yolo": {"nwd": {"c_rel": 0.2}}}
    kind = NWDSegmentationModel if "seg" in name else NWDDetectionModel
    return kind(config, verbose=False)


@functools.cache
def named_in_network(name):
    """Return what of ours the network of a YAML names in a checkpoint."""
    return named_in(built(name))


def with_loss(model):
    """Return the network after one computation of its loss."""
    model.args = get_cfg()
    if getattr(model, "nwd", None) is not None and model.nwd.constant is None:
        model.set_measured(0.2)
    segments = "Segment" in type(model.model[-1]).__name__
    model.train().loss(mask_batch() if segments else noise_batch(size=64))
    return model


def found(name):
    """Return the module attribute of a dotted name; an error if there is none."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def imports_of(script):
    """Return the import statements of a piece of code."""
    return [node for node in ast.walk(ast.parse(script)) if isinstance(node, (ast.Import, ast.ImportFrom))]


def run_imports(script):
    """Run the import statements of a piece of code, nothing else; return what they name."""
    names = {}
    for node in imports_of(script):
        exec(compile(ast.Module([node], []), "download", "exec"), names)
    return {name: value for name, value in names.items() if name != "__builtins__"}


class TestCheckpoints:
    @pytest.mark.parametrize("name", sorted(IN_FILES | AFTER_A_LOSS | WHEN_FUSED))
    def test_name__importable(self, name):
        thing = found(name)
        assert f"{thing.__module__}.{thing.__qualname__}" == name  # else a new checkpoint would name it otherwise

    @pytest.mark.parametrize("name", sorted(IN_FILES | AFTER_A_LOSS | WHEN_FUSED))
    def test_name__known_to_restricted_loading(self, name):
        assert found(name) in pickled_names()

    @pytest.mark.parametrize("name", [*MODELS, *NWD_ON_STOCK])
    def test_network__names_no_others(self, name):
        named = named_in_network(name)
        assert named
        assert named <= IN_FILES

    def test_networks__together_name_all(self):
        assert set().union(*(named_in_network(name) for name in [*MODELS, *NWD_ON_STOCK])) == IN_FILES

    def test_after_a_loss(self):
        names = "lidd.yaml", "wlnet-t.yaml", *NWD_ON_STOCK
        assert set().union(*(named_in(with_loss(built(name))) for name in names)) - IN_FILES == AFTER_A_LOSS

    def test_fused(self):
        names = "lidd.yaml", "wlnet-t.yaml"
        assert set().union(*(named_in(built(name).eval().fuse()) for name in names)) - IN_FILES == WHEN_FUSED


class TestDownloadEntries:
    def test_data_yamls__all_are_looked_at(self):
        assert len(DATA) == 16
        assert all("download" in yaml.safe_load(file.read_text(encoding="utf-8")) for file in DATA)

    @pytest.mark.parametrize("file", DATA, ids=lambda file: file.stem)
    def test_imports__run(self, file):
        names = run_imports(yaml.safe_load(file.read_text(encoding="utf-8"))["download"])
        assert names
        assert all(map(callable, names.values()))

    @pytest.mark.parametrize("line", OLD_IMPORTS)
    def test_old_imports__run(self, line):
        (name,) = run_imports(line).values()
        assert callable(name)

    @pytest.mark.parametrize("line", OLD_IMPORTS)
    def test_old_imports__first_in_a_new_process(self, line):
        """As where a user's script starts with it."""
        subprocess.run([sys.executable, "-c", line], cwd=ROOT, check=True)


class TestEntryPoints:
    def test_module__runs(self):
        words = [sys.executable, "-m", "lidd_yolo", "--version"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == f"lidd_yolo {lidd_yolo.__version__}\n"

    def test_script__is_a_function_that_takes_words(self, capsys):
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (line,) = [line for line in text.splitlines() if line.startswith("lidd = ")]
        module, _, name = line.partition('"')[2].rstrip('"').partition(":")
        with pytest.raises(SystemExit) as stop:
            getattr(importlib.import_module(module), name)(["--version"])
        assert stop.value.code == 0
        assert capsys.readouterr().out == f"lidd_yolo {lidd_yolo.__version__}\n"
