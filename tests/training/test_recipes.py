"""The recipe is made of arguments that Ultralytics knows, with the paper's values."""

import pytest
from ultralytics import YOLO
from ultralytics.utils import DEFAULT_CFG_DICT

from lidd_yolo.training import recipes


class TestLIDD:
    def test_lidd__known_arguments_only(self):
        assert recipes.LIDD.keys() <= DEFAULT_CFG_DICT.keys()

    def test_lidd__what_the_paper_states(self):
        """Section 2.5: batch 32, clip 35, AdamW, weight decay 0.05, 300 epochs; the learning rate is our own."""
        stated = {"batch": 32, "optimizer": "AdamW", "lr0": 0.004, "weight_decay": 0.05, "epochs": 300}
        assert stated.items() <= recipes.LIDD.items()
        assert recipes.GRADIENT_CLIP_NORM == 35

    def test_lidd__weight_decay_is_not_rescaled(self):
        """Ultralytics multiplies weight decay by batch * accumulate / nbs: 1 only where nbs equals the batch."""
        assert recipes.LIDD["nbs"] == recipes.LIDD["batch"]


class TestWLNet:
    def test_wlnet__known_arguments_only(self):
        assert recipes.WLNET.keys() <= DEFAULT_CFG_DICT.keys()

    def test_wlnet__hyper_yolos_schedule(self):
        """SGD 0.01 down to 0.0001, nominal batch 64, 500 epochs, mosaic until the last ten."""
        stated = {"optimizer": "SGD", "lr0": 0.01, "lrf": 0.01, "nbs": 64, "epochs": 500, "close_mosaic": 10}
        assert stated.items() <= recipes.WLNET.items()


class TestMaskRCNN:
    def test_mask_rcnn__known_arguments_only(self):
        assert recipes.MASK_RCNN.keys() <= DEFAULT_CFG_DICT.keys()

    def test_mask_rcnn__torchvision_s_optimiser(self):
        """references/detection/train.py: SGD 0.02 for 16 pictures, momentum 0.9, weight decay 1e-4, not rescaled."""
        stated = {"optimizer": "SGD", "lr0": 0.02, "momentum": 0.9, "weight_decay": 1e-4, "batch": 16, "nbs": 16}
        assert stated.items() <= recipes.MASK_RCNN.items()


class TestUnder:
    def test_under__what_is_typed_wins(self):
        assert recipes.under({"epochs": 3}, {"epochs": 300, "lr0": 0.1}) == {"epochs": 3, "lr0": 0.1}

    def test_under__nothing_typed(self):
        assert recipes.under(None, {"epochs": 300}) == {"epochs": 300}

    def test_under__a_resumed_run_is_left_alone(self):
        assert recipes.under({"resume": "last.pt"}, {"epochs": 300}) == {"resume": "last.pt"}

    def test_under__whole_configuration__defaults_give_way(self, caplog):
        """A copy of default.yaml with one value changed, as `yolo copy-cfg` makes it."""
        arguments = recipes.under({**DEFAULT_CFG_DICT, "model": "lidd.yaml", "scale": 0.2}, recipes.LIDD)
        assert {**recipes.LIDD, "scale": 0.2}.items() <= arguments.items()
        assert "in place of Ultralytics' defaults: batch=32" in caplog.text
        assert "scale=" not in caplog.text

    @pytest.mark.parametrize("place", ["process", "search"])
    def test_under__whole_configuration_of_a_running_training__is_typed(self, monkeypatch, place):
        """Processes of DDP and trials of a search get every argument, decided before."""
        given = {**DEFAULT_CFG_DICT, "model": "lidd.yaml"}
        if place == "process":
            monkeypatch.setattr(recipes, "RANK", 0)
            assert recipes.under(given, recipes.LIDD) == given
        else:
            with recipes.all_typed():
                assert recipes.under(given, recipes.LIDD) == given
            assert recipes.under(given, recipes.LIDD) != given


class TestBegunWith:
    @pytest.mark.parametrize(
        ("typed", "want"),
        [
            ({}, {"lr0": 0.004}),
            ({"model": "lidd.pt"}, {"lr0": 0.002}),
            ({"distill_model": "a.pt"}, {"lr0": 0.004, "dis": 1.0}),
            ({"model": "lidd.pt", "distill_model": "a.pt"}, {"lr0": 0.002, "dis": 1.0}),
        ],
        ids=str,
    )
    def test_begun_with__weights_and_teacher(self, typed, want):
        assert recipes.begun_with(typed, {"lr0": 0.004}, {"lr0": 0.002}, {"dis": 1.0}) == want

    def test_under__the_users_weight_wins(self):
        typed = {"distill_model": "a.pt", "dis": 3.0}
        assert recipes.under(typed, {}, {}, recipes.LIDD_FROM_TEACHER) == typed

    @pytest.mark.skipif("dis" not in DEFAULT_CFG_DICT, reason="a release that cannot distil")
    def test_under__whole_configuration(self):
        typed = {**DEFAULT_CFG_DICT, "model": "lidd.yaml", "distill_model": "a.pt"}
        assert recipes.under(typed, recipes.LIDD, {}, recipes.LIDD_FROM_TEACHER)["dis"] == 1.0


class TestStartsFromWeights:
    @pytest.mark.parametrize(
        "arguments",
        [
            {"model": "lidd.pt"},
            {"model": "runs/best.pt", "pretrained": True},
            {"model": "lidd.yaml", "pretrained": "lidd.pt"},
        ],
    )
    def test_checkpoint(self, arguments):
        assert recipes.starts_from_weights(arguments)
        assert recipes.under(arguments, {"lr0": 0.004}, {"lr0": 0.001})["lr0"] == 0.001

    @pytest.mark.parametrize(
        "arguments",
        [
            {},
            {"model": "lidd.yaml"},
            {"model": "lidd.yaml", "pretrained": True},
            {"model": "a.pt", "pretrained": False},
        ],
    )
    def test_random_numbers(self, arguments):
        assert not recipes.starts_from_weights(arguments)
        assert recipes.under(arguments, {"lr0": 0.004}, {"lr0": 0.001})["lr0"] == 0.004


class TestTune:
    """``model.tune()``: the first trial is the recipe, and its limits stand round it."""

    @pytest.fixture
    def asked(self, monkeypatch):
        """What the search was asked for, in place of the search."""
        asked = {}

        class Tuner:
            def __init__(self, args, **_):
                asked.update(args)

            def __call__(self, iterations):
                asked["iterations"] = iterations

        monkeypatch.setattr("ultralytics.engine.tuner.Tuner", Tuner)
        return asked

    @pytest.mark.parametrize(("name", "recipe"), [("lidd.yaml", recipes.LIDD), ("wlnett.yaml", recipes.WLNET)])
    def test_first_trial__is_the_recipe(self, asked, name, recipe):
        YOLO(name).tune(data="some.yaml", iterations=3, epochs=2)
        assert {**recipe, "epochs": 2, "iterations": 3, "data": "some.yaml"}.items() <= asked.items()
        for key, (low, high) in asked["space"].items():
            assert low <= recipe.get(key, DEFAULT_CFG_DICT[key]) <= high, key

    def test_own_space__wins(self, asked):
        YOLO("lidd.yaml").tune(data="some.yaml", space={"lr0": (0.1, 0.2)})
        assert asked["space"] == {"lr0": (0.1, 0.2)}

    def test_stock__is_left_alone(self, asked):
        YOLO("yolov8n.yaml").tune(data="some.yaml")
        assert not {"space", "cos_lr", "lr0"} & asked.keys()
