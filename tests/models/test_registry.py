"""Row rules by hand, and which YAMLs count as ours."""

import pytest

from lidd_yolo.models.registry import (
    HEADS,
    ROWS,
    Built,
    Context,
    chain_rule,
    check_detect,
    check_segment,
    conv_rule,
    head_name,
    keep_rule,
    sum_rule,
    uses_our_rows,
)


def context(sources, args, factor=1, repeats=1):
    return Context(sources, args, lambda c: c * factor, repeats)


class TestConvRule:
    def test_channels__scaled_and_followed_by_the_other_arguments(self):
        assert conv_rule(context([16], [64, 5, 2], factor=2)) == Built((16, 128, 5, 2), 128)

    def test_inputs__more_than_one(self):
        with pytest.raises(ValueError, match="takes one input, not 2"):
            conv_rule(context([16, 16], [64]))

    @pytest.mark.parametrize("args", [[], ["wide"], [None], [[64]]])
    def test_arguments__without_channels(self, args):
        with pytest.raises(ValueError, match="first argument must be the number of output channels"):
            conv_rule(context([16], args))


class TestChainRule:
    def test_arguments__repeats_after_the_channels(self):
        row = context([16], [64, True, 2], factor=2, repeats=3)
        assert chain_rule(row) == Built((16, 128, 3, True, 2), 128)

    def test_arguments__without_channels(self):
        with pytest.raises(ValueError, match="first argument must be the number of output channels"):
            chain_rule(context([16], []))


class TestKeepRule:
    def test_channels__kept_and_first(self):
        assert keep_rule(context([24], [9], factor=2)) == Built((24, 9), 24)

    def test_inputs__more_than_one(self):
        with pytest.raises(ValueError, match="takes one input, not 2"):
            keep_rule(context([16, 16], [9]))


class TestSumRule:
    def test_channels__kept(self):
        assert sum_rule(context([24, 24, 24], [])) == Built((), 24)

    def test_inputs__of_different_size(self):
        with pytest.raises(ValueError, match=r"\[24, 32\] channels"):
            sum_rule(context([24, 32], []))

    def test_inputs__only_one(self):
        with pytest.raises(ValueError, match="two inputs or more"):
            sum_rule(context([24], []))


class TestCheckDetect:
    def test_levels__with_and_without_further_inputs(self):
        check_detect(4, ["nc", 4, 8])
        check_detect(7, ["nc", 4, 8])

    def test_levels__more_than_inputs(self):
        with pytest.raises(ValueError, match="it has 3 inputs, fewer than its 4 levels"):
            check_detect(3, ["nc", 4, 8])

    @pytest.mark.parametrize("args", [[], ["nc"], ["nc", 4], ["nc", 4, 8, 16], ["nc", "four", 8]])
    def test_arguments__wrong(self, args):
        with pytest.raises(ValueError, match=r"must be \[nc, levels, bins\]"):
            check_detect(7, args)


class TestCheckSegment:
    def test_arguments__right(self):
        check_segment(3, ["nc", 32, 256])

    @pytest.mark.parametrize("args", [[], ["nc"], ["nc", 32], ["nc", 32, 256, 16], ["nc", 32, "wide"]])
    def test_arguments__wrong(self, args):
        with pytest.raises(ValueError, match=r"must be \[nc, masks, prototype channels\]"):
            check_segment(3, args)

    def test_inputs__none(self):
        with pytest.raises(ValueError, match="needs a level"):
            check_segment(0, ["nc", 32, 256])


class TestTables:
    def test_names__are_the_classes(self):
        assert all(row.module.__name__ == name for name, row in {**ROWS, **HEADS}.items())

    def test_heads__are_no_rows(self):
        assert not ROWS.keys() & HEADS.keys()

    def test_head_name__tells_the_task(self):
        """Ultralytics guesses the task of a YAML from its last row's name."""
        assert all(head.task in name.lower() for name, head in HEADS.items())


class TestHeadName:
    def test_value__of_the_last_row(self):
        assert head_name({"head": [[-1, 1, "Conv", [8]], [[0], 1, "LIDDDetect", ["nc", 1, 8]]]}) == "LIDDDetect"

    @pytest.mark.parametrize("yaml", [{}, {"head": None}, {"head": []}, {"head": [[-1]]}, {"head": ["Conv"]}])
    def test_value__empty_without_a_usable_row(self, yaml):
        assert head_name(yaml) == ""


class TestUsesOurRows:
    @pytest.mark.parametrize(
        ("backbone", "head", "want"),
        [
            ([[-1, 1, "Conv", [8]]], [[[0], 1, "Detect", ["nc"]]], False),
            ([[-1, 1, "CSEA", [8]]], [[[0], 1, "Detect", ["nc"]]], True),
            ([[-1, 1, "Conv", [8]]], [[[0], 1, "LIDDDetect", ["nc", 1, 8]]], True),
            ([[-1, 1, "Conv", ["CSEA"]]], None, False),
            (None, None, False),
            ([[-1, 1], [-1, 1, ["CSEA"], []]], [None], False),
        ],
    )
    def test_value(self, backbone, head, want):
        assert uses_our_rows({"backbone": backbone, "head": head}) is want
