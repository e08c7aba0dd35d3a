"""Teaches each stage of the student alone, from the teacher's own maps to the teacher's next ones; then they are a chain.

    python -m encoder.stages --cache CACHE --out RUN --minutes 30      # after encoder.inner; then encoder.train --init RUN/stages.pt

No stage waits for those before it to become good, and a map has tens of thousands of numbers to learn from where an encoding has 128. The
first stage costs as much as all others: it has one process for itself, the others and the head (from the last maps to the
teachers' joint vector) share a second one. Small batches: what counts is the number of steps, a picture has hundreds of places.
RUN/part0.pt, part1.pt (each process's own, kept as it goes) and RUN/stages.pt (all of them, at the end).
"""
import argparse
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from . import losses
from .feed import Feed
from .muon import Adam, Both
from .student import Student, normalise

JOBS = [[0], [1, 2, 3, "head"]]
BATCH = {0: 8, 1: 8, 2: 8, 3: 16, "head": 32}
LR = 0.01  # of a batch of 8; grows with the root of the batch


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--models", default="../shared/models")
    p.add_argument("--cache", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--minutes", type=float, required=True)
    p.add_argument("--init", help="weights to begin with: a stages.pt or a last.pt")
    p.add_argument("--device", default="cpu")
    p.add_argument("--steps", type=int, default=0, help="stop after so many rounds (checks)")
    p.add_argument("--only", choices=["0", "1", "2", "3", "head"], help="one part alone, in one process, to compare ways of teaching it")
    p.add_argument("--batch", type=int, help="with --only: another batch")
    p.add_argument("--optimiser", choices=["muon", "adamw"], default="muon", help="with --only; AdamW at 0.004")
    g = p.parse_args(argv)
    g.blend, g.on_the_fly, g.inner = 0.0, False, 1.0
    g.only = int(g.only) if g.only and g.only != "head" else g.only
    return g


class Part:
    """One stage, or the head, with its optimiser."""

    def __init__(self, net, name, batch=None, optimiser="muon"):
        self.name, self.batch = name, batch or BATCH[name]
        self.needs = [3] if name == "head" else [0] if name == 0 else [name - 1, name]
        self.modules = [net.up, net.pool, net.out] if name == "head" else [net.stages[name]]
        self.lr = LR * math.sqrt(self.batch / 8) if optimiser == "muon" else 0.004
        self.optimiser = Both(self.modules, self.lr) if optimiser == "muon" else Adam(self.modules, self.lr)
        self.errors = []

    def step(self, net, feed, share, warm):
        pixels, wanted, maps = feed.draw_inner(self.batch, self.needs, self.name == 0)
        before = normalise(pixels.float()) if self.name == 0 else maps[self.needs[0]]
        before = before.contiguous(memory_format=torch.channels_last)
        with torch.autocast(before.device.type, torch.bfloat16):
            if self.name == "head":
                got = F.normalize(net.out(net.pooled(None, [before])).float())
            else:
                got = net.stages[self.name](before)
        if self.name == "head":
            error = losses.cosine_error(got, wanted)
            loss = error + 0.2 * losses.neighbour_error(got, wanted, feed.bank(2048))
        else:
            loss = error = losses.map_error(got, maps[self.name])
        self.optimiser.rate(self.lr * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share))))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.errors.append(float(error.detach()))

    def story(self):
        """For the card: how many pictures it saw, and its error over the last of them."""
        return dict(views=len(self.errors) * self.batch, error=float(np.mean(self.errors[-500:])))


def work(rank, g):
    torch.set_num_threads(1)
    torch.manual_seed(0)  # both begin with the same network
    net = Student().to(g.device).to(memory_format=torch.channels_last)
    if g.init:
        net.load_state_dict(torch.load(g.init, map_location=g.device, weights_only=True)["average"])
    net.train()
    torch.manual_seed(rank + int(time.time()))
    feed = Feed(g, rank, int(time.time()))
    parts = [Part(net, g.only, g.batch, g.optimiser)] if g.only is not None else [Part(net, name) for name in JOBS[rank]]
    begin, saved, rounds = time.time(), time.time(), 0
    while True:
        share = (time.time() - begin) / (g.minutes * 60)
        if share >= 1 or (g.steps and rounds >= g.steps):
            break
        for part in parts:
            part.step(net, feed, share, min(1, (rounds + 1) / 100))
        rounds += 1
        if rounds % 500 == 0:
            print("%.0f s, round %d, " % (time.time() - begin, rounds) + ", ".join("%s %.4f" % (p.name, np.mean(p.errors[-500:])) for p in parts), flush=True)
        if time.time() - saved > 240:
            save(g.out, rank, net, parts, time.time() - begin)
            saved = time.time()
    save(g.out, rank, net, parts, time.time() - begin)


def save(folder, rank, net, parts, spent):
    path = os.path.join(folder, "part%d.pt" % rank)
    torch.save(dict(net=net.state_dict(), spent=spent, parts={str(p.name): p.story() for p in parts}), path + ".part")
    os.replace(path + ".part", path)


def join(folder):
    """stages.pt out of the processes' own files: of each the parts that it taught."""
    whole, told = None, dict(spent=0.0, parts={})
    for rank, names in enumerate(JOBS):
        kept = torch.load(os.path.join(folder, "part%d.pt" % rank), map_location="cpu", weights_only=True)
        whole = dict(kept["net"]) if whole is None else whole
        prefixes = tuple(p for name in names for p in (("up.", "pool.", "out.") if name == "head" else ("stages.%d." % name,)))
        whole.update({k: v for k, v in kept["net"].items() if k.startswith(prefixes)})
        told["spent"] = max(told["spent"], kept["spent"])
        told["parts"].update(kept["parts"])
    path = os.path.join(folder, "stages.pt")
    torch.save(dict(average=whole, told=told), path)
    return path


def main(argv=None):
    g = arguments(argv)
    os.makedirs(g.out, exist_ok=True)
    if g.only is not None:
        work(0, g)
        return
    torch.multiprocessing.spawn(work, (g,), len(JOBS))
    join(g.out)


if __name__ == "__main__":
    main()
