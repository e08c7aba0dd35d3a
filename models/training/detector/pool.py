"""Draws scenes and asks the teacher once: a pool of pictures and answers that training reads from.

  python -m detector.pool --shared ../../../shared --out POOL --count 14000 --side 192 --seed 1
  ... --hard NET.onnx      only scenes that the net gets wrong: a face where the teacher sees none, or none where it is sure
  python -m detector.pool --shared ../../../shared --out SMALL --side 128 --shrink POOL      the same scenes, smaller
Writes POOL-pictures.npy uint8 [N,S,S,3] BGR and POOL-answers.npy float16 [N,C,16], C the cells of strides 8, 16, 32 one
after another; 16 = cls, obj, box 4, landmarks 10, as YuNet gives them.
"""
import argparse, multiprocessing
from pathlib import Path
import cv2, numpy as np
from detector.scenes import Sources, scene
from detector.yunet import STRIDES, Detector, decode, iou, suppress

TRIES = 40   # scenes drawn for one that is hard


def answers(maps):
    """{name: [1,N,k]} of one picture -> float32 [C,16]."""
    return np.concatenate([np.hstack([maps["%s_%d" % (kind, s)][0] for kind in ("cls", "obj", "bbox", "kps")]) for s in STRIDES])


def cells(side):
    return sum((side // s) ** 2 for s in STRIDES)


def is_hard(theirs, ours, side):
    """Whether our maps {name: [1,N,k]} find a face where the teacher's have nothing, or nothing where those are sure."""
    sure, found = (suppress(decode(m, side, side, t)) for m, t in ((theirs, 0.7), (ours, 0.5)))
    maybe = decode(theirs, side, side, 0.25)
    invented = len(found) and (not len(maybe) or iou(found, maybe).max(1).min() < 0.3)
    missed = len(sure) and (not len(found) or iou(sure, found).max(1).min() < 0.4)
    return bool(invented or missed)


def part(job):
    """Draws, or shrinks, scenes number first to last into the two files."""
    shared, out, side, seed, shrink, hard, first, last = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, first])
    larger = np.load(shrink + "-pictures.npy", mmap_mode="r") if shrink else None
    sources, teacher = None if shrink else Sources(shared / "training", rng), Detector(shared / "models" / "face_detection_yunet_2023mar.onnx")
    pictures, told = (np.load("%s-%s.npy" % (out, kind), mmap_mode="r+") for kind in ("pictures", "answers"))
    student = Detector(hard) if hard else None
    for k in range(first, last):
        for _ in range(TRIES if hard else 1):
            picture = scene(sources, rng, side) if larger is None else cv2.resize(larger[k], (side, side), interpolation=cv2.INTER_AREA)
            maps = teacher.maps(picture)
            if student is None or is_hard(maps, student.maps(picture), side):
                break
        pictures[k], told[k] = picture, answers(maps)
    return last - first


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--count", type=int, default=14000)
    p.add_argument("--side", type=int, default=192)
    p.add_argument("--shrink", default="", help="an earlier pool")
    p.add_argument("--hard", help="a detector that has been taught once")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--workers", type=int, default=2)
    g = p.parse_args()
    if g.shrink:
        g.count = len(np.load(g.shrink + "-pictures.npy", mmap_mode="r"))
    np.lib.format.open_memmap(g.out + "-pictures.npy", "w+", np.uint8, (g.count, g.side, g.side, 3)).flush()
    np.lib.format.open_memmap(g.out + "-answers.npy", "w+", np.float16, (g.count, cells(g.side), 16)).flush()
    step = -(-g.count // g.workers)
    jobs = [(g.shared, g.out, g.side, g.seed, g.shrink, g.hard, k, min(g.count, k + step)) for k in range(0, g.count, step)]
    with multiprocessing.Pool(g.workers) as pool:
        print("%d scenes of %d pixels" % (sum(pool.map(part, jobs)), g.side))


if __name__ == "__main__":
    main()
