"""Writes the taught net as detector.onnx: YuNet's names, order and shapes, sigmoids inside, any height and width.

  python -m detector.export --weights RUN/last.pt --out ../detector.onnx
The graph is written node by node: Conv, Relu, Add, Resize (nearest, by factors), Transpose, Reshape, Slice, Sigmoid. Only the
shapes of input and outputs name a size (256x320); the reshapes are relative, so another multiple of 32 can be put there.
"""
import numpy as np, torch
from detector.graph import Graph, command, taught
from detector.net import STRIDES, Net

HEIGHT, WIDTH = 256, 320
PARTS = (("cls", 0, 1), ("obj", 1, 2), ("bbox", 2, 6), ("kps", 6, 16))


def onnx_model(net, height=HEIGHT, width=WIDTH):
    """net: Net in eval mode, folded."""
    g = Graph()
    a = g.layer(net.to_8, g.layer(net.stem, "input"))
    b = g.layer(net.to_16, a)
    c = g.layer(net.to_32, b)
    a, b, c = (g.layer(side, v) for side, v in zip(net.side, (a, b, c)))
    c = g.layer(net.join[2], g.add("Relu", [c]))
    b = g.layer(net.join[1], g.add("Relu", [g.add("Add", [b, g.twice(c)])]))
    a = g.layer(net.join[0], g.add("Relu", [g.add("Add", [a, g.twice(b)])]))
    outputs = []
    for (kind, first, last) in PARTS:
        for stride, answer, level in zip(STRIDES, net.answer, (a, b, c)):
            layer = torch.nn.Conv2d(answer.in_channels, last - first, 1)
            layer.weight.data, layer.bias.data = answer.weight.data[first:last], answer.bias.data[first:last]
            y = g.add("Transpose", [g.conv(layer, level)], perm=[0, 2, 3, 1])
            shape = g.constant(np.array([1, -1, last - first], np.int64))
            name = "%s_%d" % (kind, stride)
            if kind in ("cls", "obj"):
                g.add("Sigmoid", [g.add("Reshape", [y, shape])], name)
            else:
                g.add("Reshape", [y, shape], name)
            outputs.append((name, [1, (height // stride) * (width // stride), last - first]))
    return g.model("facegate_detector", height, width, outputs)


def load(weights):
    return taught(Net(), weights)


if __name__ == "__main__":
    command(__doc__, lambda weights: onnx_model(load(weights)))
