"""The liveness net: 80x80 crop, BGR 0..255, to three logits (print, live, screen). Convolutions and ReLU, one mean at the end."""
import torch.nn as nn
from detector.net import Separable, conv

CLASSES = ("print", "live", "screen")
LIVE = 1


class Net(nn.Module):
    """[N,3,80,80] -> [N,3]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 32, 3, 2), Separable(32, 48),                                     # 40x40
            Separable(48, 64, 2), Separable(64, 64), Separable(64, 64),               # 20x20
            Separable(64, 128, 2), Separable(128, 128), Separable(128, 128),          # 10x10
            Separable(128, 192, 2), Separable(192, 192))                              # 5x5
        self.out = nn.Conv2d(192, 3, 1)
        self.body[0][0].weight.data *= 1 / 64

    def forward(self, x, drop=0.0):
        v = self.body(x).mean((2, 3), keepdim=True)
        return self.out(nn.functional.dropout(v, drop, self.training)).flatten(1)
