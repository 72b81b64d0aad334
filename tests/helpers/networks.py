"""The three networks of the paper's table 2, wired in plain torch from the layers alone."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from ultralytics.nn.modules import Conv

from lidd_yolo.layers.cse import CSEA, CSEB
from lidd_yolo.layers.dw_sep import DWSep
from lidd_yolo.layers.ghost_pan import GhostBlock
from lidd_yolo.layers.msffm import MSFFM
from lidd_yolo.layers.rep_ghost import RepGhostBlock
from lidd_yolo.layers.shuffle_net import ShuffleUnit

NUM_OUTPUTS = 6 + 4 * 8  # classes, and 8 distance bins for each side


def shuffle_net() -> list[nn.Module]:
    """Return the stages of ShuffleNetV2 1.0x whose outputs feed the neck."""
    stages, c1 = [], 24
    for c2, n in ((116, 4), (232, 8), (464, 4)):
        stages.append(nn.Sequential(ShuffleUnit(c1, c2, 2), *(ShuffleUnit(c2, c2) for _ in range(n - 1))))
        c1 = c2
    return stages


def cisb_net() -> list[nn.Module]:
    """Return the stages of CISB-Net whose outputs feed the neck."""
    stages, c1 = [], 24
    for c2, n in ((64, 3), (128, 7), (256, 3)):
        stages.append(nn.Sequential(CSEA(c1, c2), *(CSEB(c2, c2) for _ in range(n))))
        c1 = c2
    stages[-1].append(MSFFM(256, 256))
    return stages


class TableNetwork(nn.Module):
    """Stem, backbone, four-level path aggregation network of width 96, and one head tower per level."""

    def __init__(self, stages: list[nn.Module], widths: tuple[int, int, int], block: type[nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Sequential(Conv(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1))
        self.stages = nn.ModuleList(stages)
        self.reduce = nn.ModuleList(Conv(c, 96, 1) for c in widths)
        self.top_down = nn.ModuleList(block(192, 96, 5) for _ in range(2))
        self.bottom_up = nn.ModuleList(block(192, 96, 5) for _ in range(2))
        self.down = nn.ModuleList(DWSep(96, 96, 5, 2) for _ in range(4))
        towers = (nn.Sequential(DWSep(96, 96), DWSep(96, 96), nn.Conv2d(96, NUM_OUTPUTS, 1)) for _ in range(4))
        self.towers = nn.ModuleList(towers)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the raw outputs of the four levels."""
        x, taps = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            taps.append(x)
        p3, p4, p5 = (reduce(tap) for reduce, tap in zip(self.reduce, taps, strict=True))
        n4 = self.top_down[0](torch.cat((_double(p5), p4), 1))
        out3 = self.top_down[1](torch.cat((_double(n4), p3), 1))
        out4 = self.bottom_up[0](torch.cat((self.down[0](out3), n4), 1))
        out5 = self.bottom_up[1](torch.cat((self.down[1](out4), p5), 1))
        out6 = self.down[2](p5) + self.down[3](out5)
        levels = (out3, out4, out5, out6)
        return [tower(level) for tower, level in zip(self.towers, levels, strict=True)]


def baseline() -> TableNetwork:
    """Return row 1: NanoDet-Plus-m, ShuffleNetV2 with GhostPAN."""
    return TableNetwork(shuffle_net(), (116, 232, 464), GhostBlock)


def with_cisb_net() -> TableNetwork:
    """Return row 2: CISB-Net with GhostPAN."""
    return TableNetwork(cisb_net(), (64, 128, 256), GhostBlock)


def lidd_net() -> TableNetwork:
    """Return row 3: CISB-Net with RepGhostPAN."""
    return TableNetwork(cisb_net(), (64, 128, 256), RepGhostBlock)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
