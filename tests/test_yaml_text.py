"""YAML of others: every fault one line with its place, aliases that would fill the memory among them."""

from contextlib import suppress

import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.yaml_text import parse_yaml

LEVELS = 40
IN_LISTS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, LEVELS))
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, LEVELS))
OFTEN = "1" + ":59" * 200 + ".5"


class TestParseYaml:
    def test_content__plain_values(self):
        assert parse_yaml("a: &x [1, 2.5, yes]\nb: *x\nc: {<<: {d: text}}", "f") == {
            "a": [1, 2.5, True],
            "b": [1, 2.5, True],
            "c": {"d": "text"},
        }
        assert parse_yaml("", "f") is None

    def test_long_list__no_fault(self):
        assert len(parse_yaml("\n".join(f"- {number}.jpg" for number in range(2000)), "f")) == 2000

    def test_value_inside_itself__read(self):
        inside = parse_yaml("&a [*a]", "f")
        assert inside[0] is inside

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize("text", [IN_LISTS, MERGED], ids=["lists", "merged"])
    def test_aliases__that_fill_the_memory(self, text):
        with pytest.raises(InputError, match=r"^f\.yaml: no valid YAML \(written out, its aliases give more than"):
            parse_yaml(text, "f.yaml")

    @pytest.mark.parametrize(
        "text",
        [
            "a: [",
            "a:\n\t- b",
            "a: !!bool x",
            'a: !!int ""',
            "a: !!timestamp x",
            "a: !!float x",
            "a: !!python/object/apply:os.system [x]",
            f"a: {OFTEN}",
            "a: " + "1" * 5000,
            "a: 2001-99-99",
            "? [a]\n: b",
            "<<: x",
            "*a",
            "[" * 3000,
        ],
        ids=lambda text: text[:12],
    )
    def test_fault__one_line(self, text):
        with pytest.raises(InputError, match=r"^f\.yaml(, line \d+)?: no valid YAML \(.+\)$") as raised:
            parse_yaml(text, "f.yaml")
        assert len(str(raised.value)) < 400

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize(
        "text",
        ["'" + "a" * 10**5, "a" * 10**5 + ":", "1_" * 10**5, "1:" * 10**5 + "1", "1:" * 10**5 + "1.5", " " * 10**5],
        ids=lambda text: text[:8],
    )
    def test_long_words__in_little_time(self, text):
        with suppress(InputError):
            parse_yaml(f"a: {text}", "f")
