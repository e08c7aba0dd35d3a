"""Writes the taught net as liveness.onnx: `input` [1,3,80,80] BGR 0..255 to `logits` [1,3].

  python -m liveness.export --weights RUN/last.pt --out ../liveness.onnx
"""
import argparse
from pathlib import Path
import onnx, torch
from onnx import TensorProto, helper
from detector.export import OPSET, Graph
from detector.net import fold
from liveness.net import Net


def onnx_model(net):
    """net: Net in eval mode, folded."""
    g = Graph()
    v = g.add("ReduceMean", [g.layer(net.body, "input")], axes=[2, 3], keepdims=1)
    g.add("Flatten", [g.conv(net.out, v)], "logits", axis=1)
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 80, 80])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph(g.nodes, "facegate_liveness", [image], [logits], list(g.constants.values()))
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
