"""Measures an encoder: people held aside, LFW folds 1-5, strangers of one group. For measuring, never for choosing on LFW.

    python -m encoder.evaluate --cache CACHE --model ../encoder.onnx            # prints; --json FILE keeps the figures

LFW goes the way of the gate: YuNet's face nearest to the centre, five landmarks, similarity transform to 112x112, one
encoding, no mirror image. The people held aside are those of packs.held_aside; tau is taken from them, at FMR 1e-3.
"""
import argparse
import json
import os
import time

import numpy as np

from . import tops
from .packs import Packs
from .verify import equal_error, pairs_of, rates, similarities, threshold_at, wilson

TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
FMRS = (1e-2, 1e-3, 1e-4)
AGES = [(0, 12), (13, 25), (26, 45), (46, 65), (66, 200)]


def measure(embed, packs, lfw=None, pairs_file=None):
    """embed: uint8 [N,112,112,3] -> unit vectors. Returns everything the card says of one encoder."""
    out = {"held": held_aside_people(embed, packs)}
    out["groups"] = strangers(embed, packs, out["held"]["tau"])
    out["band"] = filled_band(embed, packs)
    if lfw is not None:
        out["lfw"] = lfw_figures(embed, *lfw, pairs_file=pairs_file, tau=out["held"]["tau"])
    return out


# ---- people held aside ------------------------------------------------------------------------------------------------


def held_aside_people(embed, packs, by_row=False):
    """embed takes pixels, or with `by_row` the rows of the packs (encoded before)."""
    look = np.flatnonzero(packs.held & (packs.person >= 0))
    e = embed(look if by_row else packs.pixels[look])
    genuine, impostor = pairs_of(packs.person[look])
    tars, taus = rates(e, genuine, impostor, FMRS)
    g, i = similarities(e, genuine), similarities(e, impostor)
    return {
        "pictures": len(look), "people": len(set(packs.person[look].tolist())), "genuine": len(g), "impostor": len(i),
        "tau": round(taus[1], 3), "taus": taus, "tar": tars, "tar_interval": [wilson(int((g >= t).sum()), len(g)) for t in taus],
        "eer": equal_error(g, i), "genuine_mean": float(g.mean()), "impostor_spread": float(i.std()),
    }


def strangers(embed, packs, tau, by_row=False):
    """False matches between two pictures of the same group, at tau. UTKFace names nobody: a few pairs are the same person
    after all, and count against the encoder."""
    look = np.array([k for k in np.flatnonzero(packs.held) if packs.rows[k]["source"] == "utkface" and packs.rows[k]["age"]])
    e = embed(look if by_row else packs.pixels[look])
    rows = [packs.rows[k] for k in look]
    age = np.array([next(n for n, (lo, hi) in enumerate(AGES) if lo <= int(float(r["age"])) <= hi) for r in rows])
    gender, race = np.array([r["gender"] for r in rows]), np.array([r["race"] for r in rows])
    table = [_within("all strangers", e, np.ones(len(e), bool), tau)]
    for g in sorted(set(gender)):
        table.append(_within(g, e, gender == g, tau))
    for r in sorted(set(race)):
        table.append(_within(r, e, race == r, tau))
    for n, (lo, hi) in enumerate(AGES):
        table.append(_within("%d-%d years" % (lo, hi) if hi < 200 else "%d years and over" % lo, e, age == n, tau))
    for g in sorted(set(gender)):
        for r in sorted(set(race)):
            for n, (lo, hi) in enumerate(AGES):
                here = (gender == g) & (race == r) & (age == n)
                if here.sum() >= 15:
                    table.append(_within("%s, %s, %d-%d" % (r, g, lo, hi), e, here, tau))
    return table


BAND = 25  # rows: the median of UTKFace's crops


def filled_band(embed, packs):
    """tau at FMR 1e-3 among CelebA's people held aside: as they are, with a band over the top as UTKFace's crops have it (how much of
    the alikeness of strangers that band makes), and with the tops of others, as those crops get here (encoder.tops): what that changes."""
    celeba = np.array([r["source"].startswith("celeba") and bool(r["person"]) for r in packs.rows])
    look = np.flatnonzero(packs.held & celeba)
    _, first = np.unique(packs.person[look], return_index=True)
    pixels = packs.pixels[np.sort(look[first])]
    banded = pixels.copy()
    banded[:, :BAND] = pixels[:, BAND:BAND + 1]
    topped = tops.replace(pixels, packs.pixels[np.flatnonzero(celeba & ~packs.held)], 0, BAND)
    i, j = np.triu_indices(len(pixels), 1)
    taus = [threshold_at((e[i] * e[j]).sum(1), 1e-3) for e in (embed(pixels), embed(banded), embed(topped))]
    return {"people": len(pixels), "pairs": len(i), "as_they_are": taus[0], "with_band": taus[1], "other_tops": taus[2]}


def _within(name, e, here, tau):
    e = e[here]
    i, j = np.triu_indices(len(e), 1)
    hits = int(((e[i] * e[j]).sum(1) >= tau).sum()) if len(i) < 4_000_000 else _hits(e, tau)
    return {"group": name, "pictures": int(here.sum()), "pairs": len(i), "matches": hits, "rate": hits / max(1, len(i)), "interval": wilson(hits, len(i))}


def _hits(e, tau):
    return int(sum((e[k + 1:] @ e[k] >= tau).sum() for k in range(len(e))))


# ---- LFW ------------------------------------------------------------------------------------------------------------------


def similarity_transform(source, target):
    """Umeyama 1991: the 2x3 matrix that takes source to target in the least squares sense."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a / len(a))
    sign = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = u @ sign @ vt
    scale = (s * np.diag(sign)).sum() / (a ** 2).sum() * len(a)
    return np.hstack([scale * turn, (target.mean(0) - scale * turn @ source.mean(0))[:, None]])


def lfw_crops(folder, detector, cache=None):
    """({name/number: row}, uint8 [N,112,112,3]): every picture of pairs.txt, detected and aligned once."""
    import cv2

    kept = os.path.join(cache, "lfw.npz") if cache else None
    if kept and os.path.exists(kept):
        with np.load(kept) as z:
            return {n: k for k, n in enumerate(z["names"].tolist())}, z["crops"]
    find = cv2.FaceDetectorYN.create(detector, "", (180, 180), 0.6, 0.3)
    names = sorted({n for pair in lfw_pairs(os.path.join(folder, "pairs.txt")) for n in pair[:2]})
    crops, missing = [], 0
    for name in names:
        picture = cv2.imread(os.path.join(folder, name))
        height, width = picture.shape[:2]
        find.setInputSize((width, height))
        faces = find.detect(picture)[1]
        if faces is None:
            missing += 1
            points = TEMPLATE + [(width - 112) / 2, (height - 112) / 2]
        else:
            middle = faces[:, :2] + faces[:, 2:4] / 2 - [width / 2, height / 2]
            points = faces[np.argmin((middle ** 2).sum(1))][4:14].reshape(5, 2).astype(float)
        crops.append(cv2.warpAffine(picture, similarity_transform(points, TEMPLATE), (112, 112), flags=cv2.INTER_LINEAR)[:, :, ::-1])
    if missing:
        print("no face found in %d of %d LFW pictures: their middle was taken" % (missing, len(names)))
    crops = np.array(crops)
    if kept:
        np.savez(kept, names=names, crops=crops)
    return {n: k for k, n in enumerate(names)}, crops


def lfw_pairs(path):
    """(first picture, second picture, same, fold) a pair, in the file's order."""
    with open(path) as f:
        folds, half = (int(v) for v in f.readline().split())
        picture = lambda name, n: "%s/%s_%04d.jpg" % (name, name, int(n))
        out = []
        for fold in range(folds):
            for k in range(2 * half):
                w = f.readline().split()
                pair = (picture(w[0], w[1]), picture(w[0], w[2])) if k < half else (picture(w[0], w[1]), picture(w[2], w[3]))
                out.append((*pair, k < half, fold))
    return out


def lfw_figures(embed, names, crops, pairs_file, tau):
    pairs = lfw_pairs(pairs_file)
    e = embed(crops)
    s = np.array([e[names[a]] @ e[names[b]] for a, b, _, _ in pairs])
    same, fold = np.array([p[2] for p in pairs]), np.array([p[3] for p in pairs])
    accuracy = []
    for f in range(fold.max() + 1):
        t = best_threshold(s[fold != f], same[fold != f])
        accuracy.append(float(((s >= t) == same)[fold == f].mean()))
    genuine, impostor = s[same], s[~same]
    order = np.sort(impostor)[::-1]
    tars = []
    for fmr in (1e-2, 1e-3):
        allowed = int(fmr * len(impostor))
        tars.append(float((genuine > order[allowed]).mean()))
    right = int(round(np.mean(accuracy) * len(s)))
    at_tau = {"tar": float((genuine >= tau).mean()), "fmr": float((impostor >= tau).mean()),
              "tar_interval": wilson(int((genuine >= tau).sum()), len(genuine)), "fmr_interval": wilson(int((impostor >= tau).sum()), len(impostor))}
    return {"accuracy": float(np.mean(accuracy)), "spread": float(np.std(accuracy, ddof=1)), "interval": wilson(right, len(s)), "folds": accuracy,
            "eer": equal_error(genuine, impostor), "tar": tars, "tar_interval": [wilson(int(round(t * len(genuine))), len(genuine)) for t in tars],
            "at_tau": at_tau, "pairs": len(s)}


def best_threshold(s, same):
    order = np.argsort(-s, kind="stable")
    right = np.cumsum(np.where(same[order], 1, -1))
    k = int(np.argmax(right))
    return float((s[order][k] + s[order][min(k + 1, len(s) - 1)]) / 2)


# ---- encoders ----------------------------------------------------------------------------------------------------------------


def onnx_encoder(path, mean=127.5, std=128.0):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    net = onnxruntime.InferenceSession(path, options)

    def embed(pixels):
        out = []
        for picture in pixels:
            x = np.ascontiguousarray(((picture.astype(np.float32) - mean) / std).transpose(2, 0, 1)[None])
            v = net.run(None, {"input": x})[0][0]
            out.append(v / np.linalg.norm(v))
        return np.array(out)

    return embed


def time_of(path, runs=60, shape=(1, 3, 112, 112)):
    """Best and median milliseconds of one picture in onnxruntime, one thread, on random input."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    net = onnxruntime.InferenceSession(path, options)
    x = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    took = []
    for _ in range(runs):
        begin = time.perf_counter()
        net.run(None, {"input": x})
        took.append(1000 * (time.perf_counter() - begin))
    return min(took), float(np.median(took))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True)
    p.add_argument("--model", default="models/encoder.onnx")
    p.add_argument("--std", type=float, default=128.0, help="127.5 for the teachers")
    p.add_argument("--lfw", default="../shared/faces/lfw", help="'' leaves LFW out")
    p.add_argument("--detector", default="../shared/models/face_detection_yunet_2023mar.onnx")
    p.add_argument("--json")
    g = p.parse_args()
    embed = onnx_encoder(g.model, std=g.std)
    lfw = lfw_crops(g.lfw, g.detector, g.cache) if g.lfw and os.path.isdir(g.lfw) else None
    found = measure(embed, Packs(g.packs, g.cache), lfw, os.path.join(g.lfw, "pairs.txt"))
    found["milliseconds"] = time_of(g.model)
    text = json.dumps(found, indent=1)
    print(text)
    if g.json:
        with open(g.json, "w") as f:
            f.write(text + "\n")


if __name__ == "__main__":
    main()
