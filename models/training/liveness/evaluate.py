"""Errors of a liveness net on pictures held aside, by kind of attack, beside the two MiniFASNets on the same pictures.

  python -m liveness.evaluate --pool ASIDE.npz --net ../liveness.onnx [--left-out RUNS]
RUNS holds a folder without_KIND a kind, of liveness.train --without: its net is measured on that kind alone, at the threshold
at which it refuses 5 % of the live ones and at 0.5. APCER: attacks taken for live; BPCER: live ones refused (ISO/IEC 30107-3).
Intervals are Clopper-Pearson, 95 %.
"""
import argparse, math
from pathlib import Path
import numpy as np, torch
from faces.nets import session
from liveness.attacks import KINDS
from liveness.crop import as_input, softmax
from liveness.export import load
from liveness.net import LIVE


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


def by_weights(path, crops):
    net = load(path)
    with torch.no_grad():
        return torch.cat([net(torch.from_numpy(as_input(crops[k : k + 128]))).softmax(1)[:, LIVE] for k in range(0, len(crops), 128)]).numpy()


def table(name, scores, kinds, threshold):
    live = scores[kinds == 0]
    print("%s at %.3f: BPCER %s" % (name, threshold, share((live < threshold).sum(), len(live))))
    for k, kind in enumerate(KINDS, 1):
        of = scores[kinds == k]
        print("    %-12s APCER %s" % (kind, share((of >= threshold).sum(), len(of))))
    of = scores[kinds > 0]
    print("    %-12s APCER %s" % ("all", share((of >= threshold).sum(), len(of))))


def measure(pool_path, net=None, left_out=None):
    """Prints the tables."""
    pool = np.load(pool_path)
    crops, kinds, teachers = pool["crops"], pool["kinds"], pool["teachers"].mean(1)
    at_5 = lambda scores: float(np.quantile(scores[kinds == 0], 0.05))
    if net:
        ours = by_onnx(net, crops)
        for name, scores in (("facegate_liveness", ours), ("MiniFASNet v2 + v1se", teachers), ("facegate_liveness and both", (ours + teachers) / 2)):
            table(name, scores, kinds, 0.5)
            table(name, scores, kinds, at_5(scores))
    runs = [left_out / ("without_" + kind) / "last.pt" for kind in KINDS] if left_out else []
    if not any(r.exists() for r in runs):
        print("left out of training, one at a time: not measured for this file")
    else:
        seen = [torch.load(r)["seen"] for r in runs if r.exists()]
        print("left out of training, one at a time (short runs of %d views each):" % max(seen))
        for k, kind in enumerate(KINDS, 1):
            weights = left_out / ("without_" + kind) / "last.pt"
            if weights.exists():
                scores = by_weights(weights, crops)
                live, of = scores[kinds == 0], scores[kinds == k]
                print("    %-12s at 0.5: BPCER %s APCER %s" % (kind, share((live < 0.5).sum(), len(live)), share((of >= 0.5).sum(), len(of))))
                print("    %-12s at BPCER 5 %%: APCER %s" % ("", share((of >= at_5(scores)).sum(), len(of))))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pool", type=Path, required=True)
    p.add_argument("--net", type=Path)
    p.add_argument("--left-out", type=Path)
    g = p.parse_args()
    measure(g.pool, g.net, g.left_out)


if __name__ == "__main__":
    main()
