"""The student: a residual network after MobileFaceNet, half as wide inside its blocks, ReLU only, made for small boards and for tract.

Two plain 3x3 convolutions with stride 2 bring the picture to 28x28; from there on each block is a 1x1 convolution, a depthwise
3x3 and a 1x1 back, added to what it was given. The head is MobileFaceNet's: one 1x1 convolution up, a full-size depthwise
convolution (each place of the face has its own weight), a linear layer. `folded` returns the same function without batch
norm, which is what is exported.
"""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

DIMENSION = 128
MEAN, STD = 127.5, 128.0


def conv(i, o, k=3, stride=1, groups=1, relu=True):
    parts = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*parts, nn.ReLU(inplace=True)) if relu else nn.Sequential(*parts)


class Residual(nn.Module):
    """1x1, depthwise 3x3, 1x1, added to the input; nothing after the sum, so that the sum stays cheap."""

    def __init__(self, width, inner):
        super().__init__()
        self.body = nn.Sequential(conv(width, inner, 1), conv(inner, inner, 3, groups=inner), conv(inner, width, 1, relu=False))
        nn.init.constant_(self.body[2][1].weight, 0.3)

    def forward(self, x):
        return x + self.body(x)


class Student(nn.Module):
    """float [N,3,112,112], RGB, (x - 127.5) / 128 -> [N,128], not normalised.

    Four stages whose ends have the shapes of MobileFaceNet's maps (64 at 28x28, 128 at 14x14 twice, 128 at 7x7): each
    stage can be taught alone, from the teacher's own maps (encoder.stages)."""

    def __init__(self, widths=(64, 128, 128, 128), inner=(64, 128, 128, 320), depth=(4, 3, 3, 3), stem=24, up=512):
        super().__init__()
        self.stages, before = nn.ModuleList(), stem
        for k, (width, mid, blocks) in enumerate(zip(widths, inner, depth)):
            start = [conv(before, width, 3, 2, relu=False)] if k != 2 else []
            if k == 0:
                start.insert(0, conv(3, stem, 3, 2))
            self.stages.append(nn.Sequential(*start, *[Residual(width, mid) for _ in range(blocks)]))
            before = width
        self.up = conv(before, up, 1)
        self.pool = nn.Sequential(nn.Conv2d(up, up, 7, groups=up, bias=False), nn.BatchNorm2d(up))
        self.out = nn.Linear(up, DIMENSION)

    def maps(self, x):
        """The ends of the four stages."""
        ends = []
        for stage in self.stages:
            x = stage(x)
            ends.append(x)
        return ends

    def pooled(self, x, maps=None):
        """What the last, linear layer sees: [N,up]. `maps`: of maps(), where they are there already."""
        x = (self.maps(x) if maps is None else maps)[-1]
        if x.shape[2] != 7:  # smaller pictures: the head sees their maps stretched to 7x7
            x = F.interpolate(x, size=(7, 7), mode="bilinear", align_corners=False)
        x = self.up(x)
        x = self.pool[1](_weighted_sum(x, self.pool[0].weight)) if self.training else self.pool(x)
        return x.flatten(1)

    def forward(self, x):
        return self.out(self.pooled(x))


def _weighted_sum(x, weight):
    """The full-size depthwise convolution as a product and a sum: its gradient as a convolution took a fifth of all the time."""
    n, channels = x.shape[:2]
    places = x.permute(0, 2, 3, 1).reshape(n, 49, channels)
    return (places * weight.reshape(channels, 49).t().to(x.dtype)).sum(1).view(n, channels, 1, 1)


def normalise(pixels):
    """0..255 -> what the student takes."""
    return (pixels - MEAN) / STD


def folded(net):
    """A copy in eval mode whose batch norms have gone into the convolutions before them."""
    net = copy.deepcopy(net).float().cpu().eval().to(memory_format=torch.contiguous_format)

    def walk(module):
        for name, child in module.named_children():
            if isinstance(child, nn.Sequential) and len(child) >= 2 and isinstance(child[0], nn.Conv2d) and isinstance(child[1], nn.BatchNorm2d):
                merged = torch.nn.utils.fuse_conv_bn_eval(child[0], child[1])
                setattr(module, name, nn.Sequential(merged, *list(child)[2:]))
            else:
                walk(child)

    walk(net)
    return net


def cost(net):
    """(parameters, multiply-accumulates of one picture), of the folded network."""
    net = folded(net)
    total = [0]

    def count(module, _, out):
        places = out.shape[2] * out.shape[3] if out.dim() == 4 else 1
        total[0] += module.weight.numel() * places

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        net(torch.zeros(1, 3, 112, 112))
    for h in hooks:
        h.remove()
    return sum(p.numel() for p in net.parameters()), total[0]
