"""Photographs of one burst or one part, known by a rule on their file names.

Own work; the pictures themselves are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath


def burst_links(names: Sequence[str], rule: str) -> list[tuple[int, int]]:
    r"""Return links between the pictures whose file names have the same captured text.

    Args:
        names: Pictures, with folders or without; the rule sees the file name alone.
        rule: Regular expression, searched anywhere in the file name, with a group for what a burst has in common, such
            as ``^(part\d+)_``.

    Returns:
        Index of each picture with that of the next of its burst; pictures that the rule does not match have none.

    Raises:
        ValueError: If the rule is no regular expression, captures nothing, or matches no picture.
    """
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise ValueError(f"--burst {rule!r} is no regular expression: {error}") from error
    if not pattern.groups:
        raise ValueError(f"--burst {rule!r} needs a group in brackets: the part of the name that a burst has in common")
    last: dict[tuple[str | None, ...], int] = {}
    links = []
    for index, name in enumerate(names):
        found = pattern.search(PurePosixPath(name).name)
        if found is None:
            continue
        key = found.groups()
        if key in last:
            links.append((last[key], index))
        last[key] = index
    if names and not last:
        raise ValueError(f"--burst {rule!r} matches none of {len(names)} file names, such as {names[0]}")
    return links
