"""The cohorts of people who are nobody, for the score "s-norm": models/cohorts.toml, for the shipped encoder and each public one.

    python -m encoder.cohort --cache CACHE        # again whenever models/encoder.onnx is another: from models/training

A cohort has 64 vectors; each is the normalised mean of the embeddings of eight different people of the training packs, so that no
vector is anybody's: it is alike to none of its eight as a picture of them would be (the script prints by how much at most). Half of
the vectors are of people of CelebA, whose names are known; the other half of UTKFace's grown-up people, four of each of eight groups
(origin and sex), so that a face that is alike to all of its kind is known for one. People held aside are in none of them. No picture
serves twice. What is written is whole numbers of a byte each, in hexadecimal, under the encoder's digest, which is read from the manifests.
"""
import argparse
import hashlib
import os
import tomllib

import numpy as np

from .evaluate import onnx_encoder
from .packs import Packs
from .strangers import ADULT, LEAST_EYES, MOST_YAW

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
VECTORS = 64
MEMBERS = 8
NEAREST = 16
ORIGINS, SEXES = ("asian", "black", "indian", "white"), ("female", "male")

HEAD = """# Cohorts for the score "s-norm", version 1, written by models/training: python -m encoder.cohort. Each face is the mean of eight people of the
# training packs, and so nobody's: a byte a number, as signed hexadecimal. A cohort serves the encoder with its digest and no other.

version = 1
"""


def rows_of(packs):
    """Rows of the packs, a row a person of CelebA (the largest picture), and for each group of UTKFace, in an order drawn once."""
    celebrities, groups = {}, {(o, s): [] for o in ORIGINS for s in SEXES}
    for row, r in enumerate(packs.rows):
        if packs.held[row] or float(r["eye_px"]) < LEAST_EYES or abs(float(r["yaw"])) > MOST_YAW:
            continue
        if r["source"].startswith("celeba") and r["person"]:
            best = celebrities.get(r["person"])
            if best is None or float(r["eye_px"]) > float(packs.rows[best]["eye_px"]):
                celebrities[r["person"]] = row
        elif r["source"] == "utkface" and r["age"] and float(r["age"]) >= ADULT and (r["race"], r["gender"]) in groups:
            groups[r["race"], r["gender"]].append(row)
    draw = np.random.default_rng(0)
    return draw.permutation(sorted(celebrities.values())), [draw.permutation(rows) for _, rows in sorted(groups.items())]


def members(celebrities, groups, vectors=VECTORS):
    """[vectors, MEMBERS] rows: the first half of CelebA, the other evenly of the groups."""
    half = vectors // 2
    each = half // len(groups)
    parts = [celebrities[: half * MEMBERS]] + [rows[: each * MEMBERS] for rows in groups]
    return np.concatenate(parts).reshape(-1, MEMBERS)


def nobody(embeddings):
    """The normalised mean of each eight, as bytes: unit vectors [n, MEMBERS, d] -> int8 [n, d]."""
    mean = embeddings.mean(1)
    return np.round(mean / np.abs(mean).max(1, keepdims=True) * 127).astype(np.int8)


def encoders(folders):
    """(name, digest, path, mean, std, dimension) of every encoder of the manifests; the file must be what its manifest says."""
    for folder in folders:
        with open(os.path.join(folder, "manifest.toml"), "rb") as f:
            for m in tomllib.load(f)["model"]:
                if m["role"] != "encoder":
                    continue
                path, given = os.path.join(folder, m["file"]), m["input"]
                with open(path, "rb") as net:
                    if hashlib.sha256(net.read()).hexdigest() != m["sha256"]:
                        raise SystemExit("%s is not what its manifest says: ship it first" % path)
                if given["colour"] != "RGB" or len(set(given["mean"])) > 1 or len(set(given["std"])) > 1:
                    raise SystemExit("%s takes its pictures in a way that this script doesn't know" % path)
                yield m["name"], m["sha256"], path, given["mean"][0], given["std"][0], m["dimension"]


def table(name, digest, faces):
    lines = ['    "%s",' % f.tobytes().hex() for f in faces]
    about = '\n[[cohort]]\nencoder = "%s"\nmodel = "%s"\ndimension = %d\nnearest = %d\nfaces = [\n' % (name, digest, faces.shape[1], NEAREST)
    return about + "\n".join(lines) + "\n]\n"


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=[os.path.join(ROOT, "../shared/training/crops-%d.bin" % n) for n in (1, 2)])
    p.add_argument("--cache", required=True)
    p.add_argument("--models", nargs="+", default=[os.path.join(ROOT, "models"), os.path.join(ROOT, "../shared/models")])
    p.add_argument("--out", default=os.path.join(ROOT, "models", "cohorts.toml"))
    g = p.parse_args()
    packs = Packs(g.packs, g.cache)
    of = members(*rows_of(packs))
    if of.shape != (VECTORS, MEMBERS) or len(set(of.flat)) != of.size:
        raise SystemExit("the packs have too few people for %d vectors of %d" % (VECTORS, MEMBERS))
    pixels, text = packs.pixels[np.sort(of.flat)], HEAD
    place = np.searchsorted(np.sort(of.flat), of)
    for name, digest, path, mean, std, dimension in encoders(g.models):
        each = onnx_encoder(path, mean, std)(pixels)[place]
        faces = nobody(each)
        unit = faces / np.linalg.norm(faces.astype(float), axis=1, keepdims=True)
        own = np.einsum("nd,nmd->nm", unit, each)
        if faces.shape[1] != dimension:
            raise SystemExit("%s gives %d numbers, its manifest says %d" % (path, faces.shape[1], dimension))
        print("%s (%s): a vector is alike to its own eight by %.3f on average, %.3f at most" % (name, digest[:8], own.mean(), own.max()), flush=True)
        text += table(name, digest, faces)
    with open(g.out + ".part", "w") as f:
        f.write(text)
    os.replace(g.out + ".part", g.out)


if __name__ == "__main__":
    main()
