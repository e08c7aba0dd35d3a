"""Strangers for the calibration of encoders: aligned crops of CelebA's people, one a person, as OUT/celeba/PERSON.png.

    python -m encoder.strangers --cache CACHE --out DIR            # everybody: for encoders that were not taught on these pictures
    python -m encoder.strangers --cache CACHE --out DIR --aside    # people held aside alone: for the encoder that is taught here

then, for each encoder, `facegate calibrate --aligned --impostors DIR/celeba --encoder NAME`, and the calibration.toml of that data folder
becomes models/calibration.toml.

One group, because no pictures here say both who somebody is and of what group. UTKFace names groups and not people, and has people twice:
within its groups EdgeFace-XS's tau for one false match in 1,000 came out at 0.39 to 0.54, which is the same person met again and no
stranger. CelebA names people and not groups; gender and origin estimated from EdgeFace-XS's embeddings by a linear classifier fitted to
UTKFace were wrong too often when looked at to be used.
"""
import argparse
import os

import numpy as np
from PIL import Image

from .packs import Packs


def rows(packs, aside):
    """The picture of each of CelebA's people whose eyes are furthest apart in pixels."""
    best = {}
    for row, r in enumerate(packs.rows):
        if r["source"].startswith("celeba") and r["person"] and (packs.held[row] or not aside):
            if r["person"] not in best or float(r["eye_px"]) > float(packs.rows[best[r["person"]]]["eye_px"]):
                best[r["person"]] = row
    return np.array(sorted(best.values()))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--aside", action="store_true", help="only people held aside")
    p.add_argument("--most", type=int, default=3000, help="people")
    g = p.parse_args()
    packs = Packs(g.packs, g.cache)
    folder = os.path.join(g.out, "celeba")
    os.makedirs(folder, exist_ok=True)
    chosen = rows(packs, g.aside)[: g.most]
    for row in chosen:
        Image.fromarray(packs.pixels[row]).save(os.path.join(folder, "%05d.png" % row), compress_level=1)
    print("%d people" % len(chosen))


if __name__ == "__main__":
    main()
