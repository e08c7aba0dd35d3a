"""The picture packs: crops-N.bin and crops-N.csv, decoded once, and who is kept out of the training.

A pack is WebP files one after another; a row of the csv says where each one lies and what is known of it. `Packs` joins
several packs into one table. UTKFace's crops get a top that they lack (encoder.tops). `held_aside` names the rows that no training step ever sees: whole people (and single pictures
of nobody known), chosen by a digest of who it is, so that the choice is the same on every machine and for every pack list.
"""
import csv
import hashlib
import os

import numpy as np

from . import tops

SIDE = 112
HELD_ONE_IN = 12


class Packs:
    """Pixels as uint8 [N,112,112,3] RGB and the csv's rows, over all packs in the order given."""

    def __init__(self, paths, cache=None):
        self.paths = list(paths)
        self.rows, parts = [], []
        for path in self.paths:
            rows = read_rows(path)
            self.rows += rows
            parts.append(_decoded(path, rows, cache))
        self.pixels = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self.held = np.array([held_aside(path, r) for path in self.paths for r in read_rows(path)])
        self.person = _numbers(self.rows)

    def __len__(self):
        return len(self.rows)


def read_rows(path):
    with open(_csv(path), newline="") as f:
        return list(csv.DictReader(f))


def held_aside(path, row):
    """True for the pictures that serve for choosing and measuring only. All pictures of a person go the same way."""
    who = row["person"] or "%s@%s" % (os.path.basename(path), row["offset"])
    return int(hashlib.sha256(who.encode()).hexdigest()[:8], 16) % HELD_ONE_IN == 0


def _numbers(rows):
    """One number a person, -1 where nobody knows."""
    names = {}
    return np.array([names.setdefault(r["person"], len(names)) if r["person"] else -1 for r in rows])


def _csv(path):
    return os.path.splitext(path)[0] + ".csv"


def _decoded(path, rows, cache):
    kept = os.path.join(cache, os.path.basename(path) + "-whole.npy") if cache else None
    if kept and os.path.exists(kept):
        return np.load(kept, mmap_mode="r")
    import cv2

    with open(path, "rb") as f:
        blob = f.read()
    out = np.empty((len(rows), SIDE, SIDE, 3), np.uint8)
    for k, row in enumerate(rows):
        picture = np.frombuffer(blob, np.uint8, int(row["length"]), int(row["offset"]))
        out[k] = cv2.imdecode(picture, cv2.IMREAD_COLOR)[:, :, ::-1]
    _give_tops(path, rows, out)
    if kept:
        os.makedirs(cache, exist_ok=True)
        np.save(kept + ".part.npy", out)
        os.replace(kept + ".part.npy", kept)
    return out


def _give_tops(path, rows, pixels):
    """In place: UTKFace's pictures get tops of CelebA's, sharp ones where the pack has any, and those held aside from those held aside."""
    held, source = np.array([held_aside(path, r) for r in rows]), np.array([r["source"] for r in rows])
    whole = source == ("celeba_wild" if "celeba_wild" in source else "celeba_half")
    for here in (held, ~held):
        lacking, donors = (source == "utkface") & here, whole & here
        if lacking.any() and donors.any():
            pixels[lacking] = tops.replace(pixels[lacking], pixels[donors], seed=len(rows))
