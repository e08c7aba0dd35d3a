"""Draws live scenes and attacks once: the pool that training and measuring read from.

  python -m liveness.pool --shared ../../../shared --out POOL.npz --count 9000 --seed 1           to train
  python -m liveness.pool --shared ../../../shared --out ASIDE.npz --count 2400 --seed 9 --aside  the sixth that is held aside
Half are live; the kinds of attack are equally frequent. Holds crops uint8 [N,80,80,3] BGR at 2.7 boxes, kind [N] (0 is live, k
is the k-th of KINDS), and teachers float32 [N,2]: how live MiniFASNet v2 and v1se call the picture.
"""
import argparse, multiprocessing, tempfile
from pathlib import Path
import cv2, numpy as np
from faces.head import LOOKS, Look, draw_head
from faces.nets import MINIFASNETS, session
from faces.packs import context_pictures, crop_pictures, crop_rows, is_held_aside
from faces.people import average, landmarks_of
from faces.shot import six_poses, take
from detector.yunet import Detector
from liveness.attacks import KINDS
from liveness.crop import as_input, crop, softmax
from liveness.scenes import attack, live

FACE_PX, SURE, SCALE = 26, 0.8, 2.7
DRAWN = 0.08    # share of sources that are drawn heads, as the faces of nobody are: other faces, other scenes


def drawn_sources(shared, rng, count):
    """(picture [480,640,3], box) of drawn heads around averages of three random crops each."""
    rows = [r for r in crop_rows(shared / "training" / "crops-2.bin")]
    detector, out = Detector(shared / "models" / "face_detection_yunet_2023mar.onnx"), []
    while len(out) < count:
        chosen = crop_pictures(shared / "training" / "crops-2.bin", [rows[k] for k in rng.integers(0, len(rows), 5)])
        points = [landmarks_of(c, detector) for c in chosen]
        if sum(p is not None for p in points) < 3:
            continue
        face = average(np.array([c for c, p in zip(chosen, points) if p is not None]), np.array([p for p in points if p is not None]))
        look = LOOKS[rng.integers(len(LOOKS))]
        look = Look(tuple(rng.uniform(10, 190, 3) * rng.uniform(0.2, 1)), look.hair_style, tuple(rng.uniform(20, 220, 3)), look.collar, look.extra, float(rng.uniform(0.95, 1.06)))
        head = draw_head(face, look, rng)
        for pose, exposure, warmth in [six_poses(rng)[k] for k in rng.permutation(6)[:3]]:
            picture = take(head, pose, rng, int(rng.integers(6)), exposure, warmth, rng.uniform(0.5, 3), rng.uniform(1, 4))
            found = detector.find(picture, 256, 320, 0.7)
            if len(found) == 1:
                out.append((picture, found[0][:4]))
    return out


def part(job):
    shared, out, aside, seed, count, drawn = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    context = [c for c in context_pictures(shared / "training" / "context.tar") if is_held_aside(c.path) == aside]
    sources = [(c.pixels, f[:4]) for c in context for f in c.faces if f[3] >= FACE_PX and f[14] >= SURE]
    backdrops = [c.pixels for c in context if c.path.startswith("noface/")]
    heads = drawn_sources(shared, rng, drawn) if drawn else []
    nets = [(session(shared / "models" / (n + ".onnx")), s) for n, s in MINIFASNETS]
    crops, kinds, teachers = np.empty((count, 80, 80, 3), np.uint8), np.empty(count, np.uint8), np.empty((count, 2), np.float32)
    for k in range(count):
        picture, box = heads[rng.integers(len(heads))] if heads and rng.random() < DRAWN else sources[rng.integers(len(sources))]
        kinds[k] = 0 if rng.random() < 0.5 else 1 + rng.integers(len(KINDS))
        if kinds[k]:
            scene, at = attack(picture, box, backdrops[rng.integers(len(backdrops))], list(KINDS)[kinds[k] - 1], rng)
        else:
            scene, at = live(picture, box, rng)
        at = at * (1 + np.array([0, 0, 1, 1]) * rng.normal(0, 0.04)) + np.append(rng.normal(0, 0.03, 2) * at[2:], [0, 0])   # no two detectors agree
        crops[k] = crop(scene, at, SCALE)
        teachers[k] = [softmax(net.run(None, {"input": as_input([crop(scene, at, s)])})[0])[0, 1] for net, s in nets]
    np.savez(out, crops=crops, kinds=kinds, teachers=teachers)
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--count", type=int, default=9000)
    p.add_argument("--drawn", type=int, default=90, help="pictures of drawn heads to take sources from")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--aside", action="store_true")
    p.add_argument("--workers", type=int, default=2)
    g = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        share = -(-g.count // g.workers)
        jobs = [(g.shared, Path(folder) / ("%d.npz" % k), g.aside, [g.seed, k], share, 0 if g.aside else g.drawn // g.workers) for k in range(g.workers)]
        with multiprocessing.Pool(g.workers) as pool:
            parts = [np.load(f) for f in pool.map(part, jobs)]
    np.savez(g.out, **{k: np.concatenate([q[k] for q in parts]) for k in ("crops", "kinds", "teachers")})
    print("%d pictures, %d live" % (len(np.load(g.out)["kinds"]), (np.load(g.out)["kinds"] == 0).sum()))


if __name__ == "__main__":
    main()
