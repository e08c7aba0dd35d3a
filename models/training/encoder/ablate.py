"""The ablation table of the card: short runs that differ in one thing, and heads on the finished encoder. Judged on people held aside.

    python -m encoder.ablate runs  --cache CACHE --out DIR --steps 600     # every variant, the same number of views
    python -m encoder.ablate heads --cache CACHE --run RUN                 # cosine against the two Siamese heads, nothing retrained
Both write encoder/ablation.json, one row a variant, an older row of the same name replaced. `--only NAME` runs one variant.
"""
import argparse
import json
import os

import numpy as np
import torch
import torch.nn.functional as F

from . import export, losses, ship, train
from .evaluate import FMRS, held_aside_people
from .packs import Packs
from .verify import equal_error, pairs_of, threshold_at

KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ablation.json")

VARIANTS = {
    "distillation alone": [],
    "distillation alone, without blends": ["--blend", "0"],
    "distillation without the relational term": ["--relational", "0"],
    "distillation and neighbours": ["--neighbours", "0.1"],
    "distillation and triplet (semi-hard)": ["--triplet", "1", "--triplet-share", "1"],
    "distillation and triplet (batch-hard)": ["--triplet", "1", "--triplet-share", "1", "--mining", "hard"],
    "triplet alone (semi-hard)": ["--distill", "0", "--triplet", "1", "--triplet-share", "1"],
    "triplet alone (batch-hard)": ["--distill", "0", "--triplet", "1", "--triplet-share", "1", "--mining", "hard"],
    "distillation alone, pictures of 112": ["--sizes", "112:1"],
    "distillation and a teacher's maps, pictures of 112": ["--sizes", "112:1", "--inner", "1"],
}
ONE_TEACHER = "distillation from one teacher (EdgeFace-XS)"  # with --cache of a mix of one: encoder.teachers fix --mix edgeface_xs:1


def runs(g):
    packs = Packs(g.packs, g.cache)
    names = [g.only] if g.only else list(VARIANTS)
    for name in names:
        out = os.path.join(g.out, name.replace(" ", "-"))
        common = ["--packs", *g.packs, "--cache", g.cache, "--out", out, "--sizes", "64:1", "--steps", str(g.steps), "--plan-steps", str(g.steps), "--minutes", "1000"]
        more = VARIANTS.get(name, [])
        side = 112 if "--sizes" in more else 64
        train.main(common + more)
        net, state = export.load(os.path.join(out, "last.pt"))
        export.measure_batch_norm(net, [F.interpolate(x, size=(side, side), mode="area") for x in ship.calibration(packs, 8)])
        embed = ship.torch_encoder(net, size=side)
        found = held_aside_people(embed, packs)
        error = None
        if "triplet alone" not in name:
            held = np.flatnonzero(packs.held)
            wanted = np.load(os.path.join(g.cache, "targets.npy"))[held]
            error = float(1 - (embed(packs.pixels[held]) * wanted).sum(1).mean())
        keep(g.as_name or name, state["seen"], found["tar"], found["eer"], error)


def heads(g):
    """Heads fitted on pairs of training people, from the frozen embeddings; both forms and plain cosine on people held aside."""
    packs = Packs(g.packs, g.cache)
    net, state = export.load(os.path.join(g.run, "last.pt"))
    export.measure_batch_norm(net, list(ship.calibration(packs)))
    embed = ship.torch_encoder(export.folded(net))
    known = packs.person >= 0
    fit, look = np.flatnonzero(known & ~packs.held), np.flatnonzero(known & packs.held)
    fit = np.sort(np.random.default_rng(0).permutation(fit)[:g.pictures])
    a, b = torch.from_numpy(embed(packs.pixels[fit])), torch.from_numpy(embed(packs.pixels[look]))
    found = {"cosine": judge(lambda i, j: (b[i] * b[j]).sum(1), packs.person[look])}
    for name, chi_square in (("Siamese head, abs(a - b)", False), ("Siamese head, chi-square", True)):
        head = fit_head(a, packs.person[fit], chi_square)
        with torch.no_grad():
            found[name] = judge(lambda i, j: head(b[i], b[j]), packs.person[look])
    for name, (tar, eer) in found.items():
        keep("shipped encoder, %s" % name, state["seen"], tar, eer, None)


def fit_head(e, person, chi_square, steps=1500, half=1024):
    torch.manual_seed(0)
    genuine, impostor = (torch.from_numpy(p) for p in pairs_of(person))
    head = losses.SiameseHead(e.shape[1], chi_square)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    same = torch.cat([torch.ones(half), torch.zeros(half)])
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.05 * (1 - step / steps)
        pairs = torch.cat([p[:, torch.randint(p.shape[1], (half,))] for p in (genuine, impostor)], 1)
        loss = losses.siamese(head, e[pairs[0]], e[pairs[1]], same)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return head


def judge(score, person):
    genuine, impostor = pairs_of(person)
    g, i = score(*genuine).numpy(), score(*impostor).numpy()
    return [float((g >= threshold_at(i, f)).mean()) for f in FMRS], equal_error(g, i)


def keep(what, views, tar, eer, cosine_error):
    kept = {"note": "", "rows": []}
    if os.path.exists(KEPT):
        with open(KEPT) as f:
            kept = json.load(f)
    kept["note"] = ("Runs with less than a million views are short and from scratch, on pictures of 64 pixels unless 112 is said: they compare recipes with each other, not with the shipped encoder. The heads are fitted on the frozen "
                    "shipped encoder, on pairs of training people.")
    kept["rows"] = [r for r in kept["rows"] if r["what"] != what] + [dict(what=what, views=views, tar=tar, eer=eer, cosine_error=cosine_error)]
    with open(KEPT, "w") as f:
        json.dump(kept, f, indent=1)
        f.write("\n")
    print("%s: TAR %s, EER %.2f %%" % (what, " / ".join("%.2f %%" % (100 * t) for t in tar), 100 * eer), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=["runs", "heads"])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True)
    p.add_argument("--out", help="folder for the short runs")
    p.add_argument("--run", help="folder of the finished run, for the heads")
    p.add_argument("--steps", type=int, default=600)
    p.add_argument("--pictures", type=int, default=6000, help="of training people, to fit the heads on")
    p.add_argument("--only")
    p.add_argument("--as-name", help="name of the row, where the cache is another mix: '%s'" % ONE_TEACHER)
    g = p.parse_args()
    {"runs": runs, "heads": heads}[g.what](g)


if __name__ == "__main__":
    main()
