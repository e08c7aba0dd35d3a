"""Do the faces of nobody behave like faces? Prints the figures of models/faces/README.md; exit code 1 where one fails.

  python -m faces.check --shared ../../../shared --faces ../faces     (in models/training; under a minute)
  ... --detector ../detector.onnx --liveness ../liveness.onnx         the shipped nets beside the public ones
"""
import argparse, itertools
from pathlib import Path
import cv2, numpy as np
from detector.yunet import Detector
from faces.align import aligned
from faces.nets import ENCODERS, Encoder, Liveness, minifasnets

HEIGHT, WIDTH, SURE = 256, 320, 0.8


def read(folder):
    """{person: {name: uint8 [480,640,3]}}"""
    return {d.name: {f.stem: cv2.imread(str(f)) for f in sorted(d.glob("*.jpg"))} for d in sorted(folder.glob("person-*"))}


def largest(detector, picture, threshold=0.5):
    found = detector.find(picture, HEIGHT, WIDTH, threshold)
    return max(found, key=lambda f: f[2] * f[3]) if len(found) else None


def check_detector(name, detector, people):
    found = {(p, n): largest(detector, picture) for p, names in people.items() for n, picture in names.items()}
    scores = [0.0 if f is None else float(f[14]) for f in found.values()]
    heights = [float(f[3]) for f in found.values() if f is not None]
    extra = sum(len(detector.find(picture, HEIGHT, WIDTH, 0.6)) - 1 for names in people.values() for picture in names.values())
    print("%-28s faces found %d of %d; least score %.2f; box height %.0f to %.0f px; %d other detections" % (name, sum(s > 0.5 for s in scores), len(scores), min(scores), min(heights), max(heights), extra))
    return found, min(scores) > SURE and extra == 0


def check_encoder(name, encoder, people, found):
    shots = {(p, n): encoder([aligned(picture, found[p, n][4:14].reshape(5, 2))])[0] for p, names in people.items() for n, picture in names.items() if found[p, n] is not None}
    enrolled = {p: shots[p, "shot-1"] for p in people}
    same = [float(e @ enrolled[p]) for (p, n), e in shots.items() if n.startswith("shot") and n != "shot-1"]
    other = [float(e @ v) for (p, n), e in shots.items() for q, v in enrolled.items() if q != p]
    shown = [float(e @ enrolled[p]) for (p, n), e in shots.items() if not n.startswith("shot")]
    right = sum(max(enrolled, key=lambda q: e @ enrolled[q]) == p for (p, n), e in shots.items())
    print("%-28s same person %.2f to %.2f (mean %.2f); others at most %.2f; prints and telephones %.2f to %.2f; nearest is right for %d of %d" % (name, min(same), max(same), np.mean(same), max(other), min(shown), max(shown), right, len(shots)))
    return min(same) > max(other) and right == len(shots)


def check_liveness(name, net, people, found):
    scores = {(p, n): net(picture, found[p, n]) for p, names in people.items() for n, picture in names.items() if found[p, n] is not None}
    live = [v for (_, n), v in scores.items() if n.startswith("shot")]
    fake = [v for (_, n), v in scores.items() if not n.startswith("shot")]
    print("%-28s shots live %d of %d (least %.2f); attacks refused %d of %d (highest %.2f)" % (name, sum(v >= 0.5 for v in live), len(live), min(live), sum(v < 0.5 for v in fake), len(fake), max(fake)))
    for (p, n), v in scores.items():
        if n.startswith("shot") != (v >= 0.5):
            print("    wrong: %s/%s %.2f" % (p, n, v))
    return min(live) >= 0.5 > max(fake)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--shared", type=Path, required=True)
    a.add_argument("--faces", type=Path, required=True)
    a.add_argument("--detector", type=Path, help="the shipped detector")
    a.add_argument("--encoder", type=Path, help="the shipped encoder (RGB, (x - 127.5) / 127.5)")
    a.add_argument("--liveness", type=Path, help="the shipped liveness net (crop scale 2.7)")
    g = a.parse_args()
    people, models = read(g.faces), g.shared / "models"
    files = list(g.faces.glob("person-*/*.jpg"))
    print("%d people, %d pictures, %d bytes" % (len(people), len(files), sum(f.stat().st_size for f in files)))
    found, good = check_detector("yunet 2023mar", Detector(models / "face_detection_yunet_2023mar.onnx"), people)
    verdicts = [good]
    for name in ENCODERS:
        verdicts.append(check_encoder(name, Encoder(models / (name + ".onnx")), people, found))
    verdicts.append(check_liveness("MiniFASNet v2 and v1se", minifasnets(models), people, found))
    if g.detector:
        found, good = check_detector("facegate detector", Detector(g.detector), people)
        verdicts.append(good)
    if g.encoder:
        verdicts.append(check_encoder("facegate encoder", Encoder(g.encoder), people, found))
    if g.liveness:
        verdicts.append(check_liveness("facegate liveness", Liveness([(g.liveness, 2.7)]), people, found))
    print("all hold" if all(verdicts) else "NOT all hold")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
