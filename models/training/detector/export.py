"""Writes the taught net as detector.onnx: YuNet's names, order and shapes, sigmoids inside, any height and width.

  python -m detector.export --weights RUN/last.pt --out ../detector.onnx
The graph is written node by node: Conv, Relu, Add, Resize (nearest, by factors), Transpose, Reshape, Slice, Sigmoid. Only the
shapes of input and outputs name a size (256x320); the reshapes are relative, so another multiple of 32 can be put there.
"""
import argparse
from pathlib import Path
import numpy as np, onnx, torch
from onnx import TensorProto, helper, numpy_helper
from detector.net import STRIDES, Net, Separable, fold

HEIGHT, WIDTH, OPSET = 256, 320, 13
PARTS = (("cls", 0, 1), ("obj", 1, 2), ("bbox", 2, 6), ("kps", 6, 16))


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.count = [], {}, 0

    def constant(self, array):
        """An initialiser; equal small arrays are kept once."""
        array = np.ascontiguousarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, "c%d" % len(self.constants))
        return self.constants[key].name

    def add(self, op, inputs, name=None, **attributes):
        self.count += 1
        name = name or "%s_%d" % (op.lower(), self.count)
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def conv(self, layer, x):
        k, s, p = layer.kernel_size[0], layer.stride[0], layer.padding[0]
        weights = [self.constant(layer.weight.detach().numpy()), self.constant(layer.bias.detach().numpy())]
        return self.add("Conv", [x] + weights, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, group=layer.groups, dilations=[1, 1])

    def layer(self, module, x):
        """Any of the net's parts, batch norms already folded."""
        if isinstance(module, torch.nn.Conv2d):
            return self.conv(module, x)
        if isinstance(module, torch.nn.ReLU):
            return self.add("Relu", [x])
        if isinstance(module, Separable):
            y = self.layer(module.body, x)
            return self.add("Relu", [self.add("Add", [x, y]) if module.same else y])
        if isinstance(module, torch.nn.Sequential):
            for part in module:
                x = self.layer(part, x)
            return x
        if isinstance(module, torch.nn.Identity):
            return x
        raise NotImplementedError(type(module))

    def twice(self, x):
        """Nearest upscaling by two."""
        return self.add("Resize", [x, "", self.constant(np.array([1, 1, 2, 2], np.float32))], mode="nearest",
                        nearest_mode="floor", coordinate_transformation_mode="asymmetric")


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
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, (height // stride) * (width // stride), last - first]))
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, height, width])
    graph = helper.make_graph(g.nodes, "facegate_detector", [image], outputs, list(g.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="facegate")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def load(weights):
    net = Net()
    net.load_state_dict(torch.load(weights)["net"])
    return fold(net.eval())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    g = p.parse_args()
    onnx.save(onnx_model(load(g.weights)), str(g.out))
    print("%s: %d bytes" % (g.out.name, g.out.stat().st_size))


if __name__ == "__main__":
    main()
