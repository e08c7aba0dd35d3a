"""Measures a detector against YuNet 2023mar on pictures neither was taught from. Prints the figures of the card.

  python -m detector.evaluate --shared ../../../shared --detector ../detector.onnx
Three sets: LFW folds 1-5 (3,811 pictures of 180x180 in the middle of 192x192), the sixth of context.tar that is held aside
(the teacher's faces of 40 px and more), and its pictures without a face, each at several scales and crops. One look of YuNet is
noisy itself, so both detectors are also held against what two YuNets agree on over many views (detector.truth). Intervals: 95 %, Wilson.
"""
import argparse
from pathlib import Path
import cv2, numpy as np
from detector.truth import CONTEXT_SCALES, CROP_SCALES, agreed, teachers
from detector.yunet import Detector, iou
from encoder.verify import wilson
from faces.align import aligned
from faces.nets import Encoder
from faces.packs import context_pictures, is_held_aside

TEACHER_SURE, OURS_SURE, FACE_PX = 0.6, 0.6, 40
AGREED = 0.5   # share of the views
STEADY_EVERY = 4   # of LFW, looked at many times


def canvas_of(picture, side):
    """The picture unscaled on black, at the middle of a square whose side is a multiple of 32."""
    high, wide = picture.shape[:2]
    out = np.zeros((side, side, 3), np.uint8)
    top, left = (side - high) // 2, (side - wide) // 2
    out[top : top + high, left : left + wide] = picture
    return out


def eye_errors(ours, truth):
    """Mean distance of the five landmarks [F,10] in eye distances (of a turned face: at least 0.3 of what is between eyes and mouth)."""
    a, b = ours.reshape(-1, 5, 2), truth.reshape(-1, 5, 2)
    eyes = np.linalg.norm(b[:, 0] - b[:, 1], axis=1)
    down = np.linalg.norm(b[:, 0] + b[:, 1] - b[:, 3] - b[:, 4], axis=1) / 2
    return np.linalg.norm(a - b, axis=2).mean(1) / np.maximum(eyes, 0.3 * down)


def compare(teacher_faces, our_faces):
    """(faces of the teacher, how many of them ours has, landmark errors in eye distances, how many of ours are no one's)."""
    large = teacher_faces[teacher_faces[:, 3] >= FACE_PX]
    overlap = iou(large, our_faces) if len(our_faces) else np.zeros((len(large), 1))
    hit = overlap.max(1, initial=0) >= 0.4
    errors = eye_errors(our_faces[overlap[hit].argmax(1), 4:14], large[hit, 4:14]) if hit.any() else np.zeros(0)
    other = iou(our_faces, teacher_faces).max(1, initial=0) < 0.2 if len(teacher_faces) else np.ones(len(our_faces), bool)
    return len(large), int(hit.sum()), errors, int(other.sum())


def percent(k, n):
    low, high = wilson(int(k), int(n))
    return "%.2f %% (%d of %d; %.2f-%.2f)" % (100 * k / max(n, 1), k, n, 100 * low, 100 * high)


def report(name, rows):
    wanted, hit, other = sum(r[0] for r in rows), sum(r[1] for r in rows), sum(r[3] for r in rows)
    errors = np.concatenate([r[2] for r in rows] + [np.zeros(0)])
    errors = errors if len(errors) else np.zeros(1)
    print("%-34s %d pictures; recall %s; landmark error %.2f +- %.2f %% of the eye distance (median %.2f); %d detections beside"
          % (name, len(rows), percent(hit, wanted), 100 * errors.mean(), 196 * errors.std() / len(errors) ** 0.5, 100 * np.median(errors), other), flush=True)


def against_agreed(name, pictures, nets, detectors, scales, side):
    """Both nets, and YuNet moved by a few pixels against itself, on pictures uint8 [H,W,3]; `detectors` agree on where the faces are."""
    rng, rows = np.random.default_rng(5), {n: [] for n in [*nets, "YuNet, the picture 5 px on"]}
    for picture in pictures:
        faces = agreed(detectors, picture, scales, rng)
        faces = faces[faces[:, 15] >= AGREED]
        for n, net in nets.items():
            rows[n].append(compare(faces, net.find(picture, side, side, 0.6)))
        moved = nets["YuNet"].find(cv2.warpAffine(picture, np.float32([[1, 0, 5], [0, 1, 3]]), picture.shape[1::-1]), side, side, 0.6)
        moved[:, 0:2] -= 5, 3
        moved[:, 4:14] -= np.tile(np.float32([5, 3]), 5)
        rows["YuNet, the picture 5 px on"].append(compare(nets["YuNet"].find(picture, side, side, 0.6), moved))
    print("%s, against what many views agree on:" % name)
    for n in nets:
        report("    " + n, rows[n])
    report("    YuNet against itself, 5 px on", rows["YuNet, the picture 5 px on"])


def context(pictures, teacher, ours, height=320, width=320):
    rows = []
    for c in pictures:
        rows.append(compare(teacher.find(c.pixels, height, width, TEACHER_SURE), ours.find(c.pixels, height, width, OURS_SURE)))
    return rows


def empty(pictures, teacher, ours, views, seed=77):
    """False faces in random crops of pictures without a face: (views, ours' detections, those YuNet shares)."""
    rng, count, false, shared = np.random.default_rng(seed), 0, 0, 0
    for c in pictures:
        high, wide = c.pixels.shape[:2]
        for view in range(views):
            part = 1.0 if view == 0 else rng.uniform(0.35, 1.0)
            h, w = int(high * part), int(wide * part)
            top, left = rng.integers(0, high - h + 1), rng.integers(0, wide - w + 1)
            piece = c.pixels[top : top + h, left : left + w]
            found = ours.find(piece, 256, 320, OURS_SURE)
            count, false = count + 1, false + (len(found) > 0)
            if len(found):
                shared += len(teacher.find(piece, 256, 320, TEACHER_SURE)) > 0
    return count, false, shared


def centre_face(faces, side):
    """The face whose box is nearest to the picture's middle, or None."""
    if not len(faces):
        return None
    return faces[np.abs(faces[:, :2] + faces[:, 2:4] / 2 - side / 2).sum(1).argmin()]


def verification(pairs_path, embeddings):
    """Mean accuracy over the folds of pairs.txt, the threshold from the other folds; a picture without a face gives cosine -1."""
    lines = pairs_path.read_text().split("\n")
    folds, count = (int(v) for v in lines[0].split()[:2])
    rows = [l.split("\t") for l in lines[1:] if l]
    key = lambda name, number: "%s/%s_%04d.jpg" % (name, name, int(number))
    scores, truth = [], []
    for r in rows:
        a, b = (key(r[0], r[1]), key(r[0], r[2])) if len(r) == 3 else (key(r[0], r[1]), key(r[2], r[3]))
        a, b = embeddings.get(a), embeddings.get(b)
        scores.append(-1.0 if a is None or b is None else float(a @ b)), truth.append(len(r) == 3)
    scores, truth, fold = np.array(scores), np.array(truth), np.arange(len(rows)) // (2 * count)
    accuracy = []
    for k in range(folds):
        at = np.sort(scores[fold != k])
        best = max(at[::5], key=lambda t: ((scores[fold != k] > t) == truth[fold != k]).mean())
        accuracy.append(((scores[fold == k] > best) == truth[fold == k]).mean())
    return 100 * np.mean(accuracy), 100 * np.std(accuracy)


def lfw(folder, teacher, ours, encoder, every=1):
    """Compares on all pictures, and verifies with the encoder behind each detector."""
    rows, behind = [], {"YuNet": {}, "ours": {}}
    for path in sorted(folder.glob("*/*.jpg"))[::every]:
        picture = canvas_of(cv2.imread(str(path)), 192)
        found = {"YuNet": teacher.find(picture, 192, 192, TEACHER_SURE), "ours": ours.find(picture, 192, 192, OURS_SURE)}
        rows.append(compare(found["YuNet"], found["ours"]))
        for name, faces in found.items():
            face = centre_face(faces, 192)
            if encoder is not None and face is not None:
                behind[name]["%s/%s" % (path.parent.name, path.name)] = encoder([aligned(picture, face[4:14].reshape(5, 2))])[0]
    report("LFW folds 1-5, 192x192", rows)
    if encoder is not None:
        for name in behind:
            print("edgeface_xs behind %-5s             accuracy %.2f +- %.2f %%" % ((name,) + verification(folder / "pairs.txt", behind[name])), flush=True)


def measure(shared, detector, views=20, every=1):
    """Prints everything. views: crops of each picture without a face; every: of LFW, each n-th picture, without verification above 1."""
    models = shared / "models"
    teacher, ours = Detector(models / "face_detection_yunet_2023mar.onnx"), Detector(detector)
    aside = [c for c in context_pictures(shared / "training" / "context.tar") if is_held_aside(c.path)]
    report("context.tar held aside, 320x320", context([c for c in aside if len(c.faces)], teacher, ours))
    both, agreeing = {"YuNet": teacher, "ours": ours}, teachers(models)
    against_agreed("context.tar held aside, 320x320", [c.pixels for c in aside if len(c.faces)], both, agreeing, CONTEXT_SCALES, 320)
    count, false, shared_ = empty([c for c in aside if c.path.startswith("noface/")], teacher, ours, views)
    print("%-34s %d views; with a false face %s, that is %.2f in 1,000, %d of them YuNet's too" % ("without a face, 320x256", count, percent(false, count), 1000 * false / max(count, 1), shared_), flush=True)
    steady = [canvas_of(cv2.imread(str(path)), 192) for path in sorted((shared / "faces" / "lfw").glob("*/*.jpg"))[:: STEADY_EVERY * every]]
    against_agreed("LFW folds 1-5, one picture in %d, 192x192" % (STEADY_EVERY * every), steady, both, agreeing, CROP_SCALES, 192)
    lfw(shared / "faces" / "lfw", teacher, ours, Encoder(models / "edgeface_xs.onnx") if every == 1 else None, every)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--detector", type=Path, required=True)
    p.add_argument("--views", type=int, default=20, help="crops of each picture without a face")
    p.add_argument("--every", type=int, default=1, help="of LFW, every n-th picture; without verification when above 1")
    g = p.parse_args()
    measure(g.shared, g.detector, g.views, g.every)


if __name__ == "__main__":
    main()
