"""The recipe is made of arguments that Ultralytics knows, with the paper's values."""

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
