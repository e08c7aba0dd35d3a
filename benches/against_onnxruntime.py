"""Runs each net in onnxruntime (one thread) and in the bench `nets`, taking turns, and prints the ratio of the shortest runs; detectors of the YuNet
family in OpenCV's FaceDetectorYN as well.

    cargo bench --bench nets --no-run             # says where the bench's program is
    python benches/against_onnxruntime.py PROGRAM MODELS  # MODELS: a folder with a manifest.toml

Needs onnxruntime, numpy and opencv-python-headless. OpenCV's figure is of `detect` on a picture of the net's own size in which it finds no face: it holds the
picture's way into the net and the reading of its outputs besides, which are small beside the net. The ratio is of one machine at one time: other load disturbs both engines, and the shortest run least.
"""
import os
import re
import subprocess
import sys
import time
import tomllib

import cv2
import numpy
import onnxruntime

ROUNDS = 3
RUNS = 40
MILLISECONDS = {"ns": 1e-6, "µs": 1e-3, "ms": 1.0, "s": 1e3}


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_of(net):
    spec = net.get_inputs()[0]
    picture = numpy.sin(numpy.arange(numpy.prod(spec.shape)) * 0.37).astype(numpy.float32).reshape(spec.shape)
    return lambda: net.run(None, {spec.name: picture})


def shortest(run):
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        run()
        best = min(best, (time.perf_counter() - began) * 1e3)
    return best


def opencv(path, row):
    """OpenCV's detector on one thread, or None where the net is none of the YuNet family."""
    if row.get("family") != "yunet":
        return None
    height, width = row["input"]["shape"][2:]
    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(path, "", (width, height), 0.6)
    picture = (127 + 100 * numpy.sin(numpy.arange(height * width * 3) * 0.37)).astype(numpy.uint8).reshape(height, width, 3)
    return lambda: detector.detect(picture)


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
    nets = {row["name"]: run_of(session(os.path.join(models, row["file"]))) for row in rows}
    found = ((row["name"], opencv(os.path.join(models, row["file"]), row)) for row in rows)
    detectors = {name: run for name, run in found if run}
    theirs, ours, opencvs = {}, {}, {}
    for _ in range(ROUNDS):
        for key, value in bench(program, models).items():
            ours[key] = min(value, ours.get(key, value))
        for name, net in nets.items():
            value = shortest(net)
            theirs[name] = min(value, theirs.get(name, value))
        for name, run in detectors.items():
            value = shortest(run)
            opencvs[name] = min(value, opencvs.get(name, value))
    print(f"onnxruntime {onnxruntime.__version__}; shortest of {ROUNDS} rounds of {RUNS} runs, ms")
    print(f"{'net':32} {'onnxruntime':>11} {'with rules':>10} {'ratio':>6} {'without':>10} {'ratio':>6}")
    for name, value in theirs.items():
        ruled, plain = ours["with_rules", name], ours["without_rules", name]
        print(f"{name:32} {value:11.2f} {ruled:10.2f} {ruled / value:6.2f} {plain:10.2f} {plain / value:6.2f}")
    print(f"OpenCV {cv2.__version__}, FaceDetectorYN")
    for name, value in opencvs.items():
        ruled = ours["with_rules", name]
        print(f"{name:32} {value:11.2f} {ruled:10.2f} {ruled / value:6.2f}")


if __name__ == "__main__":
    main()
