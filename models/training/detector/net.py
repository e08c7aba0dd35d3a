"""The detector: YuNet's twelve outputs from a smaller body of plain convolutions.

Two 3x3 convolutions of stride 2 take the picture to a quarter; depthwise-separable blocks go on to strides 8, 16 and 32; a
top-down path (nearest upscaling, addition) brings what the coarse levels know to the fine ones; one 1x1 convolution a level
answers. No max-pool and no activation but ReLU: these are what tract runs fast.
"""
import torch, torch.nn as nn, torch.nn.functional as F

STRIDES = (8, 16, 32)
ANSWERS = 16   # cls, obj, box 4, landmarks 10


def conv(i, o, kernel=3, stride=1, groups=1, relu=True):
    # eps: a channel that is hardly ever lit has next to no variance, and what 1 / sqrt(1e-5) makes of it on an unusual picture is a face of no size
    parts = [nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(o, eps=1e-2)]
    return nn.Sequential(*parts, *([nn.ReLU(inplace=True)] if relu else []))


class Separable(nn.Module):
    """3x3 depthwise, 1x1; a shortcut where shapes allow."""

    def __init__(self, i, o, stride=1):
        super().__init__()
        self.body = nn.Sequential(conv(i, i, 3, stride, i), conv(i, o, 1, relu=False))
        self.same = stride == 1 and i == o

    def forward(self, x):
        y = self.body(x)
        return F.relu(x + y if self.same else y)


class Net(nn.Module):
    """[N,3,H,W] BGR 0..255 -> [N,C,16], C the cells of strides 8, 16, 32 one after another; cls and obj are logits."""

    def __init__(self, stem=8, low=24, mid=48, high=64, joint=48):
        super().__init__()
        self.stem = nn.Sequential(conv(3, stem, 3, 2), conv(stem, low, 3, 2))
        self.to_8 = nn.Sequential(Separable(low, mid, 2), Separable(mid, mid), Separable(mid, mid))
        self.to_16 = nn.Sequential(Separable(mid, high, 2), Separable(high, high), Separable(high, high))
        self.to_32 = nn.Sequential(Separable(high, high, 2), Separable(high, high), Separable(high, high))
        self.side = nn.ModuleList([nn.Conv2d(mid, joint, 1), nn.Conv2d(high, joint, 1), nn.Conv2d(high, joint, 1)])
        self.join = nn.ModuleList([Separable(joint, joint) for _ in STRIDES])
        self.answer = nn.ModuleList([nn.Conv2d(joint, ANSWERS, 1) for _ in STRIDES])
        with torch.no_grad():
            self.stem[0][0].weight *= 1 / 64   # the input is 0..255
            for a in self.answer:
                a.weight *= 0.3
                a.bias[:2] = -4.0

    def levels(self, x):
        """One map [N,16,H/S,W/S] a stride."""
        a = self.to_8(self.stem(x))
        b = self.to_16(a)
        c = self.to_32(b)
        a, b, c = (side(v) for side, v in zip(self.side, (a, b, c)))
        c = self.join[2](F.relu(c))
        b = self.join[1](F.relu(b + F.interpolate(c, scale_factor=2.0, mode="nearest")))
        a = self.join[0](F.relu(a + F.interpolate(b, scale_factor=2.0, mode="nearest")))
        return [answer(v) for answer, v in zip(self.answer, (a, b, c))]

    def forward(self, x):
        return torch.cat([v.flatten(2).transpose(1, 2) for v in self.levels(x)], 1)


def fold(net):
    """Takes every BatchNorm into the convolution before it, in place; the net must be in eval mode."""
    for parent in list(net.modules()):
        if isinstance(parent, nn.Sequential):
            for k in range(len(parent) - 1):
                if isinstance(parent[k], nn.Conv2d) and isinstance(parent[k + 1], nn.BatchNorm2d):
                    parent[k], parent[k + 1] = nn.utils.fusion.fuse_conv_bn_eval(parent[k], parent[k + 1]), nn.Identity()
    return net


def macs(net, height, width):
    """Multiplications of all convolutions for one picture."""
    total, hooks = [0], []

    def count(module, inputs, output):
        total[0] += output[0].numel() * module.weight[0].numel()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(count))
    with torch.no_grad():
        net(torch.zeros(1, 3, height, width))
    for hook in hooks:
        hook.remove()
    return total[0]


def parameters(net):
    return sum(p.numel() for p in net.parameters())
