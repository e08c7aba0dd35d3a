"""What a teacher thinks on the way: the maps between its stages, kept, so that every stage of the student has something to match.

    python -m encoder.inner --cache CACHE --packs ... --models ../shared/models      # after encoder.teachers encode, fix, blends

Each picture of the training is kept twice, one of them mirrored, both moved a little as a detector's landmarks would
(views.move); each blend once. The maps are those of MobileFaceNet y1 after its 28x28 blocks, in the middle and at the end of its 14x14
blocks, and after its 7x7 blocks. They are standardised per channel and kept in steps of a twentieth of a standard deviation
(int8). CACHE/inner/: pixels.npy uint8 [N,112,112,3], map0.npy ... map3.npy int8 [N,h,w,channels], source.npy int32 [N]
(row of the packs, or -1 - number of the blend), scale.npz, done.txt (how many of the N are there; called again it goes on).
"""
import argparse
import multiprocessing
import os

import numpy as np
import torch

from .packs import SIDE, Packs
from .teachers import Mix, load_blends
from .views import move

TEACHER = "mobilefacenet_insightface_y1"
TAPS = ["_plus3", "_plus6", "_plus9", "_plus11"]
SHAPES = [(28, 28, 64), (14, 14, 128), (14, 14, 128), (7, 7, 128)]
UNITS = [0, 2, 2, 3]  # whose mean and standard deviation a map is given in: the third stage adds to the second's, so both have the same
STEPS = 20.0  # of a standard deviation
CHUNK = 500
MOVED = 0.4


class Inner:
    """The kept maps, to be drawn from while they still grow."""

    def __init__(self, cache):
        self.folder = os.path.join(cache, "inner")
        self.pixels = np.load(self._path("pixels"), mmap_mode="r")
        self.maps = [np.load(self._path("map%d" % k), mmap_mode="r") for k in range(len(TAPS))]
        self.source = np.load(self._path("source"))
        with np.load(os.path.join(self.folder, "scale.npz")) as kept:
            mean, std = [kept["mean%d" % k] for k in range(len(TAPS))], [kept["std%d" % k] for k in range(len(TAPS))]
        self.units = [(std[k] / std[u] / STEPS, (mean[k] - mean[u]) / std[u]) for k, u in enumerate(UNITS)]

    def _path(self, name):
        return os.path.join(self.folder, name + ".npy")

    def __len__(self):
        return done(self.folder)

    def at(self, rows, which=range(len(TAPS)), pictures=True):
        """uint8 [n,3,112,112] (None without `pictures`), {k: maps [n,c,h,w]} of `which` (channels last in memory), source [n]."""
        rows = np.sort(rows)
        pixels = torch.from_numpy(self.pixels[rows]).permute(0, 3, 1, 2) if pictures else None
        maps = {k: torch.from_numpy(self.maps[k][rows] * self.units[k][0] + self.units[k][1]).to(torch.bfloat16).permute(0, 3, 1, 2) for k in which}
        return pixels, maps, self.source[rows]


def place(source, blends):
    """(shard, row) of the blend that a negative source names, in a bank of equal shards (teachers.load_blends)."""
    return divmod(-1 - source, len(blends[0][1]))


def done(folder):
    path = os.path.join(folder, "done.txt")
    if not os.path.exists(path):
        return 0
    with open(path) as f:
        return int(f.read() or 0)


def tapped(models, teacher=TEACHER):
    """An onnxruntime session of the teacher that also answers with its maps."""
    import onnx
    import onnxruntime

    net = onnx.load(os.path.join(models, teacher + ".onnx"))
    for name, (h, w, c) in zip(TAPS, SHAPES):
        net.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, c, h, w]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(net.SerializeToString(), options)


def maps_of(session, pixels):
    """uint8 [N,112,112,3] -> a list of float32 [N,h,w,c]."""
    out = [np.empty((len(pixels),) + s, np.float32) for s in SHAPES]
    for k, picture in enumerate(pixels):
        x = np.ascontiguousarray(((picture.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None])
        for kept, got in zip(out, session.run(TAPS, {"input": x})):
            kept[k] = got[0].transpose(1, 2, 0)
    return out


def moved(pixels, seed, mirrored):
    """The same pictures moved a little; `mirrored` [N] bool says which are turned about first."""
    torch.manual_seed(seed)
    x = torch.from_numpy(np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)).permute(0, 3, 1, 2).float()
    y = move(x, MOVED, SIDE, mirror=False)
    return y.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()


_state = {}


def _open(g):
    torch.set_num_threads(1)
    packs = Packs(g.packs, g.cache)
    _state.update(session=tapped(g.models, g.teacher), packs=packs, blends=load_blends(g.cache, Mix.load(g.cache)), folder=os.path.join(g.cache, "inner"))
    with np.load(os.path.join(_state["folder"], "scale.npz")) as kept:
        _state["scale"] = [(kept["mean%d" % k], kept["std%d" % k]) for k in range(len(TAPS))]


def _pictures(source, mirrored, seed):
    out = np.empty((len(source), SIDE, SIDE, 3), np.uint8)
    for k, s in enumerate(source):
        if s >= 0:
            out[k] = _state["packs"].pixels[s]
        else:
            shard, row = place(s, _state["blends"])
            out[k] = _state["blends"][shard][0][row]
    return moved(out, seed, mirrored)


def _fill(job):
    start, source, mirrored = job
    pixels = _pictures(source, mirrored, start)
    stop = start + len(source)
    np.load(os.path.join(_state["folder"], "pixels.npy"), mmap_mode="r+")[start:stop] = pixels
    for k, (got, (mean, std)) in enumerate(zip(maps_of(_state["session"], pixels), _state["scale"])):
        kept = np.load(os.path.join(_state["folder"], "map%d.npy" % k), mmap_mode="r+")
        kept[start:stop] = np.clip(np.round((got - mean) / std * STEPS), -127, 127)
    return stop


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--models", default="../shared/models")
    p.add_argument("--teacher", default=TEACHER, help="a MobileFaceNet with maps of these names and shapes")
    p.add_argument("--cache", required=True)
    p.add_argument("--processes", type=int, default=2)
    g = p.parse_args(argv)
    folder = os.path.join(g.cache, "inner")
    os.makedirs(folder, exist_ok=True)
    packs = Packs(g.packs, g.cache)
    rows = np.flatnonzero(~packs.held)
    blends = load_blends(g.cache, Mix.load(g.cache))
    blended = -1 - np.arange(sum(len(t) for _, t in blends))
    rng = np.random.default_rng(0)
    source = np.concatenate([rows, rows, blended]).astype(np.int32)
    first = rng.random(len(rows)) < 0.5
    mirrored = np.concatenate([first, ~first, rng.random(len(blended)) < 0.5])
    order = rng.permutation(len(source))
    source, mirrored = source[order], mirrored[order]
    if not os.path.exists(os.path.join(folder, "source.npy")):
        sample = np.sort(rng.choice(rows, min(300, len(rows)), replace=False))
        got = maps_of(tapped(g.models, g.teacher), packs.pixels[sample])
        scale = {}
        for k, m in enumerate(got):
            scale["mean%d" % k], scale["std%d" % k] = m.mean((0, 1, 2)), m.std((0, 1, 2)) + 1e-6
        np.savez(os.path.join(folder, "scale.npz"), **scale)
        np.lib.format.open_memmap(os.path.join(folder, "pixels.npy"), "w+", np.uint8, (len(source), SIDE, SIDE, 3))
        for k, shape in enumerate(SHAPES):
            np.lib.format.open_memmap(os.path.join(folder, "map%d.npy" % k), "w+", np.int8, (len(source),) + shape)
        np.save(os.path.join(folder, "source.npy"), source)
    begin = done(folder)
    jobs = [(s, source[s:s + CHUNK], mirrored[s:s + CHUNK]) for s in range(begin, len(source), CHUNK)]
    with multiprocessing.Pool(g.processes, _open, (g,)) as pool:
        for stop in pool.imap(_fill, jobs):
            with open(os.path.join(folder, "done.txt.part"), "w") as f:
                f.write(str(stop))
            os.replace(os.path.join(folder, "done.txt.part"), os.path.join(folder, "done.txt"))
            print("%d of %d" % (stop, len(source)), flush=True)


if __name__ == "__main__":
    main()
