"""Strangers by group, for the calibration of encoders: aligned crops of UTKFace in folders, GROUP/PERSON/ROW.png.

    python -m encoder.strangers --cache CACHE --out DIR            # everybody: for encoders that were not taught on these pictures
    python -m encoder.strangers --cache CACHE --out DIR --aside    # people held aside alone: for the encoder that is taught here

then, for each encoder, `facegate calibrate --aligned --impostors DIR/* --encoder NAME`, and the calibration.toml of that data folder becomes
models/calibration.toml.

A group is one gender and one origin, of 13 years and more (UTKFace's own labels, partly estimates). Children are left out: to all encoders
here the faces of small children are so much alike that a table of them would let nobody in; docs/accuracy.md says how much. UTKFace doesn't
say who is who, and has people twice: two pictures are put into one person's folder where two public encoders, independently taught, both
call them the same (mean similarity to the person's other pictures above 0.45 in each, beyond what all but the likest strangers reach). A stranger whom both take for somebody else is hidden
by this; one whom a single encoder mistakes is not.
"""
import argparse
import os

import numpy as np
from PIL import Image

from .packs import Packs

JUDGES = ("edgeface_xs", "mobilefacenet_insightface_y1")
ALIKE = 0.45
LEAST_AGE = 13
MOST = 500  # people of a group


def groups(packs, aside):
    """{group: rows} of UTKFace, 13 years and more; at most so many pictures as make MOST people."""
    found = {}
    for row, r in enumerate(packs.rows):
        if r["source"] == "utkface" and r["age"] and r["race"] and r["gender"] and int(r["age"]) >= LEAST_AGE and (packs.held[row] or not aside):
            found.setdefault("%s %s, 13 years and more" % (r["race"], r["gender"]), []).append(row)
    return {name: np.array(rows) for name, rows in found.items()}


def people(parts):
    """Numbers of the people of rows whose embeddings these are. A row joins the person to whom, by its mean similarity to the pictures so
    far, all judges call it the same (the mean, so that no chain of look-alikes becomes one person), or it is somebody new."""
    parts = [e / np.linalg.norm(e, axis=1, keepdims=True) for e in parts]
    sums = [np.zeros_like(e) for e in parts]  # of each person's pictures
    count = np.zeros(len(parts[0]), int)
    who = np.full(len(parts[0]), -1)
    known = 0
    for row in range(len(who)):
        least = np.min([s[:known] @ e[row] / count[:known] for s, e in zip(sums, parts)], axis=0) if known else np.zeros(0)
        best = int(least.argmax()) if known else 0
        if not known or least[best] <= ALIKE:
            best, known = known, known + 1
        who[row] = best
        count[best] += 1
        for s, e in zip(sums, parts):
            s[best] += e[row]
    return who


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--aside", action="store_true", help="only people held aside")
    g = p.parse_args()
    packs = Packs(g.packs, g.cache)
    kept = np.load(os.path.join(g.cache, "clean-rows.npy"))
    place = np.full(len(packs.held), -1)
    place[kept] = np.arange(len(kept))
    judges = [np.load(os.path.join(g.cache, "clean-%s.npy" % name), mmap_mode="r") for name in JUDGES]
    for name, rows in sorted(groups(packs, g.aside).items()):
        who = people([np.array(j[place[rows]], np.float32) for j in judges])
        numbers = np.unique(who)[:MOST]
        for row, number in zip(rows, who):
            if number in numbers:
                folder = os.path.join(g.out, name, "%05d" % number)
                os.makedirs(folder, exist_ok=True)
                Image.fromarray(packs.pixels[row]).save(os.path.join(folder, "%05d.png" % row), compress_level=1)
        print("%s: %d people on %d pictures, %d of them more than once" % (name, len(numbers), np.isin(who, numbers).sum(), sum((who == n).sum() > 1 for n in numbers)), flush=True)


if __name__ == "__main__":
    main()
