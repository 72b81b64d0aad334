"""What folding does beyond batch normalisation: no channel shuffles, maps in channels-last order.

For LIDD-Net, section 1.1.1 (CSE): the shuffles move into the weights of the rows after them; why:
docs/decisions/0021-speed-of-lidd-net.md and 0024-channels-last-on-a-cpu.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.channel_order import order_inputs
from lidd_yolo.layers.cse import CSEA, CSEB
from lidd_yolo.layers.cse_chain import CSEBChain
from lidd_yolo.layers.head import LIDDDetect
from lidd_yolo.layers.msffm import MSFFM


def unshuffle(rows: nn.Sequential) -> None:
    """Let the CSE blocks of a folded network leave out their shuffles where all that reads them can take any order.

    Rows, as Ultralytics' parser makes them, are replaced in place; the head's training-only branch must be gone.
    """
    readers = _readers(rows)
    orders: dict[int, list[int]] = {}  # row -> the channel at each place of its output, where that is another one
    for number in range(len(rows)):
        row: Any = rows[number]
        order = orders.get(_source(row))
        if order is not None:
            _take(row, order)
        if all(_adapts(rows, reader, readers) for reader in readers[number]):
            blocks = _blocks(row)
            if isinstance(row, CSEA):
                row.shuffles = False
                orders[number] = row.order()
            elif blocks:
                chain: Any = CSEBChain(blocks, order or range(_width(blocks)))
                chain.i, chain.f, chain.type, chain.np = row.i, row.f, row.type, row.np
                rows[number], orders[number] = chain, chain.order
            elif isinstance(row, MSFFM) and order is not None:
                orders[number] = order


def _readers(rows: nn.Sequential) -> dict[int, list[int]]:
    """Return which rows read each row; what only the training branch reads does not count."""
    readers: dict[int, list[int]] = {number: [] for number in range(len(rows))}
    for number, row in enumerate(cast("Sequence[Any]", rows)):
        sources = [row.f] if isinstance(row.f, int) else list(row.f)
        for source in sources[: row.nl] if isinstance(row, LIDDDetect) else sources:
            if number + source >= 0 or source >= 0:
                readers[source if source >= 0 else number + source].append(number)
    return readers


def _adapts(rows: nn.Sequential, number: int, readers: dict[int, list[int]]) -> bool:
    """Tell whether a row can take its input in any order: it mixes all channels, or all that reads it adapts."""
    row: Any = rows[number]
    if isinstance(row, CSEA) or (type(row) is Conv and row.conv.groups == 1 and isinstance(row.f, int)):
        return True
    if isinstance(row, MSFFM) or _blocks(row):
        return all(_adapts(rows, reader, readers) for reader in readers[number])
    return False


def _take(row: Any, order: Sequence[int]) -> None:
    if isinstance(row, CSEA):
        for block in (row.expand_active, row.expand_idle):
            order_inputs(block.conv, order)
    elif isinstance(row, MSFFM):
        row.reorder(order)
    elif isinstance(row, Conv):
        order_inputs(row.conv, order)


def _blocks(row: nn.Module) -> list[CSEB]:
    """Return the CSE-B blocks that a row consists of; none if it is anything else."""
    blocks = list(row) if isinstance(row, nn.Sequential) else [row]
    return [b for b in blocks if isinstance(b, CSEB)] if all(isinstance(b, CSEB) for b in blocks) else []


def _width(blocks: Sequence[CSEB]) -> int:
    return blocks[0].c_conv + 2 * blocks[0].c_idle


def _source(row: Any) -> int:
    if not isinstance(row.f, int):
        return -1
    return row.f if row.f >= 0 else row.i + row.f


def prefer_channels_last(network: nn.Module) -> None:
    """Lay out a network's weights on a CPU, in place, so that its maps come in channels-last order; same output."""
    if next(network.parameters()).device.type == "cpu":
        network.to(memory_format=torch.channels_last)
