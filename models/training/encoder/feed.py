"""Batches for the training: clean pictures with the teachers' answers, blends of two faces, people for the triplets."""
import os
import time

import numpy as np
import torch

from .inner import Inner, place
from .packs import Packs
from .teachers import Mix, load_blends


class Feed:
    """draw() gives (uint8 [N,3,112,112], wanted unit vectors [N,128], person [N]), never of the people held aside."""

    def __init__(self, g, rank, seed):
        packs = Packs(g.packs, g.cache)
        self.device, self.blend = g.device, g.blend
        self.rows = np.flatnonzero(~packs.held)
        self.person = torch.from_numpy(packs.person)
        self.rng = np.random.default_rng([seed, rank])
        self.mix = Mix.load(g.cache)
        self.cache = g.cache
        self.pixels = torch.from_numpy(packs.pixels if packs.pixels.flags.writeable else np.array(packs.pixels))
        self.wanted = torch.from_numpy(np.load(os.path.join(g.cache, "targets.npy")))
        self.on_the_fly = None
        if g.device != "cpu":
            self.pixels, self.wanted, self.person = self.pixels.to(g.device), self.wanted.to(g.device), self.person.to(g.device)
        if g.on_the_fly:
            from .torch_teachers import Joined

            self.on_the_fly = Joined(g.models, self.mix, g.device)
        self.blends, self.looked = [], 0.0
        self.inner = Inner(g.cache) if g.inner else None
        if self.inner is not None:
            self.blends = self._more_blends()
        known = packs.person[self.rows]
        who, times = np.unique(known[known >= 0], return_counts=True)
        self.people = [self.rows[known == w] for w in who[times >= 2]]

    def draw(self, count, people=False):
        blended = 0 if people else self._blends_of(count)
        clean = count - blended
        rows = self._people(clean) if people else self.rng.choice(self.rows, clean)
        at = torch.from_numpy(rows).to(self.device)
        pixels, wanted, person = self.pixels[at], self.wanted[at], self.person[at]
        if blended:
            more, also = self._blended(blended)
            pixels, wanted = torch.cat([pixels, more]), torch.cat([wanted, also])
            person = torch.cat([person, torch.full((blended,), -1, dtype=person.dtype, device=person.device)])
        return pixels.permute(0, 3, 1, 2), wanted, person

    def draw_inner(self, count, which=range(4), pictures=True):
        """uint8 [N,3,112,112] or None, wanted unit vectors [N,128], {k: the teacher's maps} of the same pictures (encoder.inner)."""
        pixels, maps, source = self.inner.at(self.rng.integers(len(self.inner), size=count), which, pictures)
        wanted = [self.wanted[s] if s >= 0 else self._blend_wanted(s) for s in source.tolist()]
        return pixels.to(self.device) if pictures else None, torch.stack(wanted).to(self.device), {k: m.to(self.device) for k, m in maps.items()}

    def _blend_wanted(self, source):
        shard, row = place(source, self.blends)
        return self.blends[shard][1][row]

    def bank(self, count):
        return self.wanted[torch.from_numpy(self.rng.choice(self.rows, count)).to(self.device)]

    def _people(self, count, each=4):
        """Half of the batch are people with up to four pictures each, the rest anybody: the distillation goes on."""
        out = []
        while len(out) < count // 2:
            rows = self.people[self.rng.integers(len(self.people))]
            out += list(self.rng.permutation(rows)[:each])
        out = out[:count // 2]
        return np.array(out + list(self.rng.choice(self.rows, count - len(out))))

    def _blends_of(self, count):
        if self.on_the_fly is not None:
            return int(count * self.blend)
        if self.blend and time.time() - self.looked > 60:  # the bank may still be growing
            self.blends += self._more_blends()
            self.looked = time.time()
        have = sum(len(p) for p, _ in self.blends)
        return int(count * min(self.blend, have / (have + len(self.rows))))

    def _more_blends(self):
        return [(torch.from_numpy(p), torch.from_numpy(t)) for p, t in load_blends(self.cache, self.mix, len(self.blends))]

    def _blended(self, count):
        if self.on_the_fly is not None:
            a, b = (torch.from_numpy(self.rng.choice(self.rows, count)).to(self.device) for _ in range(2))
            w = torch.rand(count, 1, 1, 1, device=self.device) * 0.5 + 0.25
            pixels = (self.pixels[a].float() * w + self.pixels[b].float() * (1 - w) + 0.5).clamp(0, 255).to(torch.uint8)
            return pixels, self.on_the_fly(pixels.permute(0, 3, 1, 2))
        shard = self.rng.integers(len(self.blends), size=count)
        row = self.rng.integers(len(self.blends[0][0]), size=count)
        pixels = torch.stack([self.blends[s][0][r] for s, r in zip(shard, row)])
        return pixels, torch.stack([self.blends[s][1][r] for s, r in zip(shard, row)])
