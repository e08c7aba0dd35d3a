"""Writes the taught net as liveness.onnx: `input` [1,3,80,80] BGR 0..255 to `logits` [1,3].

  python -m liveness.export --weights RUN/last.pt --out ../liveness.onnx
"""
import torch
from detector.graph import Graph, command, taught
from liveness.net import LIVE, Net


def onnx_model(net):
    """net: Net in eval mode, folded."""
    g = Graph()
    v = g.add("ReduceMean", [g.layer(net.body, "input")], axes=[2, 3], keepdims=1)
    g.add("Flatten", [g.conv(net.out, v)], "logits", axis=1)
    return g.model("facegate_liveness", 80, 80, [("logits", [1, 3])])


def load(weights):
    """The net of a training's last.pt, folded, with the chosen threshold in its logit of `live`: 0.5 is the place to cut."""
    net = taught(Net(), weights)
    net.out.bias.data[LIVE] += torch.load(weights)["add"]
    return net


if __name__ == "__main__":
    command(__doc__, lambda weights: onnx_model(load(weights)))
