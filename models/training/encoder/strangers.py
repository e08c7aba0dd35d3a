"""Strangers for the calibration of encoders: aligned crops of different people, by group, as OUT/GROUP/PERSON/ROW.png.

    python -m encoder.strangers --cache CACHE --out DIR            # everybody: for encoders that were not taught on these pictures
    python -m encoder.strangers --cache CACHE --out DIR --aside    # people held aside alone: for the encoder that is taught here
    ... --people DIR       # and all people held aside whose names are known, as DIR/PERSON/ROW.png: for `--genuine` and for evaluations

then, for each encoder, `facegate calibrate --aligned --impostors DIR/* --encoder NAME`, and the calibration.toml of that data folder becomes
models/calibration.toml: the worst group counts.

No pictures here say both who somebody is and of what group. CelebA names people: one picture of each, the largest, is the group `celeba`.
UTKFace names groups and not people, and has people twice: pictures that two encoders both take for one person (EdgeFace-XS at SAME[0], y1 at
SAME[1], which 11 of CelebA's 4.5 million pairs of strangers reach) are put into one person's folder, whose pictures are not compared with each other. A few
strangers who look very much alike are lost that way, and a few people are still there twice. Children are left out: strangers of under 13 are
so much alike to every encoder here that no tau for a door would be left (models/encoder.md has the figures).
"""
import argparse
import os

import numpy as np
from PIL import Image

from .packs import Packs

GROUPS = [("race", "asian"), ("race", "black"), ("race", "indian"), ("race", "white"), ("gender", "female"), ("gender", "male")]
ADULT = 13  # years
SAME = (0.45, 0.5)  # similarity of one person to EdgeFace-XS and to y1; of pairs just above it nearly all are one person to the eye, just below 0.4 half
LEAST_EYES = 25  # pixels between the eyes
MOST_YAW = 0.5


def celebrities(packs, aside):
    """The picture of each of CelebA's people whose eyes are furthest apart in pixels; each a person."""
    best = {}
    for row, r in enumerate(packs.rows):
        if r["source"].startswith("celeba") and r["person"] and (packs.held[row] or not aside):
            if r["person"] not in best or float(r["eye_px"]) > float(packs.rows[best[r["person"]]]["eye_px"]):
                best[r["person"]] = row
    return [[row] for row in sorted(best.values())]


def of_group(packs, aside, column, value, most, alike):
    """Pictures of UTKFace's grown-up people of a group, those of one person together."""
    rows = [k for k, r in enumerate(packs.rows) if r["source"] == "utkface" and r["age"] and r[column] == value and float(r["age"]) >= ADULT
            and float(r["eye_px"]) >= LEAST_EYES and abs(float(r["yaw"])) <= MOST_YAW and (packs.held[k] or not aside)]
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:most])
    same = np.ones((len(rows), len(rows)), bool)
    for encodings, least in zip(alike, SAME):
        e = encodings[rows].astype(np.float32)
        same &= e @ e.T >= least
    return joined(rows, same)


def joined(rows, same):
    """Rows in groups: those that are the same, and the same as the same. `same` is a symmetric table of truths."""
    left, out = set(range(len(rows))), []
    while left:
        found, new = [], [min(left)]
        while new:
            k = new.pop()
            if k in left:
                left.remove(k)
                found.append(int(rows[k]))
                new += [int(j) for j in np.flatnonzero(same[k]) if int(j) in left]
        out.append(sorted(found))
    return out


def known(packs):
    """Pictures of the people held aside whose names are known, those of one person together."""
    rows = np.flatnonzero(packs.held & (packs.person >= 0))
    return [[int(r) for r in rows[packs.person[rows] == who]] for who in np.unique(packs.person[rows])]


def write(packs, folder, people):
    """FOLDER/PERSON/ROW.png, a person named by the first row."""
    for rows in people:
        mine = os.path.join(folder, "%05d" % rows[0])
        os.makedirs(mine, exist_ok=True)
        for row in rows:
            Image.fromarray(packs.pixels[row]).save(os.path.join(mine, "%05d.png" % row), compress_level=1)
    print("%s: %d people, %d pictures" % (os.path.basename(folder), len(people), sum(len(rows) for rows in people)), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True, help="with encoder.teachers encode done: edgeface_xs and mobilefacenet_insightface_y1")
    p.add_argument("--out", required=True)
    p.add_argument("--aside", action="store_true", help="only people held aside")
    p.add_argument("--people", help="a folder for the people held aside whose names are known")
    p.add_argument("--celebrities", type=int, default=3000, help="people of CelebA")
    p.add_argument("--most", type=int, default=800, help="pictures of each group of UTKFace")
    g = p.parse_args()
    packs = Packs(g.packs, g.cache)
    alike = [np.load(os.path.join(g.cache, "clean-%s.npy" % name)) for name in ("edgeface_xs", "mobilefacenet_insightface_y1")]
    groups = [("celeba", celebrities(packs, g.aside)[:g.celebrities])]
    groups += [("utkface-%s" % value, of_group(packs, g.aside, column, value, g.most, alike)) for column, value in GROUPS]
    for name, people in groups:
        write(packs, os.path.join(g.out, name), people)
    if g.people:
        write(packs, g.people, known(packs))


if __name__ == "__main__":
    main()
