"""Draws scenes and asks the teacher once: a pool of pictures and answers that training reads from.

  python -m detector.pool --shared ../../../shared --out POOL --count 14000 --side 192 --seed 1
Writes POOL-pictures.npy uint8 [N,S,S,3] BGR and POOL-answers.npy float16 [N,C,16], C the cells of strides 8, 16, 32 one
after another; 16 = cls, obj, box 4, landmarks 10, as YuNet gives them.
"""
import argparse, multiprocessing
from pathlib import Path
import cv2, numpy as np
from detector.scenes import Sources, scene
from detector.yunet import STRIDES, Detector


def answers(maps):
    """{name: [1,N,k]} of one picture -> float32 [C,16]."""
    return np.concatenate([np.hstack([maps["%s_%d" % (kind, s)][0] for kind in ("cls", "obj", "bbox", "kps")]) for s in STRIDES])


def cells(side):
    return sum((side // s) ** 2 for s in STRIDES)


def part(job):
    """Draws scenes number first to last into the two files."""
    shared, out, side, seed, first, last = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, first])
    sources, teacher = Sources(shared / "training", rng), Detector(shared / "models" / "face_detection_yunet_2023mar.onnx")
    pictures, told = (np.load("%s-%s.npy" % (out, kind), mmap_mode="r+") for kind in ("pictures", "answers"))
    for k in range(first, last):
        pictures[k] = scene(sources, rng, side)
        told[k] = answers(teacher.maps(pictures[k]))
    return last - first


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--count", type=int, default=14000)
    p.add_argument("--side", type=int, default=192)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--workers", type=int, default=2)
    g = p.parse_args()
    np.lib.format.open_memmap(g.out + "-pictures.npy", "w+", np.uint8, (g.count, g.side, g.side, 3)).flush()
    np.lib.format.open_memmap(g.out + "-answers.npy", "w+", np.float16, (g.count, cells(g.side), 16)).flush()
    step = -(-g.count // g.workers)
    jobs = [(g.shared, g.out, g.side, g.seed, k, min(g.count, k + step)) for k in range(0, g.count, step)]
    with multiprocessing.Pool(g.workers) as pool:
        print("%d scenes of %d pixels" % (sum(pool.map(part, jobs)), g.side))


if __name__ == "__main__":
    main()
