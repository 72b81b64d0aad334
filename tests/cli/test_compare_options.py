"""Options of the three commands, and what they change of a plan."""

import argparse

import pytest

from lidd_yolo.cli.compare_options import listed, seconds, whole_number, whole_numbers
from lidd_yolo.compare.plan import PlanModel, RunPlan, changed_by, key_values
from tests.helpers.plans import parsed

PLAN = RunPlan("p", ({"": "d.yaml"},), (64,), (2,), (5, 6, 7), (PlanModel("lidd.yaml", "L"),), 8, {"amp": False})


def changed(*options):
    return changed_by(PLAN, parsed("reproduce", "lidd-table3", *options))


class TestChangedBy:
    def test_nothing_asked(self):
        assert changed() == PLAN

    @pytest.mark.parametrize(
        ("options", "key", "value"),
        [
            (["--data", "neu-seg-paper.yaml"], "data", ({"": "neu-seg-paper.yaml"},)),
            (["--data", "a.yaml,b.yaml"], "data", ({"": "a.yaml"}, {"": "b.yaml"})),
            (["--seeds", "2"], "seeds", (0, 1)),
            (["--imgsz", "96"], "imgsz", (96,)),
            (["--imgsz", "96,128,96"], "imgsz", (96, 128)),
            (["--epochs", "7"], "epochs", (7,)),
            (["--batch", "3"], "batch", 3),
            (["--name", "q"], "name", "q"),
            (["--recipe", "own,lidd"], "models", (PlanModel("lidd.yaml", "L", ("own", "lidd")),)),
            (["--device", "0"], "arguments", {"amp": False, "device": "0"}),
            (["amp=True", "lr0=0.1"], "arguments", {"amp": True, "lr0": 0.1}),
        ],
    )
    def test_one(self, options, key, value):
        assert getattr(changed(*options), key) == value

    def test_data__with_its_protocols(self):
        (data,) = changed("--data", "neu-det.yaml").data
        assert set(data) == {"grouped", "paper", "random"}


class TestValues:
    @pytest.mark.parametrize(
        ("text", "value"), [("90", 90), ("90s", 90), ("9m", 540), ("1.5h", 5400), ("1h30m", 5400), ("2m5s", 125)]
    )
    def test_seconds(self, text, value):
        assert seconds(text) == value

    @pytest.mark.parametrize("text", ["", "m", "9 m", "9d", "-9m", "9m!"])
    def test_seconds__wrong(self, text):
        with pytest.raises(argparse.ArgumentTypeError, match="has to be a time"):
            seconds(text)

    @pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "x"])
    def test_count__wrong(self, text):
        for kind in (whole_number, whole_numbers):
            with pytest.raises(argparse.ArgumentTypeError, match=r"whole number|empty"):
                kind(text)

    def test_words(self):
        assert listed(" a.yaml, b.yaml,") == ["a.yaml", "b.yaml"]
        with pytest.raises(argparse.ArgumentTypeError, match="empty"):
            listed(" ,")

    def test_key_values__read_as_yaml(self):
        pairs = ["lr0=0.01", "amp=False", "optimizer=AdamW", "freeze=[1, 2]", "cache="]
        expected = {"lr0": 0.01, "amp": False, "optimizer": "AdamW", "freeze": [1, 2], "cache": None}
        assert key_values(pairs) == expected

    @pytest.mark.parametrize("pair", ["lr0", "=3", "a b=3"])
    def test_key_values__wrong(self, pair):
        with pytest.raises(ValueError, match="not written key=value"):
            key_values([pair])
