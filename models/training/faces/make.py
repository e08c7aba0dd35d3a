"""Makes models/faces: eight people who do not exist, six shots of each, one print and one telephone.

  python -m faces.make --shared ../../../shared --out ../faces --liveness ../liveness.onnx      (in models/training; three minutes of one core)

A picture's scene is drawn again, at most TRIES times, until the two MiniFASNets, and the shipped net where it is given, call
a shot live and a print or telephone not live: these are pictures for a demo and for tests, which need the usual case; they measure nothing.
"""
import argparse
from dataclasses import replace
from pathlib import Path
import cv2, numpy as np
from detector.yunet import Detector
from faces.check import largest
from faces.head import LOOKS, draw_head, frame_of
from faces.held_up import phone_picture, print_picture
from faces.nets import Encoder, Liveness, minifasnets
from faces.people import nobodies
from faces.shot import six_poses, take

ENCODERS = ("edgeface_xs", "mobilefacenet", "mobilefacenet_insightface_y1")
QUALITY, TRIES, SURE = 80, 12, 0.2   # JPEG quality; tries; how far from 0.5 the liveness should be


def packed(picture):
    """The JPEG file, bytes."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])[1].tobytes()


def drawn(draw, is_live, seed, detector, judges):
    """draw(rng, attempt) -> picture. Returns the first JPEG that is judged right with room to spare, or the best of all tries."""
    best = None
    for attempt in range(TRIES):
        blob = packed(draw(np.random.default_rng(seed + [attempt]), attempt))
        picture = cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_COLOR)
        face = largest(detector, picture, 0.8)
        lives = [judge(picture, face) if face is not None else 0.5 for judge in judges]
        room = min((live - 0.5) * (1 if is_live else -1) for live in lives)
        if best is None or room > best[0]:
            best = room, blob, attempt + 1
        if room > SURE:
            break
    return best


def make(people, out, seed, detector, judges):
    total = 0
    for k, (person, look) in enumerate(zip(people, LOOKS)):
        if person is None:
            continue
        head = draw_head(person.pixels, replace(look, hair=tuple(look.dye * v for v in look.hair)), np.random.default_rng([seed, k]))
        skin = np.median(person.pixels[250:330, 120:330].reshape(-1, 3), 0)

        def shot(rng, number, attempt):
            pose, exposure, warmth = six_poses(rng)[number]
            return take(head, pose, rng, (number + k + attempt // 4) % 6, exposure, warmth)
        pictures = {"shot-%d" % (s + 1): (True, lambda rng, attempt, s=s: shot(rng, s, attempt)) for s in range(6)}
        pictures["print"] = False, lambda rng, attempt: print_picture(head, rng, (k + 2) % 6, skin)
        pictures["phone"] = False, lambda rng, attempt: phone_picture(head, rng, (k + 4) % 6, skin)
        tries = []
        for number, (name, (is_live, draw)) in enumerate(pictures.items()):
            _, blob, attempts = drawn(draw, is_live, [seed, k, number], detector, judges)
            path = out / ("person-%d" % (k + 1)) / (name + ".jpg")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(blob)
            total += len(blob)
            tries.append(attempts)
        print("person-%d: %s %s %d-%d, %d people, at most %.2f like anyone of the band; tries %s" % ((k + 1,) + person.band + (len(person.members), person.to_anyone, tries)), flush=True)
    print("%d bytes" % total)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True, help="folder with training/ and models/")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--liveness", type=Path, help="the shipped liveness net")
    p.add_argument("--seed", type=int, default=13)
    g = p.parse_args()
    models = g.shared / "models"
    detector = Detector(models / "face_detection_yunet_2023mar.onnx")
    people = nobodies(g.shared / "training" / "crops-1.bin", detector, [Encoder(models / (n + ".onnx")) for n in ENCODERS],
                      lambda band, face: frame_of(face, LOOKS[band], np.random.default_rng([g.seed, band])), g.seed)
    make(people, g.out, g.seed, detector, [minifasnets(models)] + ([Liveness([(g.liveness, 2.7)])] if g.liveness else []))


if __name__ == "__main__":
    main()
