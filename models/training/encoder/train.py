"""Teaches the student: distillation from the joined teachers, the triplet term last.

    python -m encoder.train --cache CACHE --out RUN --minutes 120 --init RUN/stages.pt    # after encoder.stages; without it, from nothing
    python -m encoder.train --cache CACHE --out RUN --minutes 240 --resume   # goes on; --minutes counts from the very first start
    python -m encoder.train --cache CACHE --out RUN --minutes 20 --device cuda --on-the-fly --batch 512

On a CPU every worker is one process with one thread (two threads of one process wait for each other in oneDNN's bf16
kernels, which costs a factor of three to eight as soon as anything else runs); the workers train side by side and average
their weights every few steps. On a GPU there is one worker, the pixels stay on the card, and the teachers may encode blends
on the fly. RUN/last.pt and RUN/log.csv are written as it goes.
"""
import argparse
import copy
import csv
import math
import os
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

from . import losses, mining
from .feed import Feed
from .muon import Both
from .student import Student, normalise
from .views import views


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--models", default="../shared/models", help="folder of the teachers, for --on-the-fly")
    p.add_argument("--cache", required=True, help="decoded pictures, targets and blends (encoder.teachers)")
    p.add_argument("--out", required=True)
    p.add_argument("--minutes", type=float, required=True, help="length of the whole plan, earlier parts of a resumed run included")
    p.add_argument("--resume", action="store_true")
    p.add_argument("--init", help="weights to begin with, such as last.pt of an earlier run")
    p.add_argument("--device", default="cpu")
    p.add_argument("--workers", type=int, default=2, help="CPU processes, one thread each")
    p.add_argument("--batch", type=int, default=32, help="of each worker")
    p.add_argument("--sync", type=int, default=8, help="steps between two averagings of the workers' weights")
    p.add_argument("--lr", type=float, default=0.01, help="Muon's, at the beginning; it falls to a hundredth (encoder.muon)")
    p.add_argument("--sizes", default="64:0.25,80:0.5,112:1", help="SIDE:UNTIL,...: side of the pictures until that share of the plan")
    p.add_argument("--blend", type=float, default=0.5, help="share of a batch taken from the blends, as far as there are any")
    p.add_argument("--on-the-fly", action="store_true", help="new blends at every step, encoded by the teachers in PyTorch (GPU)")
    p.add_argument("--inner", type=float, default=0.0, help="share of the plan in which the ends of the stages are still held to the teacher's maps (encoder.inner)")
    p.add_argument("--distill", type=float, default=1.0, help="weight of the distillation (0: triplet alone)")
    p.add_argument("--relational", type=float, default=4.0)
    p.add_argument("--neighbours", type=float, default=0.0)
    p.add_argument("--triplet", type=float, default=0.0, help="weight of the triplet term")
    p.add_argument("--triplet-share", type=float, default=0.15, help="the triplet term works in this last share of the time")
    p.add_argument("--mining", choices=["hard", "semi"], default="semi")
    p.add_argument("--margin", type=float, default=0.2)
    p.add_argument("--strength", type=float, nargs=2, default=[0.3, 0.7], help="of the views, at the beginning and late")
    p.add_argument("--steps", type=int, default=0, help="stop after so many steps (checks)")
    p.add_argument("--plan-steps", type=int, default=0, help="the plan counts steps instead of time (comparisons)")
    p.add_argument("--log-every", type=int, default=50, help="steps")
    p.add_argument("--save-every", type=float, default=300, help="seconds")
    return p.parse_args(argv)


def main(argv=None):
    g = arguments(argv)
    os.makedirs(g.out, exist_ok=True)
    if g.device != "cpu" or g.workers == 1:
        work(0, 1, g)
        return
    meet = os.path.join(g.out, "meet-%d" % os.getpid())
    try:
        torch.multiprocessing.spawn(_enter, (g.workers, g, meet), g.workers)
    finally:
        if os.path.exists(meet):
            os.remove(meet)


def _enter(rank, world, g, meet):
    dist.init_process_group("gloo", init_method="file://" + os.path.abspath(meet), rank=rank, world_size=world)
    work(rank, world, g)
    dist.destroy_process_group()


def work(rank, world, g):
    cuda = g.device.startswith("cuda")
    if not cuda:
        torch.set_num_threads(1 if world > 1 else max(1, g.workers))
    torch.manual_seed(rank)
    net = Student().to(g.device).to(memory_format=torch.channels_last)
    if g.init:
        net.load_state_dict(_floats(torch.load(g.init, map_location=g.device, weights_only=True)["average"]))
    average = copy.deepcopy(net)
    optimiser = Both([net], g.lr, decay=0.02)
    state = dict(step=0, seen=0, spent=0.0)
    last = os.path.join(g.out, "last.pt")
    if g.resume and os.path.exists(last):
        kept = torch.load(last, map_location=g.device, weights_only=True)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        state = kept["state"]
    _level(net, world, everything=True)
    torch.manual_seed(1000 * state["step"] + rank)
    feed = Feed(g, rank, state["step"])
    log = open(os.path.join(g.out, "log.csv"), "a", newline="") if rank == 0 else None
    begin, saved, spent_before = time.time(), time.time(), state["spent"]
    sums = _Means()
    while True:
        share = _share(state, g)
        if share >= 1 or (g.steps and state["step"] >= g.steps):
            break
        if rank == 0 and time.time() - saved > g.save_every:
            _save(last, net, average, optimiser, state)
            saved = time.time()
        optimiser.rate(g.lr * (0.01 + 0.99 * min(1, (state["step"] + 1) / 300) * 0.5 * (1 + math.cos(math.pi * share))))
        loss = step(net, optimiser, feed, g, share, sums)
        state["step"] += 1
        state["seen"] += g.batch * world
        state["spent"] = spent_before + time.time() - begin
        if state["step"] % g.sync == 0:
            state["spent"] = _level(net, world, number=state["spent"])
            _follow(average, net, min(0.999 ** g.sync, (state["step"] + 1) / (state["step"] + 10 * g.sync)))
        if rank == 0 and state["step"] % g.log_every == 0:
            row = [state["step"], state["seen"], "%.0f" % state["spent"], "%.3f" % share] + sums.take()
            csv.writer(log).writerow(row)
            log.flush()
            print(*row, flush=True)
    if rank == 0:
        _save(last, net, average, optimiser, state)


def _share(state, g):
    return state["step"] / g.plan_steps if g.plan_steps else state["spent"] / (g.minutes * 60)


def step(net, optimiser, feed, g, share, sums):
    """One batch. The views grow stronger over the first two thirds; the triplet term comes at the end."""
    late = g.triplet > 0 and share >= 1 - g.triplet_share
    strength = g.strength[0] + (g.strength[1] - g.strength[0]) * min(1, share * 1.5)
    size = next(side for side, until in sizes(g.sizes) if share < until)
    net.train()
    hints = None
    if share < g.inner and not late:
        pixels, wanted, hints = feed.draw_inner(g.batch)
        size = 112
    else:
        pixels, wanted, person = feed.draw(g.batch, people=late)
    x = normalise(views(pixels, strength, size, still=hints is not None)).contiguous(memory_format=torch.channels_last)
    with torch.autocast(g.device.split(":")[0], torch.bfloat16):
        maps = net.maps(x)
        got = net.out(net.pooled(x, maps))
    got = F.normalize(got.float())
    loss = got.sum() * 0
    if hints is not None:
        errors = [losses.map_error(maps[k], hint) for k, hint in hints.items()]
        loss = loss + sum(errors) / len(errors) * (1 - 0.8 * share / g.inner)
        for k, e in enumerate(errors):
            sums.add("map%d" % k, e.detach())
    if g.distill:
        bank = feed.bank(2048) if g.neighbours else None
        loss = loss + g.distill * losses.distillation(got, wanted, bank, g.relational, g.neighbours)
        sums.add("cosine_error", losses.cosine_error(got.detach(), wanted))
        sums.add("relational_error", losses.relational_error(got.detach(), wanted))
    if late:
        d = losses.distances(got.detach())
        rows = mining.batch_hard(d, person) if g.mining == "hard" else mining.semi_hard(d, person, g.margin)
        term = losses.triplet(got, rows, g.margin)
        loss = loss + g.triplet * term
        sums.add("triplet", term.detach())
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optimiser.step()
    return loss.detach()


def sizes(text):
    """"64:0.25,112:1" -> [(64, 0.25), (112, 1.0)]; the last one always lasts to the end."""
    pairs = [part.split(":") for part in text.split(",")]
    return [(int(side), float(until)) for side, until in pairs[:-1]] + [(int(pairs[-1][0]), float("inf"))]


class _Means:
    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(float(value))

    def take(self):
        out = ["%s=%.4f" % (n, np.mean(v)) for n, v in self.values.items()]
        self.values = {}
        return out


@torch.no_grad()
def _level(net, world, everything=False, number=0.0):
    """The workers' weights become their mean (from the first worker alone when `everything` begins). Returns the mean number."""
    if world == 1:
        return number
    tensors = [t for t in net.state_dict().values() if t.dtype.is_floating_point]
    flat = torch.cat([t.reshape(-1) for t in tensors] + [torch.tensor([number])])
    if everything:
        dist.broadcast(flat, 0)
    else:
        dist.all_reduce(flat)
        flat /= world
    at = 0
    for t in tensors:
        t.copy_(flat[at:at + t.numel()].view(t.shape))
        at += t.numel()
    return float(flat[-1])


@torch.no_grad()
def _follow(average, net, keep):
    for a, n in zip(average.state_dict().values(), net.state_dict().values()):
        if a.dtype.is_floating_point:
            a.lerp_(n, 1 - keep)
        else:
            a.copy_(n)


def _floats(weights):
    return {k: v.float() if v.dtype == torch.float16 else v for k, v in weights.items()}


def _save(path, net, average, optimiser, state):
    torch.save(dict(net=net.state_dict(), average=average.state_dict(), optimiser=optimiser.state_dict(), state=dict(state)), path + ".part")
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main()
