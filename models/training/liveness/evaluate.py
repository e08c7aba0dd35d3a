"""Errors of a liveness net on pictures held aside, by kind of attack, beside the two MiniFASNets on the same pictures.

  python -m liveness.evaluate --shared ../../../shared --pool ASIDE.npz --choose CHOOSE.npz --net ../liveness.onnx [--left-out RUNS]
The threshold of every net, and of the mean of ours and theirs, is chosen on CHOOSE.npz, whose pictures are neither trained on nor
measured on: there it refuses liveness.train.REFUSED of the living (the shipped net's is in its file: 0.5). RUNS holds a folder without_KIND a kind, of liveness.train
--without: its net is measured on that kind alone. APCER: attacks taken for live; BPCER: live ones refused (ISO/IEC 30107-3).
Intervals are Clopper-Pearson, 95 %.
"""
import argparse, math
from pathlib import Path
import cv2, numpy as np, torch
from detector.yunet import Detector
from encoder.verify import equal_error
from faces.nets import session
from faces.packs import context_pictures
from liveness.attacks import KINDS
from liveness.crop import as_input, crop, softmax
from liveness.export import load
from liveness.net import LIVE
from liveness.pool import FACE_PX, SCALE, SURE, use_of
from liveness.train import cut_of, scores as by_net

LFW_EVERY = 4   # of LFW's pictures, one in so many


def clopper_pearson(k, n, level=0.95):
    """The interval of a share k of n, by bisection on the binomial tail."""
    def tail_at_least(p):   # P(X >= k)
        return sum(math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)) for i in range(k, n + 1))

    def solve(good):
        low, high = 1e-12, 1 - 1e-12
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if good(middle) else (low, middle)
        return low
    a = (1 - level) / 2
    below = 0.0 if k == 0 else solve(lambda p: tail_at_least(p) < a)
    above = 1.0 if k == n else solve(lambda p: 1 - tail_at_least(p) + math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log1p(-p)) > a)
    return below, above


def share(k, n):
    low, high = clopper_pearson(int(k), int(n))
    return "%5.1f %% (%d of %d; %.1f-%.1f)" % (100 * k / n, k, n, 100 * low, 100 * high)


def by_onnx(path, crops):
    """How live, float [N]."""
    net = session(path)
    return np.array([softmax(net.run(None, {"input": as_input([c])})[0])[0, LIVE] for c in crops])


def table(name, scores, kinds, threshold):
    live, attacks = scores[kinds == 0], scores[kinds > 0]
    print("%s at %.3f: BPCER %s; equal error %.1f %%" % (name, threshold, share((live < threshold).sum(), len(live)), 100 * equal_error(live, attacks)))
    for k, kind in enumerate(KINDS, 1):
        print("    %-12s APCER %s" % (kind, share((scores[kinds == k] >= threshold).sum(), (kinds == k).sum())))
    print("    %-12s APCER %s" % ("all", share((attacks >= threshold).sum(), len(attacks))))


def measure(shared, pool_path, choose_path, net=None, left_out=None):
    """Prints the tables."""
    pool, choose = np.load(pool_path), np.load(choose_path)
    kinds, other = pool["kinds"], choose["kinds"]
    if net:
        (ours, theirs), (ours_there, theirs_there) = ((by_onnx(net, p["crops"]), p["teachers"].mean(1)) for p in (pool, choose))
        table("facegate_liveness", ours, kinds, 0.5)
        table("MiniFASNet v2 + v1se", theirs, kinds, 0.5)
        table("MiniFASNet v2 + v1se", theirs, kinds, cut_of(theirs_there, other))
        table("facegate_liveness and both", (ours + theirs) / 2, kinds, cut_of((ours_there + theirs_there) / 2, other))
        of_the_living(shared, net)
    left_out_runs(left_out, pool["crops"], kinds)


def left_out_runs(folder, crops, kinds):
    runs = {kind: folder / ("without_" + kind) / "last.pt" for kind in KINDS} if folder else {}
    runs = {kind: weights for kind, weights in runs.items() if weights.exists()}
    if not runs:
        return print("left out of training, one at a time: not measured for this file")
    print("left out of training, one at a time (short runs of %d views at most):" % max(torch.load(w)["seen"] for w in runs.values()))
    for kind, weights in runs.items():
        scores = by_net(load(weights), crops)
        live, of = scores[kinds == 0], scores[kinds == list(KINDS).index(kind) + 1]
        print("    %-12s BPCER %s APCER %s; equal error %.1f %%" % (kind, share((live < 0.5).sum(), len(live)), share((of >= 0.5).sum(), len(of)), 100 * equal_error(live, of)))


def of_the_living(shared, net):
    """Living faces that no simulated camera has touched, at 0.5: the pictures held aside, and LFW, of which nothing was trained on or chosen."""
    crops = [crop(c.pixels, f[:4], SCALE) for c in context_pictures(shared / "training" / "context.tar") if use_of(c.path) == "measuring"
             for f in c.faces if f[3] >= FACE_PX and f[14] >= SURE]
    refused = by_onnx(net, crops) < 0.5
    print("living faces of the pictures held aside, as they are: BPCER %s" % share(refused.sum(), len(refused)))
    detector, crops = Detector(shared / "models" / "face_detection_yunet_2023mar.onnx"), []
    for path in sorted((shared / "faces" / "lfw").glob("*/*.jpg"))[::LFW_EVERY]:
        picture = cv2.imread(str(path))
        found = detector.find(picture, 256, 256, SURE)
        if len(found):
            crops.append(crop(picture, max(found, key=lambda f: f[2] * f[3])[:4], SCALE))
    refused = by_onnx(net, crops) < 0.5
    print("living faces of LFW, one picture in %d, as they are: BPCER %s" % (LFW_EVERY, share(refused.sum(), len(refused))))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--pool", type=Path, required=True)
    p.add_argument("--choose", type=Path, required=True)
    p.add_argument("--net", type=Path)
    p.add_argument("--left-out", type=Path)
    g = p.parse_args()
    measure(g.shared, g.pool, g.choose, g.net, g.left_out)


if __name__ == "__main__":
    main()
