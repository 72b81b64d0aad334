"""The cost of a network against hand calculation, and by a second counter."""

import pytest
import yaml
from ultralytics import YOLO
from ultralytics.nn.tasks import yaml_model_load

from lidd_yolo.results.record import count
from tests.helpers.two_counters import by_both_counters, differing_layers

EXTRA_TRAINING = 1_049_466 - 626_248  # tests/models/test_lidd_size.py, light auxiliary head against folded


@pytest.fixture(scope="module")
def lidd():
    return {**by_both_counters("lidd.yaml", 192), **count("lidd.yaml", 192)}


class TestCount:
    def test_count__one_convolution_by_hand(self, tmp_path):
        """3x3 convolutions to 16 and 32 channels at half and quarter of 64 pixels, then the detection head alone."""
        rows = [[-1, 1, "Conv", [16, 3, 2]], [-1, 1, "Conv", [32, 3, 2]]]
        file = tmp_path / "two.yaml"
        model = {"nc": 1, "backbone": rows, "head": [[[1], 1, "Detect", ["nc"]]]}
        file.write_text(yaml.safe_dump(model))
        counts = count(str(file), 64)
        body = 32 * 32 * 16 * 3 * 9 + 16 * 16 * 32 * 16 * 9
        box = 16 * 16 * (32 * 64 * 9 + 64 * 64 * 9 + 64 * 64)  # two 3x3 of 64 channels, one 1x1 to 4 x 16 bins
        score = 16 * 16 * (2 * 32 * 32 * 9 + 32)  # two 3x3 of 32 channels, one 1x1 to the class
        decoding = 16 * 16 * 4 * 16
        assert counts["macs"] == body + box + score + decoding
        assert counts["gflops"] == 2 * counts["macs"] / 1e9
        both = by_both_counters(str(file), 64)
        assert both == {"macs": counts["macs"], "flops_torch": 2 * counts["macs"], "differing_layers": []}

    @pytest.mark.parametrize("name", ["yolov8n.yaml", "lidd.yaml"])
    def test_count__pictures_of_four_channels(self, name, tmp_path):
        """The trained form, which is built anew, takes four as well: both grow by one channel of the first layer."""
        counts = {}
        for channels in (3, 4):
            net = YOLO(name, verbose=False)
            net.model = type(net.model)(yaml_model_load(name), ch=channels, verbose=False)
            net.save(tmp_path / "net.pt")
            counts[channels] = count(tmp_path / "net.pt", 64)
        grown = {key: counts[4][key] - counts[3][key] for key in ("parameters", "parameters_folded")}
        assert grown["parameters"] == grown["parameters_folded"] > 0

    def test_count__trained_and_folded_form(self, lidd):
        assert lidd["parameters"] - lidd["parameters_folded"] == EXTRA_TRAINING
        assert lidd["parameters_folded"] == 626_248 + 8  # the constant bins of the box decoding are counted

    def test_count__bilinear_upsampling_is_the_difference(self, lidd):
        """thop has 11 multiply-adds for each of 96 channels, 12 x 12 and 24 x 24, torch none; averages are the rest."""
        rows = lidd["differing_layers"]
        assert [(row["layer"], row["type"]) for row in rows] == [("model.12", "Upsample"), ("model.15", "Upsample")]
        assert [row["macs"] for row in rows] == [11 * 96 * 12 * 12, 11 * 96 * 24 * 24]
        assert [row["macs_torch"] for row in rows] == [0, 0]
        assert lidd["flops_torch"] / (2 * lidd["macs"]) - 1 == pytest.approx(-0.0074, abs=1e-4)
        assert lidd["macs"] - lidd["flops_torch"] // 2 - sum(r["macs"] for r in rows) < 0.001 * lidd["macs"]

    def test_count__products_outside_layers_are_no_difference(self):
        """Attention multiplies tensors: thop finds that at the network, torch in the layer."""
        both = by_both_counters("yolo11n.yaml", 64)
        assert both["flops_torch"] == pytest.approx(2 * both["macs"], rel=1e-5)
        assert both["differing_layers"] == []


class TestDiffering:
    def test_differing__products_that_thop_does_not_find(self):
        """An older thop knows layers alone: then the layer is named."""
        model = Named()
        rows = differing_layers(model, {"": 0, "a": 900, "b": 0}, {"": 0, "a": 900, "b": 100}, 900)
        assert rows == [{"layer": "b", "type": "int", "macs": 0, "macs_torch": 100}]

    def test_differing__small_parts_are_left_out(self):
        model = Named()
        assert differing_layers(model, {"": 0, "a": 10_000, "b": 9}, {"": 0, "a": 10_050, "b": 0}, 10_009) == []


class Named:
    """Stands for a network with two layers."""

    def named_modules(self):
        return [("", 0), ("a", 0), ("b", 0)]
