"""The networks of the LIDD paper's table 2: each builds, has the counts its head comment states, and folds."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from ultralytics import YOLO

from lidd_yolo.layers.reparam import reparameterize_model
from tests.helpers.macs import count_macs
from tests.helpers.randomise import randomise_batch_norm

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "cfg" / "models").rglob("lidd*.yaml"))


def learnable(model):
    return sum(p.numel() for name, p in model.named_parameters() if ".dfl." not in name)


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "parameters", "macs", "folded"),
        [
            ("lidd-baseline", 1_169_212, 166.51e6, 1_157_634),
            ("lidd-latm", 1_169_212, 166.51e6, 1_157_634),
            ("lidd-cisb", 620_304, 109.80e6, 616_264),
            ("lidd", 628_368, 110.23e6, 626_248),
        ],
    )
    def test_file__counts_of_the_page_on_papers(self, name, parameters, macs, folded):
        model = YOLO(f"{name}.yaml", verbose=False).model
        reparameterize_model(model.drop_training_branch())
        assert learnable(model) == parameters
        assert count_macs(model, 192) == pytest.approx(macs, abs=0.005e6)
        assert learnable(model.fuse(verbose=False)) == folded

    @pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
    def test_file__comment_states_the_counted_parameters(self, file):
        stated = re.search(r"([\d ]+) parameters", file.read_text())[1].replace(" ", "")
        model = YOLO(file, verbose=False).model
        reparameterize_model(model.drop_training_branch())
        assert learnable(model) == int(stated)

    @pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
    def test_file__folds_without_changing_the_output(self, file):
        model = randomise_batch_norm(YOLO(file, verbose=False).model, seed=0).eval()
        image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            before = model(image)[0]
            after = model.fuse(verbose=False)(image)[0]
        assert (after - before).abs().max() <= 1e-5 * max(1, before.abs().max())

    def test_baseline__has_no_auxiliary_training_and_latm_has(self):
        kinds = {f.stem: yaml.safe_load(f.read_text())["lidd_yolo"]["aux"] for f in FILES}
        assert kinds == {"lidd": "light", "lidd-baseline": "off", "lidd-latm": "light", "lidd-cisb": "light"}
