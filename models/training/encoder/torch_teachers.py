"""The teachers in PyTorch, on batches: for a GPU, where new blends are encoded at every step.

Reads the ONNX files of the teachers (fixed shapes, batch 1) and runs the few operators they are made of. `python -m
encoder.torch_teachers --models DIR` compares with onnxruntime on random pictures.
"""
import argparse
import os

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import helper, numpy_helper

from .teachers import TEACHERS


class OnnxNet(nn.Module):
    """One ONNX graph as a PyTorch module. Weights are buffers; integer constants (shapes, axes) are Python lists."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        self.steps, self.known = [], {}
        for tensor in graph.initializer:
            self._constant(tensor.name, numpy_helper.to_array(tensor))
        for node in graph.node:
            given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._constant(node.output[0], numpy_helper.to_array(given["value"]))
            else:
                self.steps.append((node.op_type, list(node.input), list(node.output), given))
        self.source, self.result = graph.input[0].name, graph.output[0].name
        self.last = {name: k for k, (_, ins, _, _) in enumerate(self.steps) for name in ins}

    def _constant(self, name, array):
        if array.dtype == np.float32:
            self.known[name] = "constant%d" % len(self._buffers)
            self.register_buffer(self.known[name], torch.from_numpy(array.copy()))
        else:
            self.known[name] = [int(v) for v in np.asarray(array).reshape(-1)]

    def forward(self, x):
        values = {self.source: x}

        def value(name):
            if not name:
                return None
            if name in values:
                return values[name]
            constant = self.known[name]
            return getattr(self, constant) if isinstance(constant, str) else constant

        for k, (kind, ins, outs, given) in enumerate(self.steps):
            if kind not in OPERATORS:
                raise NotImplementedError("operator %s: add it to encoder/torch_teachers.py" % kind)
            made = OPERATORS[kind](given, len(x), *[value(i) for i in ins])
            values.update(zip(outs, made if isinstance(made, tuple) else (made,)))
            for name in ins:
                if self.last[name] == k and name != self.result:
                    values.pop(name, None)
        return values[self.result]


def _conv(a, n, x, weight, bias=None):
    top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        x, top, left = F.pad(x, (left, right, top, bottom)), 0, 0
    return F.conv2d(x, weight, bias, a.get("strides", [1, 1]), (top, left), a.get("dilations", [1, 1]), a.get("group", 1))


def _batched(shape, n):
    """Exported shapes begin with the batch of one: it becomes the real one."""
    return [n] + list(shape[1:]) if shape[0] == 1 else list(shape)


def _reshape(a, n, x, shape):
    shape = _batched(shape, n)
    return x.reshape([x.shape[k] if d == 0 else d for k, d in enumerate(shape)])


def _gemm(a, n, x, weight, bias=None):
    y = a.get("alpha", 1.0) * (x @ (weight.t() if a.get("transB", 0) else weight))
    return y if bias is None else y + a.get("beta", 1.0) * bias


def _expand(a, n, x, shape):
    shape = _batched(shape, n) if len(shape) == x.dim() else list(shape)
    return x.expand(torch.broadcast_shapes(x.shape, shape))


def _slice(a, n, x, starts, ends, axes, steps=None):
    for start, end, axis in zip(starts, ends, axes):
        size = x.shape[axis]
        start = start + size if start < 0 else start
        end = end + size if end < 0 else min(end, size)
        x = x.narrow(axis, start, end - start)
    return x


def _squeeze(a, n, x, axes=None):
    for axis in sorted(axes if axes is not None else a["axes"], reverse=True):
        x = x.squeeze(axis)
    return x


def _over(what):
    return lambda a, n, x, axes=None: what(x, list(a["axes"] if axes is None else axes), bool(a.get("keepdims", 1)))


OPERATORS = {
    "Conv": _conv, "Reshape": _reshape, "Gemm": _gemm, "Expand": _expand, "Slice": _slice, "Squeeze": _squeeze,
    "Add": lambda a, n, x, y: x + y,
    "Sub": lambda a, n, x, y: x - y,
    "Mul": lambda a, n, x, y: x * y,
    "Div": lambda a, n, x, y: x / y,
    "Pow": lambda a, n, x, y: x ** y,
    "Max": lambda a, n, x, y: torch.maximum(x, y),
    "MatMul": lambda a, n, x, y: x @ y,
    "Relu": lambda a, n, x: F.relu(x),
    "Sigmoid": lambda a, n, x: torch.sigmoid(x),
    "Sqrt": lambda a, n, x: torch.sqrt(x),
    "Erf": lambda a, n, x: torch.erf(x),
    "PRelu": lambda a, n, x, slope: torch.where(x > 0, x, x * slope),
    "Clip": lambda a, n, x, lo=None, hi=None: torch.clamp(x, None if lo is None else float(lo), None if hi is None else float(hi)),
    "Softmax": lambda a, n, x: x.softmax(a.get("axis", -1)),
    "Transpose": lambda a, n, x: x.permute(*a["perm"]),
    "Flatten": lambda a, n, x: x.flatten(a.get("axis", 1)),
    "Concat": lambda a, n, *parts: torch.cat(parts, a["axis"]),
    "Split": lambda a, n, x, sizes=None: tuple(x.split(list(sizes if sizes is not None else a["split"]), a.get("axis", 0))),
    "GlobalAveragePool": lambda a, n, x: x.mean((2, 3), keepdim=True),
    "ReduceMean": _over(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "ReduceSum": _over(lambda x, axes, keep: x.sum(axes, keepdim=keep)),
    "ReduceL2": _over(lambda x, axes, keep: x.norm(2, axes, keepdim=keep)),
    "BatchNormalization": lambda a, n, x, scale, shift, mean, var: F.batch_norm(x, mean, var, scale, shift, False, 0.0, a.get("epsilon", 1e-5)),
}


class Joined(nn.Module):
    """A mix of teachers (teachers.Mix), on the fly: uint8 [N,3,112,112] -> unit vectors [N,128]."""

    def __init__(self, models, mix, device):
        super().__init__()
        self.nets = nn.ModuleList([OnnxNet(os.path.join(models, name + ".onnx")) for name in mix.weights]).eval().to(device)
        self.weights = list(mix.weights.values())
        self.means = [torch.from_numpy(mix.means[name]).to(device) for name in mix.weights]
        self.basis = torch.from_numpy(mix.basis).to(device)
        self.half = str(device).startswith("cuda")

    @torch.no_grad()
    def forward(self, pixels):
        x = (pixels.float() - 127.5) / 127.5
        both = torch.cat([x, x.flip(3)])
        parts = []
        for net, weight, mean in zip(self.nets, self.weights, self.means):
            with torch.autocast(x.device.type, torch.bfloat16, enabled=self.half):
                e = net(both)
            straight, mirrored = F.normalize(e.float()).chunk(2)
            parts.append(weight * F.normalize(F.normalize(straight + mirrored) - mean))
        return F.normalize(F.normalize(torch.cat(parts, 1)) @ self.basis)


def main():
    import onnxruntime

    p = argparse.ArgumentParser()
    p.add_argument("--models", default="../shared/models")
    g = p.parse_args()
    x = np.random.default_rng(0).uniform(-1, 1, (3, 3, 112, 112)).astype(np.float32)
    for name in TEACHERS:
        path = os.path.join(g.models, name + ".onnx")
        session = onnxruntime.InferenceSession(path)
        wanted = np.concatenate([session.run(None, {"input": x[k:k + 1]})[0] for k in range(len(x))])
        with torch.no_grad():
            got = OnnxNet(path)(torch.from_numpy(x)).numpy()
        print("%s: largest difference %.1e of %.2f" % (name, np.abs(got - wanted).max(), np.abs(wanted).max()))


if __name__ == "__main__":
    main()
