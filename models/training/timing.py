"""Times the shipped nets in the program (tract) and in onnxruntime, one thread each, taking turns; least of many: on a busy machine compare rows, not values.

    cargo build --release
    PYTHONPATH=models/training python3 -m timing --program target/release/facegate      # writes models/training/times.json, for the encoder's card

The program's figures are the stages `encode` and `liveness` of `facegate identify --json` on models/faces: the net, and little beside it.
"""
import argparse
import json
import os
import subprocess

from encoder.evaluate import time_of
from encoder.ship import digest

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.normpath(os.path.join(HERE, ".."))
KEPT = os.path.join(HERE, "times.json")
NETS = {"encode": ("encoder.onnx", (1, 3, 112, 112)), "liveness": ("liveness.onnx", (1, 3, 80, 80))}
RUNS = 30


def in_tract(program, person):
    """{stage: milliseconds} of each picture of a person."""
    found = subprocess.run([program, "identify", os.path.join(MODELS, "faces", person), "--models", MODELS, "--json"], capture_output=True, text=True)
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    if not rows:
        raise SystemExit("%s identify said nothing: %s" % (program, found.stderr))
    return {stage: [r["timings_ms"][stage] for r in rows if stage in r["timings_ms"]] for stage in NETS}


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--program", default="target/release/facegate")
    g = p.parse_args()
    tract, other = {s: [] for s in NETS}, {s: [] for s in NETS}
    people = sorted(d for d in os.listdir(os.path.join(MODELS, "faces")) if os.path.isdir(os.path.join(MODELS, "faces", d)))
    for person in people:
        for stage, took in in_tract(os.path.abspath(g.program), person).items():
            tract[stage] += took
        for stage, (name, shape) in NETS.items():
            other[stage].append(time_of(os.path.join(MODELS, name), RUNS, shape)[0])
    times = {NETS[s][0]: dict(sha256=digest(os.path.join(MODELS, NETS[s][0])), tract=min(tract[s]), onnxruntime=min(other[s]), runs=[len(tract[s]), RUNS * len(other[s])]) for s in NETS if tract[s]}
    for name, t in times.items():
        print("%s: tract %.2f ms, onnxruntime %.2f ms (ratio %.2f)" % (name, t["tract"], t["onnxruntime"], t["tract"] / t["onnxruntime"]))
    with open(KEPT, "w") as f:
        json.dump(times, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
