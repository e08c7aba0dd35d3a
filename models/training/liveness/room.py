"""How often living faces are refused when the picture leaves little around them: what the program's least room rests on.

  python -m liveness.room --shared ../../../shared
Faces of context.tar (half and full length, none hidden behind a mask) that have 2.7 boxes of room; each is cut to a square of so many boxes about it and judged
by the public MiniFASNets (fused mean) and by facegate_liveness. The same faces stand in every row.
"""
import argparse
from pathlib import Path
import cv2, numpy as np
from faces.nets import Liveness, minifasnets
from faces.packs import context_pictures

ROOMS = (2.7, 2.4, 2.1, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 1.15, 1.0)
FACE_PX, LIVE = 24, 0.5
OURS = Path(__file__).resolve().parents[2] / "liveness.onnx"


def cut(picture, box, room):
    """A square of `room` longer sides of the box about it, pushed inside the picture, and the box in it."""
    (height, width), (x, y, w, h) = picture.shape[:2], box
    side = int(round(room * max(w, h))) + 1
    across, down = min(side, width), min(side, height)
    left = min(max(int(x + w / 2 - across / 2), 0), width - across)
    top = min(max(int(y + h / 2 - down / 2), 0), height - down)
    return picture[top : top + down, left : left + across], (x - left, y - top, w, h)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    g = p.parse_args()
    cv2.setNumThreads(1)
    nets = {"MiniFASNet v2 + v1se": minifasnets(str(g.shared / "models")), "facegate_liveness": Liveness([(OURS, 2.7)])}
    faces = []
    for c in context_pictures(g.shared / "training" / "context.tar"):
        if c.path.startswith("face/celeba"):
            x, y, w, h = box = max((f[:4] for f in c.faces), key=lambda b: b[2] * b[3])
            height, width = c.pixels.shape[:2]
            if w >= FACE_PX and min(x, y, width - x - w, height - y - h) >= 0 and min((width - 1) / w, (height - 1) / h) >= ROOMS[0]:
                faces.append((c.pixels, box))
    print("%d faces; share of them refused (below %.1f) at so many boxes of room" % (len(faces), LIVE))
    for room in ROOMS:
        refused = {n: sum(net(*cut(picture, box, room)) < LIVE for picture, box in faces) for n, net in nets.items()}
        print("%5.2f  " % room + "  ".join("%s %5.1f %% (%d)" % (n, 100 * k / len(faces), k) for n, k in refused.items()))


if __name__ == "__main__":
    main()
