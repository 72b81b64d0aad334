"""The ``lidd_yolo:`` section: defaults, YAML's own reading of off, and messages that name the mistake."""

import dataclasses
import re

import pytest
import yaml

from lidd_yolo.models import options
from lidd_yolo.models.options import AUX_KINDS, Options, WLNetOptions


def read_options(config, kind=Options):
    return options.read_options(config, kind)


class TestReadOptions:
    @pytest.mark.parametrize("section", ["", "lidd_yolo:", "lidd_yolo: {}"])
    def test_defaults__are_the_papers_schedule(self, section):
        options = read_options(yaml.safe_load(f"nc: 6\n{section}"))
        assert options == Options(
            aux="light", detach_epoch=10, center_radius=None, candidates="nearest", default_scale="n"
        )

    def test_values__every_key(self):
        text = "lidd_yolo: {aux: dense, detach_epoch: 0, center_radius: 3.0, default_scale: s}"
        options = read_options(yaml.safe_load(text))
        assert options == Options(aux="dense", detach_epoch=0, center_radius=3.0, default_scale="s")

    @pytest.mark.parametrize("off", ["off", "Off", "no", "'off'"])
    def test_aux__off_as_yaml_reads_it(self, off):
        """YAML 1.1 turns a bare off or no into False."""
        assert read_options(yaml.safe_load(f"lidd_yolo: {{aux: {off}}}")).aux == "off"

    @pytest.mark.parametrize("aux", AUX_KINDS)
    def test_aux__known_kinds(self, aux):
        assert read_options({"lidd_yolo": {"aux": aux}}).aux == aux

    @pytest.mark.parametrize("aux", ["heavy", "Light", True, None, 1])
    def test_aux__unknown(self, aux):
        with pytest.raises(ValueError, match=rf"aux: {aux!r} is not one of light, dense, off"):
            read_options({"lidd_yolo": {"aux": aux}})

    @pytest.mark.parametrize("epoch", [-1, 2.5, "10", None, True])
    def test_detach_epoch__not_a_number_of_epochs(self, epoch):
        with pytest.raises(ValueError, match=rf"detach_epoch: {epoch!r} is not a number of epochs"):
            read_options({"lidd_yolo": {"detach_epoch": epoch}})

    @pytest.mark.parametrize("radius", ["3", True, [3]])
    def test_center_radius__not_a_number(self, radius):
        with pytest.raises(ValueError, match=rf"center_radius: {re.escape(repr(radius))} is not a number of strides"):
            read_options({"lidd_yolo": {"center_radius": radius}})

    @pytest.mark.parametrize("radius", [3, 2.5, None])
    def test_center_radius__number_or_none(self, radius):
        assert read_options({"lidd_yolo": {"center_radius": radius}}).center_radius == radius

    def test_key__unknown(self):
        with pytest.raises(ValueError, match=r"unknown key 7, detach; known are aux, detach_epoch, center_radius") as e:
            read_options({"lidd_yolo": {"detach": 3, "aux": "light", 7: 0}})
        assert all(field.name in str(e.value) for field in dataclasses.fields(Options))

    @pytest.mark.parametrize("section", [True, 3, "light", ["aux"]])
    def test_section__not_keys_and_values(self, section):
        with pytest.raises(ValueError, match="must hold keys and values"):
            read_options({"lidd_yolo": section})

    def test_yaml__unchanged(self):
        config = {"lidd_yolo": {"aux": False}}
        read_options(config)
        assert config == {"lidd_yolo": {"aux": False}}


class TestOptions:
    def test_value__cannot_be_changed(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            Options().aux = "off"


class TestWLNetOptions:
    @pytest.mark.parametrize("section", [{}, {"lidd_yolo": None}, {"lidd_yolo": {"default_scale": "s"}}])
    def test_default__is_the_papers_scale(self, section):
        assert read_options(section, WLNetOptions) == WLNetOptions(default_scale="s")

    def test_message__names_the_file(self):
        with pytest.raises(ValueError, match=r"^my\.yaml: lidd_yolo: unknown key aux"):
            read_options({"yaml_file": "my.yaml", "lidd_yolo": {"aux": "light"}}, WLNetOptions)

    def test_key__of_the_other_network(self):
        with pytest.raises(ValueError, match=r"unknown key aux; known are nwd, best_by, default_scale"):
            read_options({"lidd_yolo": {"aux": "light"}}, WLNetOptions)

    @pytest.mark.parametrize("nodes", [1, 1600, None])
    def test_max_nodes__number_or_none(self, nodes):
        assert read_options({"lidd_yolo": {"max_nodes": nodes}}, WLNetOptions).max_nodes == nodes

    @pytest.mark.parametrize("nodes", [0, -1, 2.5, "1600", True])
    def test_max_nodes__not_a_number_of_pixels(self, nodes):
        with pytest.raises(ValueError, match=rf"max_nodes: {nodes!r} is not a number of pixels"):
            read_options({"lidd_yolo": {"max_nodes": nodes}}, WLNetOptions)
