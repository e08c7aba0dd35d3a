"""What the student is to answer: several public encoders, joined into one space of 128 directions.

    python -m encoder.teachers encode --cache CACHE                  # every teacher on every picture, once
    python -m encoder.teachers encode --cache CACHE --sample 6000    # fewer pictures, to choose with
    python -m encoder.teachers choose --cache CACHE                  # what each mix of teachers loses at 128 numbers
    python -m encoder.teachers blends --cache CACHE --count 40000    # new faces between two faces, and their encodings

Each teacher sees the clean crop and its mirror image; the two are normalised, added and normalised. Its mean over the training
is taken away. A mix is a weight for each teacher: w1 e1 | w2 e2 | ..., normalised, turned to its 128 strongest directions, the
stronger ones weakened a little, normalised again. Directions and weights are judged on people held aside, never on LFW.
"""
import argparse
import json
import multiprocessing
import os

import numpy as np

from .packs import Packs
from .strangers import ADULT

TEACHERS = ["edgeface_xs", "edgeface_xxs", "mobilefacenet_insightface_y1", "mobilefacenet"]
DIMENSION = 128
SHARD = 1000
MIXES_KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mixes.json")  # for the card


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


# ---- mixes -------------------------------------------------------------------------------------------------------------


LEVEL = 0.2  # how far the directions are brought to one strength: each is divided by its energy to this power (0.5 would be all the way)


class Mix:
    """Several teachers in one space of 128 directions: mix({teacher: [N,d] unit vectors}) -> unit vectors [N,128].

    Each teacher's mean over the training is taken away first: it says "a face", or where most pictures come from, and not
    whose face. Without it strangers of one group are alike by far less, and nothing is lost among people at random. Kept as JSON (weights) and npz in
    the cache, so that blends are cut the same way."""

    def __init__(self, weights, means, basis):
        self.weights, self.means, self.basis = weights, means, basis

    @staticmethod
    def fit(parts, weights, rows, centred=True, level=LEVEL, dimension=DIMENSION):
        """From the pictures `rows`; also returns the share of the energy that the 128 strongest directions hold."""
        means = {n: parts[n][rows].astype(np.float32).mean(0) * centred for n in weights}
        joined = Mix(weights, means, None).joined({n: parts[n][rows] for n in weights})
        values, vectors = np.linalg.eigh(joined.T.astype(np.float64) @ joined / len(joined))
        values, vectors = values[::-1][:dimension], vectors[:, ::-1][:, :dimension]
        return Mix(weights, means, (vectors * values ** -level).astype(np.float32)), float(values.sum())

    def joined(self, parts):
        """Before the cut: one unit vector a row, of all numbers of all teachers."""
        return unit(np.concatenate([w * unit(parts[n].astype(np.float32) - self.means[n]) for n, w in self.weights.items()], 1))

    def __call__(self, parts):
        return unit(self.joined(parts) @ self.basis)

    def save(self, cache):
        with open(os.path.join(cache, "mix.json"), "w") as f:
            json.dump(self.weights, f)
        np.savez(os.path.join(cache, "mix.npz"), basis=self.basis, **{"mean-" + n: m for n, m in self.means.items()})

    @staticmethod
    def load(cache):
        with open(os.path.join(cache, "mix.json")) as f:
            weights = json.load(f)
        with np.load(os.path.join(cache, "mix.npz")) as kept:
            return Mix(weights, {n: kept["mean-" + n] for n in weights}, kept["basis"])


# ---- encoding ------------------------------------------------------------------------------------------------------------


_nets = {}


def _open(models, names):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for name in names:
        _nets[name] = onnxruntime.InferenceSession(os.path.join(models, name + ".onnx"), options)


def encode(pixels):
    """uint8 [N,112,112,3] RGB -> {teacher: float16 [N,d]}, mirror image included."""
    out = {name: [] for name in _nets}
    for picture in pixels:
        x = np.ascontiguousarray(((picture.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None])
        mirrored = np.ascontiguousarray(x[:, :, :, ::-1])
        for name, net in _nets.items():
            both = [unit(net.run(None, {"input": v})[0][0]) for v in (x, mirrored)]
            out[name].append(unit(both[0] + both[1]).astype(np.float16))
    return {name: np.array(e) for name, e in out.items()}


def _encode_rows(job):
    packs_paths, cache, rows = job
    global _packs
    if "_packs" not in globals():
        _packs = Packs(packs_paths, cache)
    return encode(_packs.pixels[rows])


def encode_all(g):
    packs = Packs(g.packs, g.cache)
    rows = np.arange(len(packs))
    if g.sample:
        rows = sample(packs, g.sample)
    jobs = [(g.packs, g.cache, rows[k:k + 200]) for k in range(0, len(rows), 200)]
    parts = []
    with multiprocessing.Pool(g.processes, _open, (g.models, g.teachers)) as pool:
        for k, part in enumerate(pool.imap(_encode_rows, jobs)):
            parts.append(part)
            print("%d of %d" % (k + 1, len(jobs)), flush=True)
    kind = "sample" if g.sample else "clean"
    for name in g.teachers:
        np.save(os.path.join(g.cache, "%s-%s.npy" % (kind, name)), np.concatenate([p[name] for p in parts]))
    np.save(os.path.join(g.cache, kind + "-rows.npy"), rows)


def sample(packs, count):
    """Rows to choose with: people held aside who have several pictures, UTKFace's held aside, and of the training as many as fill `count`."""
    person, times = np.unique(packs.person[packs.person >= 0], return_counts=True)
    several = np.isin(packs.person, person[times >= 2])
    grouped = np.array([r["source"] == "utkface" and bool(r["age"]) for r in packs.rows])
    judged = np.flatnonzero(packs.held & (several | grouped))
    rest = np.flatnonzero(~packs.held)
    return np.concatenate([judged, np.random.default_rng(0).permutation(rest)[:max(0, count - len(judged))]])


# ---- choosing ------------------------------------------------------------------------------------------------------------


MIXES = [
    {"edgeface_xs": 1.0},
    {"mobilefacenet_insightface_y1": 1.0},
    {"mobilefacenet": 1.0},
    {"edgeface_xxs": 1.0},
    {"edgeface_xs": 1.0, "mobilefacenet_insightface_y1": 0.7},
    {"edgeface_xs": 1.0, "mobilefacenet_insightface_y1": 1.0},
    {"edgeface_xs": 1.0, "edgeface_xxs": 0.7},
    {"edgeface_xs": 1.0, "edgeface_xxs": 0.7, "mobilefacenet_insightface_y1": 0.7},
    {"edgeface_xs": 1.0, "edgeface_xxs": 0.8, "mobilefacenet_insightface_y1": 0.8, "mobilefacenet": 0.8},
]
GROUP_FMR = 2e-3  # a group held aside has 30,000 pairs: 60 of them


def choose(g):
    """Every mix of MIXES, as the teachers give it and with their means taken away, all numbers and cut to 128."""
    from .verify import pairs_of, rates, similarities

    packs = Packs(g.packs, g.cache)
    rows = np.load(os.path.join(g.cache, g.kind + "-rows.npy"))
    fit = np.flatnonzero(~packs.held[rows])
    look = np.flatnonzero(packs.held[rows] & (packs.person[rows] >= 0))
    genuine, impostor = pairs_of(packs.person[rows][look])
    races = np.array([packs.rows[r]["race"] if packs.held[r] and packs.rows[r]["age"] and float(packs.rows[r]["age"]) >= ADULT else "" for r in rows])
    groups = {race: np.flatnonzero(races == race) for race in ("asian", "indian")}
    table = []

    def judged(name, e, energy):
        tars = rates(e[look], genuine, impostor, (1e-2, 1e-3, 1e-4))[0]
        taus = {race: np.quantile((e[k] @ e[k].T)[np.triu_indices(len(k), 1)], 1 - GROUP_FMR) for race, k in groups.items()}
        found = {race: float((similarities(e[look], genuine) >= tau).mean()) for race, tau in taus.items()}
        table.append(dict(mix=name, energy=energy, tar=tars, group=found))
        print("%s: energy %.3f, TAR %s, at the groups' tau %s" % (name, energy, " ".join("%.2f" % (100 * t) for t in tars), found), flush=True)

    for weights in MIXES:
        if not all(os.path.exists(os.path.join(g.cache, "%s-%s.npy" % (g.kind, n))) for n in weights):
            continue
        parts = {n: np.load(os.path.join(g.cache, "%s-%s.npy" % (g.kind, n))) for n in weights}
        name = " + ".join("%g %s" % (w, n) for n, w in weights.items())
        for centred in (False, True):
            mix, energy = Mix.fit(parts, weights, fit, centred, LEVEL if centred else 0)
            told = name + (", means taken away" if centred else "")
            judged(told + ", all numbers", mix.joined(parts), 1.0)
            judged(told + ", cut to 128", mix(parts), energy)
    with open(MIXES_KEPT, "w") as f:
        json.dump({"fitted_on": len(fit), "pictures": len(look), "genuine": int(genuine.shape[1]), "groups": {n: len(k) for n, k in groups.items()}, "rows": table}, f, indent=1)
        f.write("\n")


def fix(g):
    """Keeps the mix that the training uses, and the targets of all clean pictures."""
    packs = Packs(g.packs, g.cache)
    weights = {n: float(w) for n, w in (m.split(":") for m in g.mix.split(","))}
    parts = {n: np.load(os.path.join(g.cache, "clean-%s.npy" % n)) for n in weights}
    mix, energy = Mix.fit(parts, weights, np.flatnonzero(~packs.held))
    mix.save(g.cache)
    np.save(os.path.join(g.cache, "targets.npy"), mix(parts))
    print("targets of %d pictures, energy %.3f" % (len(packs), energy))


# ---- blends --------------------------------------------------------------------------------------------------------------


def blend_pixels(pixels, rows, number):
    """Shard `number` of the bank: pictures between two aligned faces. The same on every machine."""
    rng = np.random.default_rng(1000 + number)
    a, b = rng.choice(rows, (2, SHARD))
    w = rng.uniform(0.25, 0.75, (SHARD, 1, 1, 1)).astype(np.float32)
    first, second = pixels[a].astype(np.float32), pixels[b].astype(np.float32)
    second = np.where(rng.random((SHARD, 1, 1, 1)) < 0.5, second, second[:, :, ::-1])
    return np.clip(first * w + second * (1 - w) + 0.5, 0, 255).astype(np.uint8)


def _blend_shard(job):
    packs_paths, cache, number = job
    global _packs
    if "_packs" not in globals():
        _packs = Packs(packs_paths, cache)
    path = os.path.join(cache, "blends-%04d.npz" % number)
    if not os.path.exists(path):
        pixels = blend_pixels(_packs.pixels, np.flatnonzero(~_packs.held), number)
        parts = encode(pixels)
        np.savez(path + ".part.npz", pixels=pixels, **parts)
        os.replace(path + ".part.npz", path)
    return number


def blends(g):
    g.teachers = list(Mix.load(g.cache).weights)
    with multiprocessing.Pool(g.processes, _open, (g.models, g.teachers)) as pool:
        for number in pool.imap(_blend_shard, [(g.packs, g.cache, k) for k in range(g.count // SHARD)]):
            print("shard %d" % number, flush=True)


def load_blends(cache, mix, known=0):
    """Shards of the bank from number `known` on, as far as they are there: list of (pixels, targets)."""
    out = []
    while os.path.exists(os.path.join(cache, "blends-%04d.npz" % (known + len(out)))):
        with np.load(os.path.join(cache, "blends-%04d.npz" % (known + len(out)))) as z:
            out.append((z["pixels"], mix({n: z[n] for n in mix.weights})))
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("what", choices=["encode", "choose", "fix", "blends"])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--models", default="../shared/models")
    p.add_argument("--cache", required=True)
    p.add_argument("--teachers", nargs="+", default=TEACHERS)
    p.add_argument("--sample", type=int, default=0)
    p.add_argument("--kind", default="clean", choices=["clean", "sample"])
    p.add_argument("--mix", default="edgeface_xs:1.0,mobilefacenet_insightface_y1:1.0")
    p.add_argument("--count", type=int, default=40000)
    p.add_argument("--processes", type=int, default=os.cpu_count())
    g = p.parse_args()
    os.makedirs(g.cache, exist_ok=True)
    {"encode": encode_all, "choose": choose, "fix": fix, "blends": blends}[g.what](g)


if __name__ == "__main__":
    main()
