"""How far a face may be turned before comparisons fail: what the limit max_yaw rests on.

  python -m faces.turned --shared ../../../shared
Crops of crops-1.bin against the least turned crop of the same person, by the turn that was measured in the whole picture (a crop of a profile lacks the side by
which a detector would see how far it is turned). Encoded by edgeface_xs; FNMR at the threshold of its manifest.
"""
import argparse
from pathlib import Path
import numpy as np
from faces.nets import Encoder
from faces.packs import crop_pictures, crop_rows

TAU, EYE_PX, LEAST_EYE_PX = 0.247, 35, 22   # a turned face may be softer than the one it is held against
EDGES = (0, 0.1, 0.2, 0.35, 0.45, 0.55, 0.65, 0.8, 1.0, 1.3, 9.0)


def pairs(rows):
    """(the least turned, another) of each person."""
    people = {}
    for row in rows:
        if row["source"] == "celeba_wild" and row["person"] and float(row["eye_px"] or 0) >= LEAST_EYE_PX:
            people.setdefault(row["person"], []).append(row)
    for of in people.values():
        sharp = sorted((r for r in of if float(r["eye_px"]) >= EYE_PX), key=turn)[:3]
        yield from ((sharp[0], r) for r in of if len(sharp) >= 2 and r is not sharp[0] and (r in sharp or turn(r) > 0.3))


def turn(row):
    return abs(float(row["yaw"]))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    g = p.parse_args()
    pack, encoder = str(g.shared / "training" / "crops-1.bin"), Encoder(g.shared / "models" / "edgeface_xs.onnx")
    held = list(pairs(crop_rows(pack)))
    first, second = ([row[k] for row in held] for k in (0, 1))
    alike = (encoder(crop_pictures(pack, first)) * encoder(crop_pictures(pack, second))).sum(1)
    turns = np.array([turn(r) for r in second])
    for low, high in zip(EDGES, EDGES[1:]):
        of = alike[(turns >= low) & (turns < high)]
        print("%.2f to %.2f  n %3d  mean %.3f  FNMR %4.1f %% (%d)" % (low, high, len(of), of.mean(), 100 * (of < TAU).mean(), (of < TAU).sum()))


if __name__ == "__main__":
    main()
