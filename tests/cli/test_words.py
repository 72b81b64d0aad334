"""Words that several commands take, lists that several commands print."""

from argparse import ArgumentParser
from inspect import signature
from types import SimpleNamespace

import pytest

from lidd_yolo.cli import data_check, data_convert, data_enlarge, data_releases
from lidd_yolo.cli.words import first_lines, key_values, named_files, problem_lines
from lidd_yolo.data import convert
from lidd_yolo.data.checks import label_files
from lidd_yolo.data.enlarge.data_set import enlarge
from lidd_yolo.data.releases import aluminium_sheet, neu_det, neu_seg
from lidd_yolo.errors import InputError


class TestKeyValues:
    def test_values__are_read_as_yaml(self):
        words = ["amp=False", "lr0=0.01", "optimizer=AdamW", "freeze=[0, 1]", "name="]
        assert key_values(words) == {"amp": False, "lr0": 0.01, "optimizer": "AdamW", "freeze": [0, 1], "name": None}

    @pytest.mark.parametrize("word", ["amp", "=3", "a b=3", "--amp=False"])
    def test_values__wrong(self, word):
        with pytest.raises(InputError, match="is not written key=value"):
            key_values([word])

    @pytest.mark.parametrize("value", ["!!bool x", "[1", "*a"])
    def test_values__no_yaml(self, value):
        with pytest.raises(InputError, match=r"^'freeze=.*' ?.*: no valid YAML"):
            key_values([f"freeze={value}"])


class TestNamedFiles:
    def test_files__by_name_or_their_own(self, tmp_path):
        files = named_files([f"ours={tmp_path / 'a.pt'}", str(tmp_path / "b.pt")])
        assert files == {"ours": tmp_path / "a.pt", "b": tmp_path / "b.pt"}


class TestListed:
    def test_list__short_and_long(self):
        assert first_lines([1, 2], "all.json", shown=2, indent="  ") == ["  1", "  2"]
        assert first_lines([1, 2, 3], "all.json", shown=1, indent="  ") == ["  1", "  and 2 more, see all.json"]
        assert first_lines([1, 2], shown=1) == ["1", "and 1 more"]

    def test_problems__left_out_before_repaired(self):
        class Problem(SimpleNamespace):
            def __str__(self):
                return self.text

        problems = [Problem(text="b", repaired=True), Problem(text="a", repaired=False)]
        assert problem_lines(problems, "x") == ["", "1 left out:", "  a", "", "1 repaired:", "  b"]
        assert problem_lines([], "x") == []


class TestChoices:
    """What commands offer without importing the modules that do it, which takes too long for a help text."""

    def test_formats(self):
        assert data_check.FORMATS == label_files.FORMATS
        assert (data_convert.FORMATS, data_convert.TARGETS) == (convert.FORMATS, convert.TARGETS)

    def test_enlarge(self):
        command = ArgumentParser()
        data_enlarge.add_arguments(command)
        args, usual = command.parse_args(["data.yaml"]), signature(enlarge).parameters
        assert (args.times, args.seed, (args.splits,)) == tuple(usual[n].default for n in ("times", "seed", "splits"))

    def test_releases(self):
        modules = {"neu-det": neu_det, "neu-seg": neu_seg, "aluminium-sheet": aluminium_sheet}
        sets = data_releases.SETS
        assert {name: about.protocols for name, about in sets.items()} == {
            name: tuple(module.PROTOCOLS) for name, module in modules.items()
        }
        assert sets["neu-seg"].min_pixels == neu_seg.MIN_PIXELS
