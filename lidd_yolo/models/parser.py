"""Model YAMLs that mix our rows with Ultralytics' own.

Ultralytics' parser keeps its list of modules to itself, so ours cannot be added to it. Instead every row of ours is
stood in for by rows that any release understands ("stub and swap"): ``nn.Identity`` keeps channels and ``Concat`` adds
them, so ``c`` times a one-channel map is a map of ``c`` channels without weights. The stock parser builds the whole
network with the stand-ins, then our layers take their places. Channels of stock rows are read back from a
``nn.BatchNorm2d`` put after them. Nothing of the parser's inside is relied on; docs/decisions/0001-stub-and-swap.md.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import types
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from ultralytics.utils import LOGGER
from ultralytics.utils.ops import make_divisible

from lidd_yolo.models.activation import default_activation
from lidd_yolo.models.registry import HEADS, ROWS, Context

Parse = Callable[..., tuple[nn.Sequential, list[int]]]
YamlRow = list[Any]
_FIRST = 2  # rows in front of the user's: the one-channel Identity and the stand-in for the image


def parse_with_our_rows(
    stock: Parse, yaml: dict[str, Any], channels: int, *, verbose: bool = True
) -> tuple[nn.Sequential, list[int]]:
    """Build the network of a YAML that has rows of ours; ``stock`` is Ultralytics' ``parse_model``.

    Returns:
        The layers, and the indices of those whose outputs later rows read.

    Raises:
        ValueError: If a row's arguments are wrong; names the row.
    """
    self_test(stock)
    yaml = _with_scale(yaml)
    rows = _rows(yaml)
    with default_activation(yaml.get("activation")):
        plan = _Plan(stock, yaml, channels, rows)
        for index in range(len(rows)):
            plan.visit(index)
        swaps = _head_swaps(yaml, rows)
        stand_ins = [plan.stand_in(i, swaps) for i in range(len(rows))]
        layers: list[Any] = list(_call_stock(stock, yaml, channels, stand_ins, swaps))
    for index, (row, layer) in enumerate(zip(rows, layers, strict=True)):
        built: Any = plan.ours.get(index, layer)
        ours = ROWS.get(row[2]) or HEADS.get(row[2])
        built.i, built.f = index, row[0]
        built.type = f"{ours.module.__module__}.{row[2]}" if ours else layer.type
        built.np = sum(p.numel() for p in built.parameters())
        layers[index] = built
    if verbose:
        _log(rows, layers)
    return nn.Sequential(*layers), _saved(rows)


class _Plan:
    """Walks the rows once: channels of each, and the built layers of ours."""

    def __init__(self, stock: Parse, yaml: dict[str, Any], channels: int, rows: list[YamlRow]) -> None:
        self.stock, self.yaml, self.image, self.rows = stock, yaml, channels, rows
        self.depth, self.width = _scaling(yaml)
        self.channels: dict[int, int] = {}
        self.ours: dict[int, nn.Module] = {}

    def visit(self, index: int) -> None:
        """Build row ``index`` if it is ours; a head is only checked."""
        _, repeats, name, args = self.rows[index]
        if name not in ROWS and name not in HEADS:
            return
        sources = self._sources(index)
        unknown = [s for s in sources if s >= 0 and s not in self.channels]
        if unknown and name in ROWS:
            self.channels.update(zip(unknown, self._probe(index, unknown), strict=True))
        try:
            if name in HEADS:
                HEADS[name].check(len(sources), args)
                return
            channels = [self.image if s < 0 else self.channels[s] for s in sources]
            context = Context(channels, args, self.width, self.depth(repeats))
            self.ours[index], self.channels[index] = self._build(name, context)
        except (TypeError, ValueError, IndexError) as error:
            raise _wrong(self.yaml, index, error) from error

    def _sources(self, index: int) -> list[int]:
        """Return the numbers of the rows that row ``index`` reads, -1 for the image."""
        source = self.rows[index][0]
        sources = [index + s if s < 0 else s for s in ([source] if isinstance(source, int) else source)]
        if bad := [s for s in sources if not 0 <= s < index and (index, s) != (0, -1)]:
            raise _wrong(self.yaml, index, f"reads row {bad[0]}, which is not above it")
        return sources

    def _build(self, name: str, context: Context) -> tuple[nn.Module, int]:
        row = ROWS[name]
        first = row.rule(context)
        layers = [row.module(*first.args)]
        for _ in range(0 if row.repeats_inside else context.repeats - 1):
            following = row.rule(replace(context, sources=[first.channels]))
            layers.append(row.module(*following.args))
        return (layers[0] if len(layers) == 1 else nn.Sequential(*layers)), first.channels

    def _probe(self, index: int, sources: list[int]) -> list[int]:
        """Ask the stock parser for the channels of stock rows, without weights or random numbers."""
        probes = [[s + _FIRST, 1, "nn.BatchNorm2d", []] for s in sources]
        rows = [*(self.stand_in(i, {}) for i in range(index)), *probes]
        with torch.device("meta"):
            layers: list[Any] = _call_stock(self.stock, self.yaml, self.image, rows, {})
        return [int(layer.num_features) for layer in layers[index:]]

    def stand_in(self, index: int, swaps: dict[str, type[nn.Module]]) -> YamlRow:
        """Return row ``index`` as the stock parser may read it, ``from`` counted behind the two rows in front."""
        source, repeats, name, args = self.rows[index]
        if name in ROWS:
            return _stub(self.channels[index])
        name = HEADS[name].stands_for if swaps and name in HEADS else name
        return [_shift(source), repeats, name, deepcopy(args)]


def _wrong(yaml: dict[str, Any], index: int, reason: object) -> ValueError:
    """Return the error for one row: the file, the row as written and what is wrong with it."""
    row = [*yaml["backbone"], *yaml["head"]][index]
    return ValueError(f"{yaml.get('yaml_file', 'model YAML')}: row {index} {row}: {reason}")


def _rows(yaml: dict[str, Any]) -> list[YamlRow]:
    """Return copies of all rows; in ours names (``nc``) and literals are resolved, stock rows resolve their own."""
    rows = deepcopy([*yaml["backbone"], *yaml["head"]])
    for index, row in enumerate(rows):
        if not _is_row(row):
            raise _wrong(yaml, index, "a row is [from, repeats, module, [arguments]]")
        if row[2] in ROWS:
            try:
                row[3] = [_resolved(arg, yaml) for arg in row[3]]
            except KeyError as scale:
                raise _wrong(yaml, index, f"an argument has no value for scale {scale}") from scale
    return rows


def _is_row(row: Any) -> bool:
    if not isinstance(row, list) or len(row) != 4:
        return False
    sources = row[0] if isinstance(row[0], list) else [row[0]]
    kinds = isinstance(row[1], int), isinstance(row[2], str), isinstance(row[3], list)
    return bool(sources) and all(isinstance(s, int) for s in sources) and all(kinds)


def _resolved(arg: Any, yaml: dict[str, Any]) -> Any:
    """Return an argument's value: a name is looked up in the YAML, a dictionary holds one value for each scale."""
    value = yaml.get(arg, arg) if isinstance(arg, str) else arg
    if isinstance(value, dict):
        value = value[yaml.get("scale")]
    if isinstance(value, str):
        with contextlib.suppress(ValueError, SyntaxError):
            value = ast.literal_eval(value)
    return value


def _with_scale(yaml: dict[str, Any]) -> dict[str, Any]:
    """Return the YAML with its scale filled in where the file name has none: its default, else as Ultralytics does."""
    scales, scale = yaml.get("scales"), yaml.get("scale")
    if not scales:
        return yaml
    scale = scale or (yaml.get("lidd_yolo") or {}).get("default_scale")
    if not scale:
        scale = next(iter(scales))
        LOGGER.warning(f"no model scale passed. Assuming scale='{scale}'.")
    if scale not in scales:
        raise ValueError(f"{yaml.get('yaml_file', 'model YAML')}: no scale '{scale}', only {', '.join(scales)}")
    return _with_scale_rows({**yaml, "scale": scale})


def _with_scale_rows(yaml: dict[str, Any]) -> dict[str, Any]:
    """Exchange the rows that ``scale_rows`` gives for this scale, as ``{scale: {number: row}}``: another wiring."""
    others = (yaml.get("scale_rows") or {}).get(yaml["scale"], {})
    rows, first = [*yaml["backbone"], *yaml["head"]], len(yaml["backbone"])
    if unknown := others.keys() - set(range(len(rows))):
        raise ValueError(f"{yaml.get('yaml_file', 'model YAML')}: scale_rows: there is no row {unknown.pop()}")
    rows = [others.get(index, row) for index, row in enumerate(rows)]
    return {**yaml, "backbone": rows[:first], "head": rows[first:]}


def _scaling(yaml: dict[str, Any]) -> tuple[Callable[[int], int], Callable[[int], int]]:
    """Return Ultralytics' depth and width rules for this YAML and scale."""
    depth, width, cap = yaml.get("depth_multiple", 1.0), yaml.get("width_multiple", 1.0), float("inf")
    if scales := yaml.get("scales"):
        depth, width, cap = scales[yaml["scale"]]
    return (
        lambda n: max(round(n * depth), 1) if n > 1 else n,
        lambda c: int(make_divisible(min(c, cap) * width, 8)),
    )


def _stub(channels: int) -> YamlRow:
    return [[0] * channels, 1, "Concat", [1]]


def _call_stock(
    stock: Parse, yaml: dict[str, Any], image: int, rows: list[YamlRow], swaps: dict[str, type[nn.Module]]
) -> list[nn.Module]:
    """Run the stock parser over stand-ins; returns the layers of those rows."""
    shared = {k: deepcopy(v) for k, v in yaml.items() if k not in {"backbone", "head"}}
    shared["backbone"] = [[-1, 1, "nn.Identity", []], _stub(image), *rows]
    shared["head"] = []
    try:
        return list(_rebound(stock, swaps)(shared, 1, verbose=False)[0])[_FIRST:]
    except KeyError as error:
        file, known = yaml.get("yaml_file", "model YAML"), ", ".join([*ROWS, *HEADS])
        raise ValueError(f"{file}: {error} is no layer of Ultralytics, nor of lidd_yolo ({known})") from error


def _shift(source: int | list[int]) -> int | list[int]:
    """Move absolute row numbers behind the two rows in front; relative ones stay."""
    if isinstance(source, list):
        return [s + _FIRST if s >= 0 else s for s in source]
    return source + _FIRST if source >= 0 else source


def _rebound(stock: Parse, swaps: dict[str, type[nn.Module]]) -> Parse:
    """Return the stock parser in a private namespace where the names in ``swaps`` mean our classes."""
    if not swaps:
        return stock
    plain: Any = inspect.unwrap(stock)
    private = types.FunctionType(
        plain.__code__, {**plain.__globals__, **swaps}, plain.__name__, plain.__defaults__, plain.__closure__
    )
    private.__kwdefaults__ = plain.__kwdefaults__
    return private


def _head_swaps(yaml: dict[str, Any], rows: list[YamlRow]) -> dict[str, type[nn.Module]]:
    """Return which stock head name means which class of ours in this YAML."""
    ours = {row[2] for row in rows if row[2] in HEADS}
    swaps = {HEADS[name].stands_for: HEADS[name].module for name in ours}
    if clash := swaps.keys() & {row[2] for row in rows}:
        file, both = yaml.get("yaml_file", "model YAML"), " and ".join(sorted(ours | clash))
        raise ValueError(f"{file}: {both} cannot stand in one file")
    return swaps


def _saved(rows: list[YamlRow]) -> list[int]:
    """Return the indices of rows whose output a later row reads (other than the next one by -1)."""
    sources = ((i, s) for i, row in enumerate(rows) for s in ([row[0]] if isinstance(row[0], int) else row[0]))
    return sorted(s % i for i, s in sources if s != -1)


def _log(rows: list[YamlRow], layers: list[nn.Module]) -> None:
    LOGGER.info(f"\n{'':>3}{'from':>20}{'n':>3}{'params':>10}  {'module':<45}{'arguments':<30}")
    for row, layer in zip(rows, layers, strict=True):
        repeats = len(layer) if isinstance(layer, nn.Sequential) else 1
        LOGGER.info(f"{layer.i:>3}{row[0]!s:>20}{repeats:>3}{layer.np:10.0f}  {layer.type:<45}{row[3]!s:<30}")


def self_test(stock: Parse) -> None:
    """Check on four rows that the stock parser still treats Identity, Concat and BatchNorm2d as assumed.

    Raises:
        RuntimeError: If it does not; this release of Ultralytics cannot build our networks.
    """
    identity: YamlRow = [-1, 1, "nn.Identity", []]
    rows = [identity, _stub(3), identity, [2, 1, "nn.BatchNorm2d", []]]
    try:
        with torch.device("meta"):
            layers, _ = stock({"nc": 1, "backbone": rows, "head": []}, 1, verbose=False)
        channels = layers[3].num_features
    except Exception as error:
        raise RuntimeError(f"Ultralytics' model parser failed a self-test of lidd_yolo: {error}") from error
    if channels != 3:
        raise RuntimeError(
            f"Ultralytics' model parser failed a self-test of lidd_yolo: {channels} channels, expected 3"
        )
