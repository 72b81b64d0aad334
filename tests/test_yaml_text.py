"""YAML of others: every fault one line with its place, aliases that would fill the memory among them."""

from contextlib import suppress

import pytest

from lidd_yolo.errors import InputError
from lidd_yolo.yaml_text import parse_yaml, read_mapping
from tests.helpers.hostile_yaml import IN_LISTS, MERGED

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


class TestReadMapping:
    def test_content(self, tmp_path):
        file = tmp_path / "a.yaml"
        for text, content in (("a: 1", {"a": 1}), ("", {}), ("# nothing", {})):
            file.write_text(text)
            assert read_mapping(file) == content

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize("text", [b"- 1", b"word", b"\xff\xfe\xff", b"a: [", IN_LISTS.encode(), None])
    def test_fault__one_line(self, text, tmp_path):
        file = tmp_path / "a.yaml"
        if text is not None:
            file.write_bytes(text)
        with pytest.raises(InputError, match=r"a\.yaml(, line \d+)?: [^\n]+$"):
            read_mapping(file)
