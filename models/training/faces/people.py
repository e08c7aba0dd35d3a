"""Eight faces of nobody: each the average of fourteen different people of one sex, origin and age band.

A face is wanted that shows none of the fourteen, and that no encoder takes for one of the other seven; so several draws are
made for each and the draw is taken whose average is least like the faces already chosen and least like anyone of its band.
"""
from dataclasses import dataclass
import cv2, numpy as np
from faces.align import TEMPLATE, aligned
from faces.packs import crop_pictures, crop_rows

SIDE = 448            # pixels of an average: the 112x112 crop, four times as large
MEMBERS = 14          # people in an average; the issue asks for eight or more
DRAWS = 110           # draws tried for each face
OVERDRAW = 0.6        # how much an average is pushed away from the average of all, as a caricature is
SAME_PERSON = 0.25    # EdgeFace-XS: two members of one average must be less alike than this (its FMR 0.1 % is at 0.247)

# sex, origin as UTKFace labels it, youngest and oldest
BANDS = [("female", "white", 20, 29), ("male", "black", 26, 40), ("female", "asian", 22, 34), ("male", "indian", 28, 45),
         ("male", "white", 48, 64), ("female", "black", 22, 36), ("male", "asian", 24, 40), ("female", "white", 55, 72)]


@dataclass
class Nobody:
    pixels: np.ndarray   # uint8 [448,448,3] BGR, aligned as the 112x112 template is, four times as large
    band: tuple
    to_anyone: float     # the highest cosine to a picture of its band, its own members among them (EdgeFace-XS)
    members: list        # offsets in the pack


def smooth_warp(picture, src, dst, side):
    """Takes the points src to dst by a thin-plate spline and enlarges by side / 112: uint8 [side,side,3]."""
    ratio = side / 112
    dst = dst * ratio
    corners = np.array([[0, 0], [111, 0], [0, 111], [111, 111], [56, 0], [56, 111], [0, 56], [111, 56]], np.float64)
    a, b = np.vstack([dst, corners * ratio]), np.vstack([src, corners])
    kernel = lambda r2: r2 * np.log(r2 + 1e-9)
    n = len(a)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = kernel(((a[:, None] - a[None]) ** 2).sum(-1))
    system[:n, n:] = np.hstack([np.ones((n, 1)), a])
    system[n:, :n] = system[:n, n:].T
    weights = np.linalg.solve(system, np.vstack([b, np.zeros((3, 2))]))
    ys, xs = np.mgrid[0 : side + 8 : 8, 0 : side + 8 : 8].astype(np.float64)
    at = np.stack([xs.ravel(), ys.ravel()], 1)
    out = np.hstack([kernel(((at[:, None] - a[None]) ** 2).sum(-1)), np.ones((len(at), 1)), at]) @ weights
    field = grid_to_full(out.reshape(len(ys), -1, 2).astype(np.float32), 8, side)
    return cv2.remap(picture, field[..., 0], field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def grid_to_full(field, step, side):
    """A field [side/step, side/step, 2] known at every step-th pixel -> every pixel, bilinear, samples kept in place."""
    at = (np.arange(side, dtype=np.float32) / step)
    x, y = np.meshgrid(at, at)
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def average(crops, landmarks, side=SIDE):
    """uint8 [N,112,112,3] and float [N,5,2] -> uint8 [side,side,3]: warped to the mean landmarks, tone matched, averaged, sharpened."""
    mean_points = landmarks.mean(0)
    warped = np.array([smooth_warp(c, p, mean_points, side) for c, p in zip(crops, landmarks)])
    lab = np.array([cv2.cvtColor(w, cv2.COLOR_BGR2LAB).astype(np.float32) for w in warped])
    face = np.zeros((side, side), np.uint8)
    cv2.ellipse(face, (side // 2, int(side * 0.58)), (int(side * 0.3), int(side * 0.4)), 0, 0, 360, 1, -1)
    values = lab[:, face > 0]
    mean, spread = values.mean(1), values.std(1)
    lab = (lab - mean[:, None, None]) / spread[:, None, None] * spread.mean(0) + mean.mean(0)
    mixed = lab.mean(0)
    picture = cv2.cvtColor(mixed.clip(0, 255).astype(np.uint8), cv2.COLOR_LAB2BGR).astype(np.float32)
    for sigma, gain in ((12, 0.3), (4, 0.8)):
        picture += gain * (picture - cv2.GaussianBlur(picture, (0, 0), sigma * side / SIDE))
    return picture.clip(0, 255).astype(np.uint8)


def overdrawn(face, everyone, gain=OVERDRAW):
    """A caricature in tone: what sets face apart from everyone (both uint8 [S,S,3]) made stronger; the complexion is kept."""
    difference = face.astype(np.float32) - everyone
    side = len(face)
    difference -= cv2.GaussianBlur(difference, (0, 0), 0.14 * side)
    return (face + gain * difference).clip(0, 255).astype(np.uint8)


def as_drawn(face, frame):
    """What an encoder will see of face [112,112,3] once its head is drawn: frame is (float32 [112,112,3] the drawn crop,
    float32 [112,112] where the face itself shows), made from the average of the band."""
    drawn, shows = frame
    tone = lambda p: np.median(p[58:86, 34:78].reshape(-1, 3), 0) + 1.0
    around = drawn * (tone(face) / tone(drawn))
    return (face * shows[..., None] + around * (1 - shows[..., None])).clip(0, 255).astype(np.uint8)


def sharpness(crop):
    return cv2.Laplacian(cv2.cvtColor(crop[30:105, 20:92], cv2.COLOR_BGR2GRAY), cv2.CV_64F).var()


def is_coloured(crop):
    """Grey pictures among the packs would take the colour out of an average."""
    return cv2.cvtColor(crop, cv2.COLOR_BGR2LAB)[30:105, 20:92, 1:].reshape(-1, 2).std(0).min() > 2


def landmarks_of(crop, detector):
    """float [5,2] in the crop's pixels, or None where the detector doubts."""
    border = 24
    framed = cv2.copyMakeBorder(crop, border, border, border, border, cv2.BORDER_REPLICATE)
    found = detector.find(framed, 160, 160, 0.85)
    return found[0][4:14].reshape(5, 2).astype(np.float64) - border if len(found) == 1 else None


def candidates(pack_path, band, detector, rng, most=160):
    """Frontal, sharp, surely found faces of one band: rows, uint8 [N,112,112,3], landmarks [N,5,2]."""
    sex, origin, youngest, oldest = band
    fits = lambda r: (r["source"] == "utkface" and r["gender"] == sex and r["race"] == origin and youngest <= int(r["age"]) <= oldest
                      and float(r["score"]) > 0.9 and abs(float(r["yaw"])) < 0.09 and float(r["eye_px"]) > 60)
    rows = [r for r in crop_rows(pack_path) if fits(r)]
    rows = [rows[k] for k in rng.permutation(len(rows))[: most * 2]]
    crops = crop_pictures(pack_path, rows)
    order = [k for k in np.argsort([-sharpness(c) for c in crops]) if is_coloured(crops[k])][:most]
    points = {k: landmarks_of(crops[k], detector) for k in order}
    kept = [k for k in order if points[k] is not None and np.abs(points[k] - TEMPLATE).max() < 6]
    return [rows[k] for k in kept], crops[kept], np.array([points[k] for k in kept])


def draw_members(embeddings, rng):
    """Indices of MEMBERS faces that are surely different people: the nearest to one drawn at random, who is left out."""
    anchor = int(rng.integers(len(embeddings)))
    chosen = []
    for k in np.argsort(-(embeddings @ embeddings[anchor]))[1:]:
        if len(chosen) < MEMBERS and (embeddings[chosen] @ embeddings[k]).max(initial=-1) < SAME_PERSON and embeddings[anchor] @ embeddings[k] < SAME_PERSON:
            chosen.append(int(k))
    return chosen


def choose(draws, rounds=4):
    """draws: for each band a list of (alone, [embedding per encoder], ...). One index a band, by coordinate descent on
    the sum over the bands of the draw's own cost and its likeness to the other bands' choices."""
    picks = [0] * len(draws)
    for _ in range(rounds):
        for band, options in enumerate(draws):
            others = [draws[b][picks[b]] for b in range(len(draws)) if b != band]
            cost = [o[0] + sum(max(float(a @ b) - 0.08, 0) ** 2 for other in others for a, b in zip(o[1], other[1])) * 6
                    + max(float(a @ b) for other in others for a, b in zip(o[1], other[1])) for o in options]
            picks[band] = int(np.argmin(cost))
    return picks


def nobodies(pack_path, detector, encoders, frame_of, seed):
    """The eight faces, in the order of BANDS. frame_of(number of the band, average) -> frame of as_drawn. encoders: the first is EdgeFace-XS; all have a say in how alike two faces are."""
    rng = np.random.default_rng(seed)
    pools = [candidates(pack_path, band, detector, rng) for band in BANDS]
    everyone = average(np.concatenate([c[:40] for _, c, _ in pools]), np.concatenate([p[:40] for _, _, p in pools]))
    everyone_small = cv2.resize(everyone, (112, 112), interpolation=cv2.INTER_AREA)
    draws = []
    for band, (rows, crops, points) in enumerate(pools):
        embeddings, options = encoders[0](crops), []
        frame = frame_of(band, average(crops[:40], points[:40]))
        for _ in range(DRAWS):
            members = draw_members(embeddings, rng)
            if len(members) == MEMBERS:
                face = as_drawn(overdrawn(average(crops[members], points[members], 112), everyone_small), frame)
                mine = [e([face])[0] for e in encoders]
                anyone = float((embeddings @ mine[0]).max())
                options.append((4 * max(anyone - SAME_PERSON + 0.02, 0), mine, members, anyone))
        draws.append(options)
    chosen = []
    for band, options, pick, (rows, crops, points) in zip(BANDS, draws, choose(draws), pools):
        _, _, members, anyone = options[pick]
        chosen.append(Nobody(overdrawn(average(crops[members], points[members]), everyone), band, anyone, [int(rows[k]["offset"]) for k in members]))
    return chosen
