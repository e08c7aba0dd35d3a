"""The whole way on made-up data in under a minute: packs, a teacher of its own, targets, blends, its maps, the stages, training, resuming, export.

    python -m encoder.rehearsal

Fails unless the student's error falls and the exported file answers as PyTorch does. No real face, no download, no GPU.
"""
import csv
import os
import tempfile

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import export, inner, stages, teachers, train

PEOPLE, EACH = 60, 4


def main():
    with tempfile.TemporaryDirectory() as folder:
        pack = make_pack(folder)
        make_teacher(os.path.join(folder, "made_up.onnx"))
        shared = ["--packs", pack, "--cache", os.path.join(folder, "cache")]
        run_teachers(shared + ["--models", folder, "--teachers", "made_up", "--mix", "made_up:1.0", "--count", "1000"])
        inner.main(shared + ["--models", folder, "--teacher", "made_up", "--processes", "1"])
        out = os.path.join(folder, "run")
        stages.main(shared + ["--out", out, "--minutes", "60", "--steps", "15"])
        plan = shared + ["--out", out, "--minutes", "60", "--plan-steps", "60", "--log-every", "20", "--batch", "12", "--strength", "0", "0.2", "--inner", "0.5", "--sizes", "64:0.7,112:1", "--triplet", "0.5", "--triplet-share", "0.4", "--neighbours", "0.1"]
        train.main(plan + ["--steps", "40", "--init", os.path.join(out, "stages.pt")])
        train.main(plan + ["--resume"])
        rows = list(csv.reader(open(os.path.join(out, "log.csv"))))
        first, last = (float(next(c for c in r if c.startswith("cosine_error")).split("=")[1]) for r in (rows[0], rows[-1]))
        print("1 - cosine to the made-up teacher: %.3f after %s steps, %.3f after %s" % (first, rows[0][0], last, rows[-1][0]))
        if not last < first:
            raise SystemExit("the student did not learn: its error did not fall")
        net, state = export.load(os.path.join(out, "last.pt"))
        path = os.path.join(folder, "encoder.onnx")
        plain = export.write(net, path)
        print("exported after %d views; largest difference of onnxruntime to PyTorch %.1e" % (state["seen"], export.compare(plain, path)))


def run_teachers(argv):
    import sys

    for what in ("encode", "fix", "blends"):
        before, sys.argv = sys.argv, ["encoder.teachers", what] + argv
        try:
            teachers.main()
        finally:
            sys.argv = before


def make_pack(folder):
    """Blobs of colour: a person is a seed, a picture of them the same blobs, moved and lit a little otherwise."""
    path, at = os.path.join(folder, "crops-1.bin"), 0
    rng = np.random.default_rng(0)
    columns = "offset,length,person,source,age,gender,race,score,yaw,eye_px".split(",")
    with open(path, "wb") as blob, open(path[:-4] + ".csv", "w", newline="") as index:
        table = csv.DictWriter(index, columns, restval="")
        table.writeheader()
        for k in rng.permutation(PEOPLE * EACH):
            coarse = np.random.default_rng(k // EACH).integers(0, 256, (6, 6, 3)).astype(np.float32)
            picture = cv2.resize(coarse, (112, 112), interpolation=cv2.INTER_CUBIC)
            picture = np.roll(picture, rng.integers(-3, 4, 2), (0, 1)) * rng.uniform(0.8, 1.2)
            coded = cv2.imencode(".webp", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 70])[1].tobytes()
            blob.write(coded)
            table.writerow(dict(offset=at, length=len(coded), person="made-up:%d" % (k // EACH), source="made-up"))
            at += len(coded)
    return path


def make_teacher(path):
    """Random weights that look at coarse colour: strided convolutions, whose maps are named as those of the real teacher, and a linear layer."""
    rng = np.random.default_rng(1)
    weights = [("a", (64, 3, 4, 4)), ("b", (128, 64, 2, 2)), ("c", (128, 128, 1, 1)), ("d", (128, 128, 2, 2)), ("e", (32, 128, 7, 7)), ("f", (160, 32))]
    kept = [numpy_helper.from_array((rng.standard_normal(s) / np.sqrt(np.prod(s[1:]))).astype(np.float32), n) for n, s in weights]
    nodes = [
        helper.make_node("Conv", ["input", "a"], [inner.TAPS[0]], strides=[4, 4]),
        helper.make_node("Conv", [inner.TAPS[0], "b"], [inner.TAPS[1]], strides=[2, 2]),
        helper.make_node("Relu", [inner.TAPS[1]], ["y"]),
        helper.make_node("Conv", ["y", "c"], [inner.TAPS[2]]),
        helper.make_node("Conv", [inner.TAPS[2], "d"], [inner.TAPS[3]], strides=[2, 2]),
        helper.make_node("Conv", [inner.TAPS[3], "e"], ["z"]),
        helper.make_node("Flatten", ["z"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "f"], ["embedding"], transB=1),
    ]
    graph = helper.make_graph(nodes, "made_up", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 112, 112])],
                              [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 160])], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)


if __name__ == "__main__":
    main()
