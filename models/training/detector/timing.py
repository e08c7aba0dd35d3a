"""Times nets in onnxruntime, one thread, taking turns, least of many runs: on a busy machine compare rows, not values.

  python -m detector.timing ../detector.onnx ../../../shared/models/face_detection_yunet_2023mar.onnx
"""
import sys, time
from pathlib import Path
import numpy as np
from detector.yunet import OUTPUTS, Detector

SIZES, ROUNDS = ((128, 160), (256, 320), (480, 640)), 60


def least(calls, rounds=ROUNDS):
    """calls: functions; CPU milliseconds of the fastest run of each, in turns."""
    best = [np.inf] * len(calls)
    for _ in range(rounds):
        for k, call in enumerate(calls):
            begin = time.process_time()
            call()
            best[k] = min(best[k], 1000 * (time.process_time() - begin))
    return best


def detectors(ours, theirs):
    nets = [Detector(ours), Detector(theirs)]
    for height, width in SIZES:
        x = np.random.default_rng(0).integers(0, 256, (1, 3, height, width)).astype(np.float32)
        a, b = least([lambda n=n: n.session(height, width).run(OUTPUTS, {"input": x}) for n in nets])
        print("%dx%d: ours %.2f ms, YuNet 2023mar %.2f ms (ratio %.2f)" % (width, height, a, b, a / b))


def liveness(paths, side=80):
    """paths: {name: file} of nets on 80x80 crops."""
    from faces.nets import session
    x = np.random.default_rng(0).integers(0, 256, (1, 3, side, side)).astype(np.float32)
    nets = [session(p) for p in paths.values()]
    for name, ms in zip(paths, least([lambda n=n: n.run(None, {"input": x}) for n in nets])):
        print("%s %.2f ms" % (name, ms))


if __name__ == "__main__":
    detectors(Path(sys.argv[1]), Path(sys.argv[2]))
