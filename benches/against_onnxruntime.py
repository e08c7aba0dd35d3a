"""Runs each net in onnxruntime (one thread) and in the bench `nets`, taking turns, and prints the ratio of the shortest runs.

    cargo bench --bench nets --no-run             # says where the bench's program is
    python benches/against_onnxruntime.py PROGRAM MODELS  # MODELS: a folder with a manifest.toml

Needs onnxruntime and numpy. The ratio is of one machine at one time: other load disturbs both engines, and the shortest run least.
"""
import os
import re
import subprocess
import sys
import time
import tomllib

import numpy
import onnxruntime

ROUNDS = 3
RUNS = 40
MILLISECONDS = {"ns": 1e-6, "µs": 1e-3, "ms": 1.0, "s": 1e3}


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def shortest(net):
    spec = net.get_inputs()[0]
    picture = numpy.sin(numpy.arange(numpy.prod(spec.shape)) * 0.37).astype(numpy.float32).reshape(spec.shape)
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        net.run(None, {spec.name: picture})
        best = min(best, (time.perf_counter() - began) * 1e3)
    return best


def bench(program, models):
    """The shortest run of each net in milliseconds, by (bench, net), from divan's table."""
    text = subprocess.run([program, "--bench"], env=dict(os.environ, FACEGATE_MODELS=models), capture_output=True, text=True, check=True).stdout
    found, group = {}, None
    for line in text.splitlines():
        if head := re.match(r"[├╰]─ (\w+)", line):
            group = head[1]
        if row := re.match(r"[│ ]+[├╰]─ (\S+)\s+([\d.]+) (ns|µs|ms|s)\b", line):
            found[group, row[1]] = float(row[2]) * MILLISECONDS[row[3]]
    return found


def main():
    program, models = sys.argv[1:3]
    with open(os.path.join(models, "manifest.toml"), "rb") as file:
        rows = tomllib.load(file)["model"]
    nets = {row["name"]: session(os.path.join(models, row["file"])) for row in rows}
    theirs, ours = {}, {}
    for _ in range(ROUNDS):
        for key, value in bench(program, models).items():
            ours[key] = min(value, ours.get(key, value))
        for name, net in nets.items():
            value = shortest(net)
            theirs[name] = min(value, theirs.get(name, value))
    print(f"onnxruntime {onnxruntime.__version__}; shortest of {ROUNDS} rounds of {RUNS} runs, ms")
    print(f"{'net':32} {'onnxruntime':>11} {'with rules':>10} {'ratio':>6} {'without':>10} {'ratio':>6}")
    for name, value in theirs.items():
        ruled, plain = ours["with_rules", name], ours["without_rules", name]
        print(f"{name:32} {value:11.2f} {ruled:10.2f} {ruled / value:6.2f} {plain:10.2f} {plain / value:6.2f}")


if __name__ == "__main__":
    main()
