"""Teaches the detector from pools of scenes and answers.

  python -m detector.train --pools P192,P288 --out RUN --minutes 45 [--init RUN/last.pt]
The learning rate follows the clock, so a run ends when it should on a machine that is busy with other things. Writes
RUN/last.pt (averaged weights, seconds spent) every few minutes and at the end.
"""
import argparse, copy, math, time
from pathlib import Path
import numpy as np, torch
from detector.net import Net, macs, parameters
from detector.teach import losses, mirrored
from encoder.muon import Both


class Pool:
    def __init__(self, prefix, batch, rng):
        self.pictures, self.answers = (np.load("%s-%s.npy" % (prefix, kind), mmap_mode="r") for kind in ("pictures", "answers"))
        self.rng = rng
        self.filled = np.zeros(0, np.int64)
        self.batch = max(4, int(batch * (128 / self.pictures.shape[1]) ** 2))   # about the same work a batch

    def draw(self):
        """pictures float32 [N,3,S,S], answers float32 [N,C,16]; a light of its own for each."""
        while len(self.filled) < len(self.answers) and (self.rng.random() < 0.02 or not len(self.filled)):   # still being drawn
            self.filled = np.flatnonzero((self.answers[:, 0, 4] != 0))
            time.sleep(0 if len(self.filled) else 5)
        index = np.sort(self.filled[self.rng.integers(0, len(self.filled), self.batch)])
        x = torch.from_numpy(self.pictures[index]).permute(0, 3, 1, 2).float()
        a = torch.from_numpy(self.answers[index].astype(np.float32))
        gain = torch.from_numpy(self.rng.uniform(0.75, 1.2, (self.batch, 1, 1, 1)).astype(np.float32))
        x = (x * gain).clamp(0, 255)
        return mirrored(x, a) if self.rng.random() < 0.5 else (x, a)


def averaged(average, net, share):
    """average <- average (1 - share) + net share, statistics included."""
    with torch.no_grad():
        for a, n in zip(average.state_dict().values(), net.state_dict().values()):
            a.lerp_(n, share) if a.dtype.is_floating_point else a.copy_(n)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pools", required=True, help="prefixes of detector.pool, and PREFIX:WEIGHT for how often it is drawn from")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--minutes", type=float, default=45)
    p.add_argument("--batch", type=int, default=24, help="pictures of 128x128; fewer of larger ones")
    p.add_argument("--rate", type=float, default=2e-2, help="Muon's; AdamW's is a quarter of it")
    p.add_argument("--init", type=Path)
    p.add_argument("--seed", type=int, default=5)
    p.add_argument("--threads", type=int, default=2)
    g = p.parse_args()
    torch.set_num_threads(g.threads), torch.manual_seed(g.seed)
    g.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(g.seed)
    named = [(n.rsplit(":", 1) + ["1"])[:2] for n in g.pools.split(",")]
    pools, weights = [Pool(n, g.batch, rng) for n, _ in named], np.array([float(w) for _, w in named])
    net = Net()
    print("%d parameters, %.2f MMAC at 160x128" % (parameters(net), macs(copy.deepcopy(net).eval(), 128, 160) / 1e6), flush=True)
    spent_before = 0.0
    if g.init:
        state = torch.load(g.init)
        net.load_state_dict(state["net"])
        spent_before = state["cpu_s"]
    net = net.to(memory_format=torch.channels_last)
    average = copy.deepcopy(net)
    optimiser = Both([net], g.rate, 1e-3)
    begin, saved, step, seen, shown = time.time(), time.time(), 0, 0, np.zeros(3)

    def save():
        torch.save({"net": average.state_dict(), "seen": seen, "cpu_s": spent_before + time.process_time()}, g.out / "last.pt")

    while time.time() - begin < g.minutes * 60:
        share = (time.time() - begin) / (g.minutes * 60)
        optimiser.rate(g.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-5)
        x, a = pools[rng.choice(len(pools), p=weights / weights.sum())].draw()
        net.train()
        parts = losses(net(x.contiguous(memory_format=torch.channels_last)), a)
        loss = parts[0] + 2 * parts[1] + 3 * parts[2]   # where a face is found, the landmarks decide what the encoder sees
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimiser.step()
        step, seen = step + 1, seen + len(x)
        averaged(average, net, 1 - min(0.997, step / (step + 15)))
        shown += [v.item() for v in parts]
        if step % 50 == 0:
            print("%d steps, %d pictures, %.0f s (%.0f s of CPU): score %.3f box %.3f landmarks %.3f" % ((step, seen, time.time() - begin, time.process_time()) + tuple(shown / 50)), flush=True)
            shown[:] = 0
        if time.time() - saved > 120:
            save()
            saved = time.time()
    save()


if __name__ == "__main__":
    main()
