"""Recipes and whose they are."""

import pytest

from lidd_yolo.compare.recipe import CAUTIONS, FAMILIES, recipe_arguments, recipe_family
from lidd_yolo.training import recipes


class TestFamily:
    @pytest.mark.parametrize(
        ("model", "family"),
        [
            ("lidd.yaml", "lidd"),
            ("lidd-baseline.yaml", "lidd"),
            ("some/wlnett.yaml", "wlnet"),
            ("maskrcnn.yaml", ""),
            ("yolov8n.yaml", ""),
            ("liddle.yaml", ""),
            ("lidd.pt", ""),
        ],
    )
    def test_family(self, model, family):
        assert recipe_family(model) == family


class TestArguments:
    def test_own__leaves_all_to_the_trainer(self):
        assert recipe_arguments("own") == {}

    @pytest.mark.parametrize(("name", "recipe"), [("lidd", recipes.LIDD), ("wlnet", recipes.WLNET)])
    def test_ours__without_epochs_and_gains(self, name, recipe):
        left_out = {"epochs", "box", "cls", "dfl"}
        assert recipe.keys() >= left_out
        assert recipe_arguments(name) == {key: value for key, value in recipe.items() if key not in left_out}

    def test_file(self, tmp_path):
        file = tmp_path / "hard.yaml"
        file.write_text("lr0: 0.1\nepochs: 7\nimgsz: 32\nseed: 4\n")
        assert recipe_arguments(str(file)) == {"lr0": 0.1}

    @pytest.mark.parametrize(
        ("content", "message"), [("- lr0", "has to map training arguments"), ("a: [", "is not a YAML file")]
    )
    def test_file__wrong(self, tmp_path, content, message):
        file = tmp_path / "hard.yaml"
        file.write_text(content)
        with pytest.raises(ValueError, match=message):
            recipe_arguments(str(file))

    def test_unknown(self):
        with pytest.raises(ValueError, match="no recipe 'hard': own, lidd, wlnet or a YAML file"):
            recipe_arguments("hard")


class TestCautions:
    def test_cautions__for_each_family(self):
        assert set(CAUTIONS) == set(FAMILIES)
        assert f"{recipes.GRADIENT_CLIP_NORM:.0f}" in CAUTIONS["lidd"]
