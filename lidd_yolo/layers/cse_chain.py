"""CSE-B blocks in a row without channel shuffles: what no block needs yet is not copied.

Paper: LIDD-Net, section 1.1.1 (CSE), at inference. The idle 10/16 of the channels are a pool: a block enhances one half
of it, and the shuffle only says which half is next. So a folded block takes its half as slices of what earlier blocks
returned, and the order of the channels goes into the weights (docs/decisions/0021-speed-of-lidd-net.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor, nn

from lidd_yolo.layers.channel_order import order_inputs, order_outputs
from lidd_yolo.layers.cse import CSEB

_Place = tuple[int, int]
"""Where a channel is: number of a tensor, place in it. Tensor 0 is the input; each block adds what it passes and what
it enhances."""


class CSEBChain(nn.Sequential):
    """Folded CSE-B blocks that compute, up to the order of the channels, what they compute one after the other.

    Args:
        blocks: Folded blocks of one width; their weights are rearranged.
        order: The channel at each place of the input; the attribute ``order`` is that of the output.

    Shape:
        - Input: ``(B, c, H, W)``
        - Output: ``(B, c, H, W)``
    """

    def __init__(self, blocks: Sequence[CSEB], order: Sequence[int]) -> None:
        super().__init__(*blocks)
        places = [(0, order.index(channel)) for channel in range(len(order))]
        tensors: list[list[_Place]] = [sorted(places)]
        readers: list[list[_Place]] = []
        for block in blocks:
            active, shared = _rearrange(block, places)
            passed = [(len(tensors), i) for i in range(block.c_conv // 2)]
            mixed = [(len(tensors) + 1, i) for i in range(block.c_conv // 2 + block.c_idle)]
            places = _shuffled(block, places, shared, passed, mixed)
            tensors += [passed, mixed]
            readers += [active, shared]
        readers.append(sorted(places))
        self.order = [places.index(place) for place in readers[-1]]
        self._cut(tensors, readers)

    def _cut(self, tensors: list[list[_Place]], readers: list[list[_Place]]) -> None:
        """Note the sizes of the pieces of every tensor, and which pieces, counted over all tensors, a reader joins."""
        reader_of = {place: number for number, reader in enumerate(readers) for place in reader}
        self.sizes: list[list[int]] = []
        self.joins: list[list[int]] = [[] for _ in readers]
        pieces = 0
        for tensor in tensors:
            runs = [(number, len(list(run))) for number, run in groupby(tensor, key=reader_of.__getitem__)]
            self.sizes.append([size for _, size in runs])
            for number, _ in runs:
                self.joins[number].append(pieces)
                pieces += 1

    def forward(self, input: Tensor) -> Tensor:
        """Run the blocks."""
        pieces = list(input.split(self.sizes[0], 1))
        for t, module in enumerate(self):
            active, shared = ([pieces[i] for i in self.joins[2 * t + side]] for side in range(2))
            passed, enhanced = module(_joined(active), shared)  # a call, so that graphs know the block by its path
            pieces.append(passed)
            pieces += enhanced.split(self.sizes[2 * t + 2], 1)
        return _joined([pieces[i] for i in self.joins[-1]])


def _rearrange(block: CSEB, places: list[_Place]) -> tuple[list[_Place], list[_Place]]:
    """Let a block read its channels in the order of their places; return the places of the active and shared ones."""
    active, shared = places[: block.c_conv], places[block.c_conv : block.c_conv + block.c_idle]
    order_inputs(block.pointwise.conv, [active.index(place) for place in sorted(active)])
    half = block.c_conv // 2
    order = [*range(half), *(half + shared.index(place) for place in sorted(shared))]
    order_inputs(block.enhance.conv, order)
    order_outputs(block.enhance.conv, order)
    return sorted(active), sorted(shared)


def _shuffled(
    block: CSEB, places: list[_Place], shared: list[_Place], passed: list[_Place], mixed: list[_Place]
) -> list[_Place]:
    """Return the place of every channel of a block's output, as the shuffle would have ordered them."""
    half, first = block.c_conv // 2, block.c_conv
    enhanced = mixed[:half] + [mixed[half + shared.index(p)] for p in places[first : first + block.c_idle]]
    left = passed + places[first + block.c_idle :]
    return [place for pair in zip(left, enhanced, strict=True) for place in pair]


def _joined(pieces: list[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, 1)
