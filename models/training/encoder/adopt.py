"""Weights to begin with: those of the first recipe (same network, other targets), its last layer fitted to our target space.

    python -m encoder.adopt --cache CACHE --weights ../shared/training/try/student.pt --out CACHE/adopted.pt

The first recipe's target was another set of 128 directions, so its last layer is found anew by ridge regression on clean
training pictures. Prints the error on people held aside before any training. The result serves as `encoder.train --init`.
"""
import argparse
import os

import numpy as np
import torch
import torch.nn.functional as F

from .packs import Packs
from .student import Student, normalise


def by_order(net, weights):
    """The tensors of both networks stand in the same order; names differ. Shapes must agree one by one."""
    mine, theirs = net.state_dict(), list(weights.values())
    if len(mine) != len(theirs):
        raise SystemExit("%d tensors where this network has %d: another network" % (len(theirs), len(mine)))
    for (name, old), new in zip(mine.items(), theirs):
        if old.shape != new.shape:
            raise SystemExit("%s is %s here and %s there: another network" % (name, tuple(old.shape), tuple(new.shape)))
        mine[name] = new.to(old.dtype)
    net.load_state_dict(mine)


@torch.no_grad()
def features(net, pixels, batch=50):
    out = []
    for k in range(0, len(pixels), batch):
        x = torch.from_numpy(np.ascontiguousarray(pixels[k:k + batch])).permute(0, 3, 1, 2).float()
        out.append(net.pooled(normalise(x)))
    return torch.cat(out)


def ridge(x, y, weight=1e-2):
    """(W, b) that minimise |x W^T + b - y|^2 + weight n |W|^2."""
    x_mean, y_mean = x.mean(0), y.mean(0)
    a, b = (x - x_mean).double(), (y - y_mean).double()
    w = torch.linalg.solve(a.t() @ a + weight * len(x) * a.var(0).mean() * torch.eye(a.shape[1], dtype=a.dtype), a.t() @ b).t().float()
    return w, y_mean - w @ x_mean


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True)
    p.add_argument("--weights", default="../shared/training/try/student.pt")
    p.add_argument("--pictures", type=int, default=4000)
    p.add_argument("--out", required=True)
    g = p.parse_args()
    packs = Packs(g.packs, g.cache)
    wanted = torch.from_numpy(np.load(os.path.join(g.cache, "targets.npy")))
    net = Student().eval()
    by_order(net, torch.load(g.weights, map_location="cpu", weights_only=True))
    rng = np.random.default_rng(0)
    fit = rng.choice(np.flatnonzero(~packs.held), g.pictures, replace=False)
    look = np.flatnonzero(packs.held)[:600]
    weight, bias = ridge(features(net, packs.pixels[fit]), wanted[fit])
    net.out.weight.data, net.out.bias.data = weight * 8, bias * 8  # only the direction counts; about the size training gives
    with torch.no_grad():
        got = F.normalize(net.out(features(net, packs.pixels[look])))
    print("1 - cosine to the target on people held aside, before training: %.3f" % (1 - (got * wanted[look]).sum(1).mean()))
    torch.save({"average": net.state_dict(), "state": dict(step=0, seen=166_400, spent=0.0)}, g.out)


if __name__ == "__main__":
    main()
