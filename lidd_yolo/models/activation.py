"""The ``activation:`` key of a model YAML, applied to our rows as Ultralytics applies it to its own."""

from __future__ import annotations

import ast
import contextlib
import threading
from collections.abc import Iterator

from torch import nn
from ultralytics.nn.modules import Conv

BUILDING = threading.RLock()
"""Held while a network is parsed: ``Conv.default_act`` is one for the whole process, threads build at the same time."""


@contextlib.contextmanager
def default_activation(text: str | None) -> Iterator[None]:
    """Build everything inside the ``with`` with this activation as ``Conv.default_act``.

    Args:
        text: For example ``torch.nn.LeakyReLU(0.1)``; None keeps Ultralytics' default.

    Raises:
        ValueError: If the text is not a torch.nn activation with literal arguments; nothing is evaluated as code.
    """
    with BUILDING:
        before = Conv.default_act
        if text:
            Conv.default_act = _activation(text)
        try:
            yield
        finally:
            Conv.default_act = before


def _activation(text: str) -> nn.Module:
    with contextlib.suppress(SyntaxError, TypeError, ValueError):
        call = ast.parse(text, mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            made = getattr(nn, call.func.attr, None)
            if isinstance(made, type) and issubclass(made, nn.Module):
                kwargs = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
                return made(*(ast.literal_eval(a) for a in call.args), **kwargs)
    raise ValueError(f"activation: {text!r} is not a torch.nn activation such as torch.nn.LeakyReLU(0.1)")
