"""The recipe is made of arguments that Ultralytics knows, with the paper's values."""

from ultralytics.utils import DEFAULT_CFG_DICT

from lidd_yolo.engine import recipes


class TestLIDD:
    def test_lidd__known_arguments_only(self):
        assert recipes.LIDD.keys() <= DEFAULT_CFG_DICT.keys()

    def test_lidd__what_the_paper_states(self):
        """Section 2.5: batch 32, clip 35, AdamW, learning rate 0.001, weight decay 0.05, 300 epochs."""
        stated = {"batch": 32, "optimizer": "AdamW", "lr0": 0.001, "weight_decay": 0.05, "epochs": 300}
        assert stated.items() <= recipes.LIDD.items()
        assert recipes.GRADIENT_CLIP_NORM == 35

    def test_lidd__weight_decay_is_not_rescaled(self):
        """Ultralytics multiplies weight decay by batch * accumulate / nbs: 1 only where nbs equals the batch."""
        assert recipes.LIDD["nbs"] == recipes.LIDD["batch"]
