"""From a checkpoint to models/encoder.onnx: averaged weights, batch norm measured anew and folded, ONNX opset 13.

The graph is written node by node (Conv, Relu, Add, Flatten, Gemm): no exporter's version decides what is in the file. It is
checked by onnx's checker and against PyTorch on random pictures before it is kept.
"""
import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import TensorProto, helper, numpy_helper

from .student import Residual, Student, folded

OPSET = 13
AGREES = 1e-4


def load(path):
    """The student with a checkpoint's averaged weights (last.pt of a run, the one kept in the tree, stages.pt) and how far it was."""
    kept = torch.load(path, map_location="cpu", weights_only=True)
    net = Student()
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in kept["average"].items()})
    return net.eval(), kept.get("state")


@torch.no_grad()
def measure_batch_norm(net, batches):
    """Means and variances of every batch norm, anew, over prepared batches: the averaged weights have their own."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # the plain mean over all batches
    net.train()
    for x in batches:
        net(x)
    return net.eval()


def write(net, path):
    """Writes the folded network; returns the folded network."""
    net = folded(net)
    graph = _Graph()
    x = "input"
    for layer in (layer for stage in net.stages for layer in stage):
        x = graph.residual(layer, x) if isinstance(layer, Residual) else graph.sequence(layer, x)
    x = graph.sequence(net.up, x)
    x = graph.sequence(net.pool, x)
    x = graph.node("Flatten", [x], axis=1)
    weight, bias = graph.constant(net.out.weight), graph.constant(net.out.bias)
    graph.node("Gemm", [x, weight, bias], out="embedding", transB=1)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "facegate_encoder",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 112, 112])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 128])],
            graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)], producer_name="facegate")
    model.ir_version = 8
    onnx.checker.check_model(onnx.shape_inference.infer_shapes(model, strict_mode=True), full_check=True)
    onnx.save(model, path)
    gap = compare(net, path)
    if gap > AGREES:
        raise SystemExit("%s differs from PyTorch by %.1e, more than %.0e: not to be shipped" % (path, gap, AGREES))
    return net


def compare(net, path, pictures=8):
    """Largest difference of onnxruntime and PyTorch on random pictures."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    x = np.random.default_rng(0).uniform(-1, 1, (pictures, 3, 112, 112)).astype(np.float32)
    got = np.concatenate([session.run(None, {"input": x[k:k + 1]})[0] for k in range(pictures)])
    with torch.no_grad():
        return float(np.abs(net(torch.from_numpy(x)).numpy() - got).max())


class _Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, tensor):
        name = "w%d" % len(self.constants)
        self.constants.append(numpy_helper.from_array(tensor.detach().numpy().astype(np.float32), name))
        return name

    def node(self, kind, inputs, out=None, **attributes):
        out = out or "x%d" % len(self.nodes)
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def sequence(self, layers, x):
        for m in layers:
            if isinstance(m, nn.Sequential):
                x = self.sequence(m, x)
            elif isinstance(m, nn.Conv2d):
                pad = list(m.padding) * 2
                x = self.node("Conv", [x, self.constant(m.weight), self.constant(m.bias)], kernel_shape=list(m.kernel_size),
                              strides=list(m.stride), pads=pad, group=m.groups)
            elif isinstance(m, nn.ReLU):
                x = self.node("Relu", [x])
            else:
                raise TypeError("no ONNX form for %s" % type(m).__name__)
        return x

    def residual(self, block, x):
        return self.node("Add", [x, self.sequence(block.body, x)])
