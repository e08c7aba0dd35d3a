"""Draws live scenes and attacks once: the pool that training, choosing and measuring read from.

  python -m liveness.pool --shared ../../../shared --out POOL.npz --count 9000 --seed 1                     to train
  python -m liveness.pool --shared ../../../shared --out CHOOSE.npz --count 1200 --seed 5 --of choosing     a twelfth: where the threshold is chosen
  python -m liveness.pool --shared ../../../shared --out ASIDE.npz --count 2400 --seed 9 --of measuring     the sixth that is held aside
Half are live; the kinds of attack are equally frequent. Holds crops uint8 [N,80,80,3] BGR at 2.7 boxes, kind [N] (0 is live, k
is the k-th of KINDS), and teachers float32 [N,2]: how live MiniFASNet v2 and v1se call the picture, NaN where they weren't asked.
"""
import argparse, multiprocessing, tempfile
from pathlib import Path
import cv2, numpy as np
from faces.head import LOOKS, Look, draw_head
from faces.held_up import phone_picture, print_picture
from faces.nets import MINIFASNETS, session
from faces.packs import context_pictures, crop_pictures, crop_rows, is_held_aside
from faces.people import average, landmarks_of
from faces.shot import six_poses, take
from detector.yunet import Detector
from liveness.attacks import KINDS
from liveness.crop import as_input, crop, softmax
from liveness.scenes import attack, live

FACE_PX, SURE, SCALE = 26, 0.8, 2.7
DRAWN = 0.15    # share of sources that are drawn heads, as the faces of nobody are: other faces, other scenes
ASKED = 4       # one in so many pictures to train on is shown to the teachers, which cost as much as drawing it


def use_of(path):
    """What a picture of context.tar is for: training, choosing or measuring."""
    if is_held_aside(path):
        return "measuring"
    return "choosing" if int("".join(c for c in path if c.isdigit())) % 12 == 5 else "training"


def drawn_sources(shared, rng, count):
    """{kind: [(picture [480,640,3], box)]} of drawn heads around averages of a few random crops each: alive (0), or held up as another hand draws it (a sheet, a telephone)."""
    rows = [r for r in crop_rows(shared / "training" / "crops-2.bin")]
    detector, out = Detector(shared / "models" / "face_detection_yunet_2023mar.onnx"), {0: [], number_of("sheet"): [], number_of("telephone"): []}
    while len(out[0]) < count:
        chosen = crop_pictures(shared / "training" / "crops-2.bin", [rows[k] for k in rng.integers(0, len(rows), 5)])
        points = [landmarks_of(c, detector) for c in chosen]
        if sum(p is not None for p in points) < 3:
            continue
        face = average(np.array([c for c, p in zip(chosen, points) if p is not None]), np.array([p for p in points if p is not None]))
        look = LOOKS[rng.integers(len(LOOKS))]
        look = Look(tuple(rng.uniform(10, 190, 3) * rng.uniform(0.2, 1)), look.hair_style, tuple(rng.uniform(20, 220, 3)), look.collar, look.extra, float(rng.uniform(0.95, 1.06)))
        head, skin = draw_head(face, look, rng), np.median(face[face.shape[0] // 2 :].reshape(-1, 3), 0)
        pictures = [(0, take(head, pose, rng, int(rng.integers(6)), exposure, warmth, rng.uniform(0.5, 3), rng.uniform(1, 4))) for pose, exposure, warmth in [six_poses(rng)[k] for k in rng.permutation(6)[:3]]]
        pictures += [(number_of("sheet"), print_picture(head, rng, int(rng.integers(6)), skin)), (number_of("telephone"), phone_picture(head, rng, int(rng.integers(6)), skin))]
        for kind, picture in pictures:
            found = detector.find(picture, 256, 320, 0.7)
            if len(found) == 1:
                out[kind].append((picture, found[0][:4]))
    return out


def number_of(kind):
    return list(KINDS).index(kind) + 1


def part(job):
    shared, out, use, seed, count, drawn = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    context = [c for c in context_pictures(shared / "training" / "context.tar") if use_of(c.path) == use]
    sources = [(c.pixels, f[:4]) for c in context for f in c.faces if f[3] >= FACE_PX and f[14] >= SURE]
    rooms = [c.pixels for c in context if c.path.startswith("noface/") or rng.random() < 0.15]   # some with people in them
    heads = drawn_sources(shared, rng, drawn) if drawn else {}
    nets = [(session(shared / "models" / (n + ".onnx")), s) for n, s in MINIFASNETS]
    crops, kinds, teachers = np.empty((count, 80, 80, 3), np.uint8), np.empty(count, np.uint8), np.full((count, 2), np.nan, np.float32)
    for k in range(count):
        kinds[k] = 0 if rng.random() < 0.5 else 1 + rng.integers(len(KINDS))
        is_drawn = heads and rng.random() < DRAWN
        ready = bool(is_drawn and kinds[k] in heads and (kinds[k] == 0 or rng.random() < 0.6))   # held up already
        those = heads[kinds[k] if ready else 0] if is_drawn else sources
        picture, box = those[rng.integers(len(those))]
        if kinds[k] and not ready:
            scene, at = attack(picture, box, rooms[rng.integers(len(rooms))], list(KINDS)[kinds[k] - 1], rng)
        else:
            scene, at = live(picture, box, rng)
        at = at * (1 + np.array([0, 0, 1, 1]) * rng.normal(0, 0.04)) + np.append(rng.normal(0, 0.03, 2) * at[2:], [0, 0])   # no two detectors agree
        crops[k] = crop(scene, at, SCALE)
        if use != "training" or k % ASKED == 0:
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
    p.add_argument("--of", choices=("training", "choosing", "measuring"), default="training")
    p.add_argument("--workers", type=int, default=2)
    g = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        share = -(-g.count // g.workers)
        jobs = [(g.shared, Path(folder) / ("%d.npz" % k), g.of, [g.seed, k], share, -(-g.drawn // g.workers) if g.of == "training" else 0) for k in range(g.workers)]
        with multiprocessing.Pool(g.workers) as pool:
            parts = [np.load(f) for f in pool.map(part, jobs)]
    np.savez(g.out, **{k: np.concatenate([q[k] for q in parts]) for k in ("crops", "kinds", "teachers")})
    kinds = np.load(g.out)["kinds"]
    print("%d pictures, %d live" % (len(kinds), (kinds == 0).sum()))


if __name__ == "__main__":
    main()
