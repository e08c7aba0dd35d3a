"""Teaches the liveness net from a pool.

  python -m liveness.train --pool POOL.npz --out RUN --minutes 20 [--without telephone]
--without leaves one kind of attack out, to see what the net does against an instrument it never saw.
"""
import argparse, copy, math, time
from pathlib import Path
import numpy as np, torch, torch.nn.functional as F
from detector.train import averaged
from liveness.attacks import KINDS
from liveness.net import CLASSES, LIVE, Net


def class_of(kinds):
    """Numbers of kinds [N] (0 is live) -> index of the logit that should win."""
    table = np.array([LIVE] + [CLASSES.index(k.surface) for k in KINDS.values()])
    return table[kinds]


def view(x, rng):
    """uint8 [N,80,80,3] -> float32 [N,3,80,80]: mirrored, another light, a little shifted, sometimes softer."""
    x = torch.from_numpy(x).permute(0, 3, 1, 2).float()
    n = len(x)
    x = torch.where(torch.from_numpy(rng.random((n, 1, 1, 1)) < 0.5), x.flip(3), x)
    x = x * torch.from_numpy(rng.uniform(0.75, 1.25, (n, 1, 1, 1)).astype(np.float32)) * torch.from_numpy(rng.normal(1, 0.05, (n, 3, 1, 1)).astype(np.float32))
    dy, dx = rng.integers(-3, 4, 2)
    x = F.pad(x, (3, 3, 3, 3), mode="replicate")[:, :, 3 + dy : 83 + dy, 3 + dx : 83 + dx]
    if rng.random() < 0.2:
        half = n // 2
        x[:half] = F.avg_pool2d(F.pad(x[:half], (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x.clamp(0, 255).contiguous(memory_format=torch.channels_last)


def loss_of(logits, wanted, teachers):
    """Cross entropy with the truth, and with the two MiniFASNets' mean where it is on the truth's side."""
    truth = F.cross_entropy(logits, wanted, label_smoothing=0.05)
    says = teachers.mean(1)
    agrees = ((says > 0.5) == (wanted == LIVE)).float()
    live = logits.softmax(1)[:, LIVE].clamp(1e-4, 1 - 1e-4)
    return truth + 0.2 * (F.binary_cross_entropy(live, says, reduction="none") * agrees).mean()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pool", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--without", choices=list(KINDS))
    p.add_argument("--minutes", type=float, default=20)
    p.add_argument("--steps", type=int, default=0, help="ends after so many steps instead, the learning rate with them")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--seed", type=int, default=5)
    p.add_argument("--threads", type=int, default=2)
    g = p.parse_args()
    torch.set_num_threads(g.threads), torch.manual_seed(g.seed)
    g.out.mkdir(parents=True, exist_ok=True)
    rng, pool = np.random.default_rng(g.seed), np.load(g.pool)
    crops, kinds, teachers = pool["crops"], pool["kinds"], pool["teachers"]
    use = kinds != (list(KINDS).index(g.without) + 1 if g.without else 255)
    live, attacks = np.flatnonzero(use & (kinds == 0)), np.flatnonzero(use & (kinds > 0))
    net = Net().to(memory_format=torch.channels_last)
    average, step, begin, shown = copy.deepcopy(net), 0, time.time(), 0.0
    optimiser = torch.optim.AdamW(net.parameters(), lr=g.rate, weight_decay=2e-2)
    while True:
        share = step / g.steps if g.steps else (time.time() - begin) / (g.minutes * 60)
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = g.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-5
        index = np.concatenate([rng.choice(live, g.batch // 2), rng.choice(attacks, g.batch // 2)])
        net.train()
        loss = loss_of(net(view(crops[index], rng), 0.2), torch.from_numpy(class_of(kinds[index])), torch.from_numpy(teachers[index]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step, shown = step + 1, shown + loss.item()
        averaged(average, net, 1 - min(0.995, step / (step + 15)))
        if step % 100 == 0:
            print("%d steps, %.0f s (%.0f s of CPU): loss %.3f" % (step, time.time() - begin, time.process_time(), shown / 100), flush=True)
            shown = 0.0
            torch.save({"net": average.state_dict(), "seen": step * g.batch, "cpu_s": time.process_time()}, g.out / "last.pt")
    torch.save({"net": average.state_dict(), "seen": step * g.batch, "cpu_s": time.process_time()}, g.out / "last.pt")


if __name__ == "__main__":
    main()
