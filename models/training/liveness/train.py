"""Teaches the liveness net from pools.

  python -m liveness.train --pool POOL.npz [MORE.npz] --choose CHOOSE.npz --out RUN --minutes 30 [--without telephone]
--without leaves one kind of attack out, to see what the net does against an instrument it never saw. Run again, an interrupted
training goes on where RUN/state.pt was written. At the end the threshold is chosen on CHOOSE.npz, of pictures that neither
taught nor will measure, and goes into RUN/last.pt as what to add to the logit of `live`: 0.5 is then the place to cut.
"""
import argparse, copy, math, time
from pathlib import Path
import numpy as np, torch, torch.nn.functional as F
from detector.train import averaged
from liveness.attacks import KINDS
from liveness.crop import as_input
from liveness.net import CLASSES, LIVE, Net

REFUSED = 1 / 6   # share of the living ones of CHOOSE.npz that the threshold refuses: before a camera worse than most; of the same pictures untouched, half as many


def class_of(kinds):
    """Numbers of kinds [N] (0 is live) -> index of the logit that should win."""
    table = np.array([LIVE] + [CLASSES.index(k.surface) for k in KINDS.values()])
    return table[kinds]


def view(x, rng):
    """uint8 [N,80,80,3] -> float32 [N,3,80,80]: each mirrored or not, in another light and colour, a little shifted, some softer, some with a piece missing."""
    n = len(x)
    dy, dx = rng.integers(0, 7, (2, n))
    x = np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="edge")
    x = np.stack([x[k, dy[k] : dy[k] + 80, dx[k] : dx[k] + 80] for k in range(n)])
    x = torch.from_numpy(x).permute(0, 3, 1, 2).float()
    uniform = lambda low, high, *shape: torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32))
    x = torch.where(uniform(0, 1, n, 1, 1, 1) < 0.5, x.flip(3), x)
    x = x * uniform(0.8, 1.2, n, 1, 1, 1) * uniform(0.92, 1.08, n, 3, 1, 1) + uniform(-12, 12, n, 1, 1, 1)
    soft = rng.random(n) < 0.12
    if soft.any():
        x[soft] = F.avg_pool2d(F.pad(x[soft], (1, 1, 1, 1), mode="replicate"), 3, 1)
    for k in np.flatnonzero(rng.random(n) < 0.2):
        high, wide = rng.integers(8, 32, 2)
        top, left = rng.integers(0, 80 - high), rng.integers(0, 80 - wide)
        x[k, :, top : top + high, left : left + wide] = float(rng.uniform(0, 255))
    return x.clamp(0, 255).contiguous(memory_format=torch.channels_last)


def pools(paths):
    """Several files of liveness.pool as one: crops, kinds, teachers."""
    parts = [np.load(p) for p in paths]
    return (np.concatenate([q[k] for q in parts]) for k in ("crops", "kinds", "teachers"))


def loss_of(logits, wanted, teachers):
    """Cross entropy with the truth, and with the two MiniFASNets' mean where they were asked and are on the truth's side."""
    truth = F.cross_entropy(logits, wanted, label_smoothing=0.05)
    says = teachers.mean(1)
    agrees = ((says > 0.5) == (wanted == LIVE)) & ~says.isnan()
    live = logits.softmax(1)[:, LIVE].clamp(1e-4, 1 - 1e-4)
    return truth + 0.2 * F.binary_cross_entropy(live[agrees], says[agrees], reduction="sum") / len(says)


def scores(net, crops):
    """How live, float32 [N]."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(torch.from_numpy(as_input(crops[k : k + 128]))).softmax(1)[:, LIVE] for k in range(0, len(crops), 128)]).numpy()


def cut_of(found, kinds):
    """The threshold that refuses REFUSED of the living."""
    return float(np.quantile(found[kinds == 0], REFUSED))


def chosen(net, crops, kinds):
    """(what to add to the logit of `live` so that 0.5 refuses REFUSED of the living, a line of figures)"""
    found = scores(net, crops)
    cut = cut_of(found, kinds)
    passed = ["%s %.1f" % (kind, 100 * (found[kinds == k] >= cut).mean()) for k, kind in enumerate(KINDS, 1) if (kinds == k).any()]
    return -math.log(cut / (1 - cut)), "chosen %.3f: of attacks %.1f %% pass (%s)" % (cut, 100 * (found[kinds > 0] >= cut).sum() / max(1, (kinds > 0).sum()), ", ".join(passed))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pool", type=Path, required=True, nargs="+")
    p.add_argument("--choose", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--without", choices=list(KINDS))
    p.add_argument("--minutes", type=float, default=30)
    p.add_argument("--steps", type=int, default=0, help="ends after so many steps instead, the learning rate with them")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=5)
    g = p.parse_args()
    torch.set_num_threads(1), torch.manual_seed(g.seed), torch.set_flush_denormal(True)
    g.out.mkdir(parents=True, exist_ok=True)
    crops, kinds, teachers = pools(g.pool)
    aside = np.load(g.choose)
    use = kinds != (list(KINDS).index(g.without) + 1 if g.without else 255)
    live, attacks = np.flatnonzero(use & (kinds == 0)), np.flatnonzero(use & (kinds > 0))
    net = Net().to(memory_format=torch.channels_last)
    average = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=g.rate, weight_decay=2e-2)
    step, spent, cpu_before = 0, 0.0, 0.0
    if (g.out / "state.pt").exists():
        was = torch.load(g.out / "state.pt")
        net.load_state_dict(was["net"]), average.load_state_dict(was["average"]), optimiser.load_state_dict(was["optimiser"])
        step, spent, cpu_before = was["step"], was["spent"], was["cpu_s"]
    rng, begin, shown = np.random.default_rng([g.seed, step]), time.time() - spent, 0.0
    cpu = lambda: cpu_before + time.process_time()
    while (share := step / g.steps if g.steps else (time.time() - begin) / (g.minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = g.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * share)) + 2e-6
        index = np.concatenate([rng.choice(live, g.batch // 2), rng.choice(attacks, g.batch // 2)])
        net.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(view(crops[index], rng), 0.2)
        loss = loss_of(logits.float(), torch.from_numpy(class_of(kinds[index])), torch.from_numpy(teachers[index]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step, shown = step + 1, shown + loss.item()
        averaged(average, net, 1 - min(0.998, step / (step + 15)))
        if step % 500 == 0:
            print("%d steps, %.0f s (%.0f s of CPU): loss %.3f; %s" % (step, time.time() - begin, cpu(), shown / 500, chosen(average, aside["crops"], aside["kinds"])[1]), flush=True)
            shown = 0.0
            torch.save({"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "spent": time.time() - begin, "cpu_s": cpu()}, g.out / "state.pt")
    add, line = chosen(average, aside["crops"], aside["kinds"])
    print(line)
    torch.save({"net": average.state_dict(), "add": add, "seen": step * g.batch, "cpu_s": cpu()}, g.out / "last.pt")


if __name__ == "__main__":
    main()
