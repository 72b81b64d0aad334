"""Our rows beside stock rows, checked against the stock parser itself."""

import threading
from copy import deepcopy

import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn import tasks
from ultralytics.nn.modules import SPPF, Concat, Conv, Detect, Segment
from yaml import safe_dump

from lidd_yolo import connect
from lidd_yolo.models import guard, parser, registry
from lidd_yolo.models.registry import Built, Head, Row, conv_rule

STOCK = connect.inspect.unwrap(tasks.parse_model)
YAMLS = ["yolov5s", "yolov8n", "yolov8x-p2", "yolov8m-seg", "yolov9c", "yolov10s", "yolo11n", "yolo11x-seg", "yolo26n"]


class AliasConv(Conv):
    """Another name for a stock layer."""


class AliasSPPF(SPPF):
    """Another name for a stock layer."""


class AliasConcat(Concat):
    """Another name for a stock layer with several inputs."""


class AliasDetect(Detect):
    """Another name for a stock head."""


class AliasSegment(Segment):
    """Another name for a stock head."""


ALIAS_ROWS = {
    "AliasConv": Row(AliasConv, conv_rule),
    "AliasSPPF": Row(AliasSPPF, conv_rule),
    "AliasConcat": Row(AliasConcat, lambda row: Built(tuple(row.args), sum(row.sources))),
}
ALIAS_HEADS = {
    "AliasDetect": Head(AliasDetect, "Detect", "detect", lambda *_: None),
    "AliasSegment": Head(AliasSegment, "Segment", "segment", lambda *_: None),
}


@pytest.fixture
def aliases(monkeypatch):
    for name, row in ALIAS_ROWS.items():
        monkeypatch.setitem(registry.ROWS, name, row)
    for name, head in ALIAS_HEADS.items():
        monkeypatch.setitem(registry.HEADS, name, head)


def renamed(yaml, every=1):
    """Give every n-th row that has an alias its other name."""
    yaml, seen = deepcopy(yaml), 0
    for row in yaml["backbone"] + yaml["head"]:
        if f"Alias{row[2]}" in {**ALIAS_ROWS, **ALIAS_HEADS}:
            seen += 1
            row[2] = f"Alias{row[2]}" if seen % every == 0 else row[2]
    return yaml


def shapes(layers):
    return {name: tuple(value.shape) for name, value in layers.state_dict().items()}


def small(*rows, **keys):
    """Return a YAML of a stem and these rows, called mine.yaml."""
    return {
        "yaml_file": "mine.yaml",
        "nc": 3,
        "backbone": [[-1, 1, "Conv", [16, 3, 2]], *map(list, rows)],
        "head": [],
        **keys,
    }


def parse(yaml, channels=3):
    return parser.parse_with_our_rows(STOCK, yaml, channels, verbose=False)


@pytest.mark.trains
@pytest.mark.usefixtures("aliases")
class TestAgainstStock:
    @pytest.mark.parametrize("every", [1, 2])
    @pytest.mark.parametrize("name", YAMLS)
    def test_network__equals_the_stock_one(self, name, every):
        yaml = tasks.yaml_model_load(f"{name}.yaml")
        want, want_saved = STOCK(deepcopy(yaml), 3, verbose=False)
        got, got_saved = parse(renamed(yaml, every))
        assert shapes(got) == shapes(want)
        assert got_saved == want_saved
        assert [(m.i, m.f, m.np) for m in got] == [(m.i, m.f, m.np) for m in want]
        assert sum("Alias" in m.type for m in got) >= 3

    def test_channels__other_than_three(self):
        yaml = tasks.yaml_model_load("yolov8n.yaml")
        assert shapes(parse(renamed(yaml), 1)[0]) == shapes(STOCK(deepcopy(yaml), 1, verbose=False)[0])

    @pytest.mark.parametrize("key", ["channels", "ch"])
    @pytest.mark.parametrize("name", ["lidd.yaml", "wlnetn.yaml", "yolov8n-nwd.yaml"])
    def test_channels__in_the_yaml_as_in_a_stock_one(self, name, key, tmp_path):
        """Which key counts, if any, is this release's affair."""
        stock, section = ("yolov8n.yaml", {"lidd_yolo": {"nwd": True}} if "nwd" in name else {})
        built = {}
        for own, source, more in ((name, stock if section else name, section), (stock, stock, {})):
            file = tmp_path / own
            file.write_text(safe_dump({**tasks.yaml_model_load(source), key: 4, **more}), encoding="utf-8")
            built[own] = next(m for m in YOLO(file, verbose=False).model.modules() if isinstance(m, nn.Conv2d))
        assert built[name].in_channels == built[stock].in_channels

    def test_dictionary__unchanged(self):
        yaml = renamed(tasks.yaml_model_load("yolov8n.yaml"))
        before = deepcopy(yaml)
        parse(yaml)
        assert yaml == before

    def test_seed__same_weights_again(self):
        yaml = tasks.yaml_model_load("lidd.yaml")
        states = []
        for _ in range(2):
            torch.manual_seed(1)
            states.append(parse(yaml)[0].state_dict())
        assert all(torch.equal(a, b) for a, b in zip(*(s.values() for s in states), strict=True))


class TestStockYamls:
    """A YAML without rows of ours must not notice that we are there."""

    @pytest.mark.parametrize("name", ["yolov8n", "yolo11n-seg"])
    def test_weights__bit_identical(self, name):
        yaml = tasks.yaml_model_load(f"{name}.yaml")
        results = []
        for function in (STOCK, tasks.parse_model):
            torch.manual_seed(2)
            layers, saved = function(deepcopy(yaml), 3, verbose=False)
            results.append((layers.state_dict(), saved, torch.rand(1)))
        (want, want_saved, want_next), (got, got_saved, got_next) = results
        assert list(got) == list(want)
        assert all(torch.equal(got[key], want[key]) for key in want)
        assert (got_saved, got_next) == (want_saved, want_next)

    def test_error__is_the_stock_one(self):
        with pytest.raises(KeyError, match="NoSuchLayer"):
            tasks.parse_model({"nc": 1, "backbone": [[-1, 1, "NoSuchLayer", []]], "head": []}, 3, verbose=False)

    def test_threads__beside_ours(self):
        """``Conv.default_act`` is one for the process; ours must not reach a network built at the same time."""
        ours, stock = tasks.yaml_model_load("lidd.yaml"), tasks.yaml_model_load("yolov8n.yaml")
        before, found = Conv.default_act, []

        def build_stock():
            for _ in range(6):
                layers, _ = tasks.parse_model(deepcopy(stock), 3, verbose=False)
                found.append({type(m.act) for m in layers.modules() if isinstance(m, Conv)})

        thread = threading.Thread(target=build_stock)
        thread.start()
        with guard.building():
            while thread.is_alive():
                tasks.parse_model(deepcopy(ours), 3, verbose=False)
        assert found == [{type(before)}] * 6
        assert Conv.default_act is before


class TestRows:
    def test_repeats__scaled_and_in_a_sequence(self):
        yaml = small([-1, 4, "CSEB", [16]], scales={"n": [0.5, 1.0, 64]}, scale="n")
        layers, _ = parse(yaml)
        assert isinstance(layers[1], nn.Sequential)
        assert [type(m).__name__ for m in layers[1]] == ["CSEB", "CSEB"]

    def test_repeats__scaled_and_inside(self):
        yaml = small([-1, 4, "VoVGSCSP", [16]], scales={"n": [0.5, 1.0, 64]}, scale="n")
        layers, _ = parse(yaml)
        assert type(layers[1]).__name__ == "VoVGSCSP"
        assert len(layers[1].main) == 1 + 2

    def test_arguments__one_for_each_scale(self):
        radii = {"n": 6, "s": 9}
        for scale, radius in radii.items():
            yaml = small(
                [-1, 1, "HyperCompute", ["radius"]],
                [-1, 1, "HyperCompute", [{"n": 1, "s": 2}]],
                scales={"n": [1, 1, 64], "s": [1, 1, 64]},
                scale=scale,
                radius=radii,
            )
            layers, _ = parse(yaml)
            assert [layer.radius for layer in layers[1:]] == [radius, {"n": 1, "s": 2}[scale]]

    def test_scale_rows__of_that_scale_alone(self):
        rows = {"s": {1: [-1, 1, "Conv", [8, 3, 2]], 2: [0, 1, "DWSep", [24, 3, 1]]}}
        for scale, kinds in (("n", ["Conv", "CSEB", "CSEB"]), ("s", ["Conv", "Conv", "DWSep"])):
            yaml = small(
                [-1, 1, "CSEB", [16]],
                scales={"n": [1, 1, 64], "s": [1, 1, 64]},
                scale=scale,
                scale_rows=rows,
                head=[[-1, 1, "CSEB", [16]]],
            )
            before = deepcopy(yaml)
            layers, _ = parse(yaml)
            assert [type(layer).__name__ for layer in layers] == kinds
            assert yaml == before

    @pytest.mark.parametrize(("asked", "want"), [(30, 48), (40, 64), (64, 64)])
    def test_width__capped_multiplied_and_rounded_up_to_eight(self, asked, want):
        """min(c, 40) * 1.5: 45 -> 48, 60 -> 64, 60 -> 64."""
        layers, _ = parse(small([-1, 1, "DWSep", [asked, 3, 1]], scales={"q": [1.0, 1.5, 40]}, scale="q"))
        assert layers[1](torch.zeros(1, 24, 4, 4)).shape[1] == want

    def test_arguments__names_and_literals(self):
        layers, _ = parse(small([-1, 1, "DWSep", ["nc", "5", 2]], nc=8))
        assert layers[1](torch.zeros(1, 16, 8, 8)).shape == (1, 8, 4, 4)

    def test_saved__rows_that_are_read_later(self):
        yaml = small(
            [-1, 1, "DWSep", [16, 3, 1]], [0, 1, "DWSep", [16, 3, 1]], [[1, -1], 1, "Sum", []], [-2, 1, "Conv", [8]]
        )
        layers, saved = parse(yaml)
        assert saved == [0, 1, 2]
        assert [m.f for m in layers] == [-1, -1, 0, [1, -1], -2]

    def test_scale__missing_is_the_first(self, monkeypatch):
        lines = []
        monkeypatch.setattr(parser.LOGGER, "warning", lines.append)
        layers, _ = parse(small([-1, 1, "CSEB", [16]], scales={"q": [1.0, 2.0, 64], "r": [1.0, 1.0, 64]}))
        assert layers[0].conv.out_channels == 32
        assert lines == ["no model scale passed. Assuming scale='q'."]

    @pytest.mark.parametrize(("asked", "width"), [("", 16), ("q", 32)])
    def test_scale__missing_is_the_default_of_the_yaml(self, monkeypatch, asked, width):
        """A copy under any name: Ultralytics reads a scale from its own names only, ours from ours."""
        lines = []
        monkeypatch.setattr(parser.LOGGER, "warning", lines.append)
        scales = {"q": [1.0, 2.0, 64], "r": [1.0, 1.0, 64]}
        section = {"default_scale": "r"}
        layers, _ = parse(small([-1, 1, "CSEB", [16]], scales=scales, lidd_yolo=section, scale=asked))
        assert layers[0].conv.out_channels == width
        assert lines == []

    def test_activation__of_all_rows_and_not_left_behind(self):
        before = Conv.default_act
        layers, _ = parse(small([-1, 1, "DWSep", [16, 3, 1]], activation="torch.nn.Hardswish()"))
        assert {type(m.act) for m in layers.modules() if isinstance(m, Conv)} == {nn.Hardswish}
        assert Conv.default_act is before

    def test_verbose__one_line_for_each_row(self, monkeypatch):
        lines = []
        monkeypatch.setattr(parser.LOGGER, "info", lines.append)
        parser.parse_with_our_rows(STOCK, small([-1, 2, "CSEB", [16]]), 3)
        assert len(lines) == 3
        assert "lidd_yolo.layers.cse.CSEB" in lines[2]


class TestWrongRows:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ([-1, 1, "CSEA", []], "first argument must be the number of output channels"),
            ([-1, 1, "CSEA", ["wide"]], "first argument must be the number of output channels"),
            ([-1, 1, "CSEA", [16, 1, 2, 3, 4, 5, 6]], "arguments"),
            ([[0, 0], 1, "CSEA", [16]], "takes one input, not 2"),
            ([[0, -1], 2, "Sum", []], "two inputs or more"),
            ([1, 1, "CSEA", [16]], "reads row 1, which is not above it"),
            ([-3, 1, "CSEA", [16]], "reads row -2, which is not above it"),
            ([[0, 7], 1, "Sum", []], "reads row 7, which is not above it"),
            ([-1, 1, "CSEA"], r"a row is \[from, repeats, module, \[arguments\]\]"),
            ([-1, 1, "CSEA", 16], r"a row is \[from, repeats, module, \[arguments\]\]"),
            (["first", 1, "CSEA", [16]], r"a row is \[from, repeats, module, \[arguments\]\]"),
            ([-1, "two", "CSEA", [16]], r"a row is \[from, repeats, module, \[arguments\]\]"),
            ([[], 1, "Sum", []], r"a row is \[from, repeats, module, \[arguments\]\]"),
            ([-1, 1, "HyperCompute", [{"n": 6}]], "an argument has no value for scale None"),
            ([-1, 1, "HyperCompute", [0]], "radius must be positive"),
            ([[0, 0], 1, "HyperCompute", [9]], "takes one input, not 2"),
            ([-1, 1, "MANet", []], "first argument must be the number of output channels"),
            ([[0], 1, "WLNetSegment", ["nc", 32]], r"must be \[nc, masks, prototype channels\]"),
            ([[0], 1, "LIDDDetect", ["nc"]], r"must be \[nc, levels, bins\]"),
            ([[0], 1, "LIDDDetect", ["nc", 2, 8]], "it has 1 inputs, fewer than its 2 levels"),
        ],
    )
    def test_message__names_file_and_row(self, row, reason):
        with pytest.raises(ValueError, match=reason) as error:
            parse(small(row))
        assert str(error.value).startswith(f"mine.yaml: row 1 {row}: ")

    def test_message__first_row(self):
        with pytest.raises(ValueError, match=r"mine\.yaml: row 0 .* reads row 0, which is not above it"):
            parse({**small(), "backbone": [[0, 1, "CSEA", [16]]]})

    def test_name__nobody_knows(self):
        with pytest.raises(ValueError, match=r"mine\.yaml: 'CSEC' is no layer of Ultralytics, nor .*CSEA, CSEB"):
            parse(small([-1, 1, "CSEB", [16]], [-1, 1, "CSEC", [16]]))

    def test_scale__unknown(self):
        with pytest.raises(ValueError, match=r"mine\.yaml: no scale 'x', only n, s"):
            parse(small([-1, 1, "CSEB", [16]], scales={"n": [1, 1, 64], "s": [1, 1, 64]}, scale="x"))

    def test_scale_rows__that_do_not_exist(self):
        rows = {"n": {7: [-1, 1, "CSEB", [16]]}}
        with pytest.raises(ValueError, match=r"mine\.yaml: scale_rows: there is no row 7"):
            parse(small([-1, 1, "CSEB", [16]], scales={"n": [1, 1, 64]}, scale="n", scale_rows=rows))

    def test_heads__of_two_kinds(self):
        levels = [[0], 1, "Detect", ["nc"]], [[0], 1, "LIDDDetect", ["nc", 1, 8]]
        with pytest.raises(ValueError, match=r"mine\.yaml: Detect and LIDDDetect cannot stand in one file"):
            parse(small(*levels))


class TestSelfTest:
    def test_stock_parser__passes(self):
        parser.self_test(STOCK)

    def test_parser__that_fails(self):
        def broken(*_, **__):
            raise KeyError("backbone")

        with pytest.raises(RuntimeError, match="failed a self-test of lidd_yolo: 'backbone'"):
            parser.self_test(broken)

    def test_parser__that_counts_channels_differently(self):
        def different(d, ch, verbose=True):
            layers, saved = STOCK(d, ch, verbose)
            layers[3] = nn.BatchNorm2d(4)
            return layers, saved

        with pytest.raises(RuntimeError, match="4 channels, expected 3"):
            parser.self_test(different)
