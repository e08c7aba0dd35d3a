"""An ONNX graph written node by node, for nets made of the detector's parts: what the exports of detector and liveness net share."""
import argparse
from pathlib import Path
import numpy as np, onnx, torch
from onnx import TensorProto, helper, numpy_helper
from detector.net import Separable, fold

OPSET = 13


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

    def model(self, name, height, width, outputs):
        """Everything added so far as a checked model: `input` [1,3,height,width] to outputs, a list of (name, shape)."""
        tensor = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, name, [tensor("input", [1, 3, height, width])], [tensor(*o) for o in outputs], list(self.constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="facegate")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def taught(net, weights):
    """net with the weights of a training's last.pt, batch norms folded, in eval mode."""
    net.load_state_dict(torch.load(weights)["net"])
    return fold(net.eval())


def command(description, export):
    """The command line of an export: export(weights path) gives the model."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    g = p.parse_args()
    onnx.save(export(g.weights), str(g.out))
    print("%s: %d bytes" % (g.out.name, g.out.stat().st_size))
