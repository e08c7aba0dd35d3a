"""The liveness net: 80x80 crop, BGR 0..255, to three logits (print, live, screen). Plain and 1x1 convolutions, ReLU, one mean at the end.

Plain 3x3 convolutions, as with bfloat16 they train three times faster a multiplication than depthwise ones, and tract runs them no slower.
"""
import torch.nn as nn
from detector.net import conv

CLASSES = ("print", "live", "screen")
LIVE = 1


class Net(nn.Module):
    """[N,3,80,80] -> [N,3]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 24, 3, 2),                          # 40x40
            conv(24, 32, 3, 2), conv(32, 48),           # 20x20
            conv(48, 96, 3, 2), conv(96, 96, 1),        # 10x10
            conv(96, 128, 3, 2), conv(128, 128, 1))     # 5x5
        self.out = nn.Conv2d(128, 3, 1)
        self.body[0][0].weight.data *= 1 / 64

    def forward(self, x, drop=0.0):
        v = self.body(x).mean((2, 3), keepdim=True)
        return self.out(nn.functional.dropout(v, drop, self.training)).flatten(1)
