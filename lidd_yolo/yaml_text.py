"""YAML that somebody else may have written: what is wrong with it becomes one line, and few bytes stay few.

PyYAML's safe loader runs no code. But it lets a tag such as ``!!bool`` end in whatever its conversion raises, and an
alias that is named twice, again and again, stand for more than any memory holds as soon as the content is printed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from lidd_yolo.errors import InputError

_MOST_PARTS = 1_000_000
"""Values in a text once each alias is written out; a data set's list of files may have hundreds of thousands."""
_LONGEST_NUMBER = 1000  # signs; PyYAML converts one of base 60 in time that grows with their square
_OF_CONVERSIONS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML lets through where a tag or a number cannot be converted."""


class PlainLoader(yaml.SafeLoader):
    """Of PyYAML's values the plain ones, of bounded number and length."""

    def get_single_node(self) -> yaml.Node | None:
        """Read a text into nodes; refuses one that would fill the memory."""
        node: yaml.Node | None = super().get_single_node()
        if node is not None and _parts(node, {}) > _MOST_PARTS:
            raise yaml.YAMLError(f"written out, its aliases give more than {_MOST_PARTS} values")
        return node

    def construct_scalar(self, node: Any) -> Any:
        """Convert a value; refuses a number that would take too long."""
        if node.tag.endswith((":int", ":float")) and len(node.value) > _LONGEST_NUMBER:
            raise yaml.YAMLError(f"a number has {len(node.value)} signs")
        return super().construct_scalar(node)


def _parts(node: yaml.Node, known: dict[int, int]) -> int:
    """Return the number of values of a node with every alias written out; one inside itself counts once."""
    if id(node) not in known:
        known[id(node)] = 1
        if isinstance(node, yaml.MappingNode):
            known[id(node)] += sum(_parts(part, known) for pair in node.value for part in pair)
        elif isinstance(node, yaml.SequenceNode):
            known[id(node)] += sum(_parts(part, known) for part in node.value)
    return known[id(node)]


def parse_yaml(text: str, source: object, loader: type[PlainLoader] = PlainLoader) -> Any:
    """Return the content of a YAML text, plain values only.

    Args:
        text: The text.
        source: What an error names as its place: the file, or the word of a command.
        loader: What is to be refused besides.

    Raises:
        InputError: If it is no valid YAML or its aliases give more than a million values; names the line if there is
            one.
    """
    try:
        return yaml.load(text, loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{source}{line}: no valid YAML ({_short(error.problem)})") from error
    except (yaml.YAMLError, RecursionError, *_OF_CONVERSIONS) as error:
        raise InputError(f"{source}: no valid YAML ({_short(error)})") from error


def read_mapping(file: Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file; none of an empty one.

    Raises:
        InputError: If it is not to be read, no valid YAML, or holds something else; one line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: {_short(error)}") from error
    content = parse_yaml(text, file)
    if not isinstance(content, (dict, type(None))):
        raise InputError(f"{file}: it has to hold keys and values, not {type(content).__name__}")
    return content or {}


def _short(reason: object) -> str:
    """Return a reason as one line of bounded length."""
    return re.sub(r"\s+", " ", str(reason))[:300]
