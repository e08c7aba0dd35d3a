"""Scenes to teach a detector with: faces of all sizes among clutter, and no face at all.

Four kinds: a piece of a picture of context.tar about a face that is in it, at a size drawn at random; aligned crops pasted onto
pictures without a face; pictures without a face; and scraps, any piece of any picture at any angle, near enough that cloth, hair
and leaves fill it, some with their tiles shuffled. What stands in a scene need not be known: the teacher says it.
"""
import cv2, numpy as np
from faces.packs import context_pictures, crop_pictures, crop_rows, is_held_aside


class Sources:
    """The pictures scenes are made of; aside=True gives the sixth that is never trained on."""

    def __init__(self, training_dir, rng, crops=24000, aside=False):
        context = [c for c in context_pictures(training_dir / "context.tar") if is_held_aside(c.path) == aside]
        self.with_face = [c for c in context if len(c.faces)]
        self.without = [c for c in context if c.path.startswith("noface/")]
        self.masked = [c for c in self.with_face if "rwmfd" in c.path]
        self.crops = []
        for pack in ("crops-1.bin", "crops-2.bin"):
            rows = [r for k, r in enumerate(crop_rows(training_dir / pack)) if (k % 6 == 0) == aside]
            self.crops += list(crop_pictures(training_dir / pack, [rows[k] for k in rng.permutation(len(rows))[: crops // 2]]))


def window(picture, scale, cx, cy, side, turn_deg, rng):
    """uint8 [side,side,3]: picture scaled and turned so that its point (cx, cy) falls on a random place of the window."""
    if scale < 0.6:
        shrink = scale * 1.2
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        cx, cy, scale = cx * shrink, cy * shrink, scale / shrink
    matrix = cv2.getRotationMatrix2D((cx, cy), turn_deg, scale)
    matrix[:, 2] += np.array([rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8)]) * side - (cx, cy)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.4 else cv2.BORDER_CONSTANT
    fill = (0, 0, 0) if rng.random() < 0.5 else rng.uniform(0, 255, 3).tolist()
    return cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill)


def tilt(rng):
    return float(rng.normal(0, 9) if rng.random() < 0.85 else rng.uniform(-35, 35))


def face_height(rng, side):
    """Pixels; log-uniform between 18 and the whole height, as the task is mostly near faces."""
    return float(np.exp(rng.uniform(np.log(18), np.log(side * 0.95))))


def from_picture(sources, rng, side):
    source = sources.masked[rng.integers(len(sources.masked))] if rng.random() < 0.3 else sources.with_face[rng.integers(len(sources.with_face))]
    x, y, w, h = source.faces[rng.integers(len(source.faces))][:4]
    scale = min(face_height(rng, side) / h, 7.0)
    return window(source.pixels, scale, x + w / 2, y + h / 2, side, tilt(rng), rng)


def empty(sources, rng, side):
    source = sources.without[rng.integers(len(sources.without))].pixels
    high, wide = source.shape[:2]
    scale = side / min(high, wide) * float(np.exp(rng.uniform(-0.2, 1.2)))
    out = window(source, scale, rng.uniform(0.3, 0.7) * wide, rng.uniform(0.3, 0.7) * high, side, rng.normal(0, 5), rng)
    return out[:, ::-1].copy() if rng.random() < 0.5 else out


def scrap(sources, rng, side):
    """A piece from anywhere, turned anyhow; a third of them as shuffled tiles, so that parts of faces alone are no face."""
    pictures = sources.with_face if rng.random() < 0.6 else sources.without
    source = pictures[rng.integers(len(pictures))].pixels
    high, wide = source.shape[:2]
    scale = side / min(high, wide) * float(np.exp(rng.uniform(-0.2, 2.0)))
    out = window(source, scale, rng.uniform(0, 1) * wide, rng.uniform(0, 1) * high, side, rng.uniform(0, 360), rng)
    if rng.random() < 0.35:
        n = int(rng.integers(2, 7))
        tile = side // n
        cells = [out[y * tile : (y + 1) * tile, x * tile : (x + 1) * tile].copy() for y in range(n) for x in range(n)]
        for k, cell in zip(rng.permutation(n * n), cells):
            out[k // n * tile : (k // n + 1) * tile, k % n * tile : (k % n + 1) * tile] = cell[:, :: int(rng.choice([-1, 1]))]
    return out


def clutter(picture, rng):
    """Discs, bars and patches: what a detector must not take for a face."""
    side = picture.shape[0]
    for _ in range(rng.integers(0, 5)):
        colour = rng.uniform(0, 255, 3).tolist()
        centre, size = (int(rng.integers(side)), int(rng.integers(side))), int(np.exp(rng.uniform(1, np.log(side / 2))))
        if rng.random() < 0.5:
            cv2.ellipse(picture, centre, (size, int(size * rng.uniform(0.3, 1.4))), rng.uniform(0, 180), 0, 360, colour, -1 if rng.random() < 0.5 else 3, cv2.LINE_AA)
        else:
            cv2.line(picture, centre, (int(rng.integers(side)), int(rng.integers(side))), colour, max(1, size // 8), cv2.LINE_AA)
    return picture


def head_mask(rng):
    """float32 [112,112]: an oval, a rounded square or the whole crop, feathered."""
    ys, xs = np.mgrid[:112, :112].astype(np.float32)
    kind = rng.random()
    if kind < 0.6:
        reach = np.sqrt(((xs - 56) / rng.uniform(42, 55)) ** 2 + ((ys - 60) / rng.uniform(54, 66)) ** 2)
        return np.clip((1 - reach) * rng.uniform(4, 20), 0, 1)
    top = rng.uniform(8, 24)
    inside = np.minimum.reduce([xs, 111 - xs, 111 - ys, np.maximum(ys - top, 0)])
    return np.clip(inside / rng.uniform(1, 10), 0, 1)


def occluded(crop, rng):
    """A mask, sunglasses, a hat's brim or a hand's worth of nothing over a crop."""
    crop, kind, colour = crop.copy(), rng.random(), rng.uniform(0, 255, 3).tolist()
    if kind < 0.4:
        points = np.array([[18, 72], [56, 64], [94, 72], [88, 111], [24, 111]]) + rng.normal(0, 3, (5, 2))
        cv2.fillPoly(crop, [points.astype(np.int32)], colour, cv2.LINE_AA)
    elif kind < 0.65:
        for x in (38, 74):
            cv2.ellipse(crop, (x, 52), (int(rng.integers(10, 16)), int(rng.integers(7, 12))), 0, 0, 360, (20, 20, 20), -1, cv2.LINE_AA)
        cv2.line(crop, (30, 50), (82, 50), (20, 20, 20), 2, cv2.LINE_AA)
    elif kind < 0.85:
        cv2.rectangle(crop, (0, 0), (111, int(rng.integers(18, 40))), colour, -1)
    else:
        x, y = rng.integers(0, 90, 2)
        cv2.rectangle(crop, (int(x), int(y)), (int(x + rng.integers(15, 50)), int(y + rng.integers(15, 50))), colour, -1)
    return crop


def pasted(sources, rng, side):
    out = clutter(empty(sources, rng, side), rng).astype(np.float32)
    for _ in range(1 + int(rng.integers(0, 4)) * int(rng.random() < 0.4)):
        crop = sources.crops[rng.integers(len(sources.crops))]
        if rng.random() < 0.2:
            crop = occluded(crop, rng)
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        scale = face_height(rng, side) / 105
        if scale < 0.5:
            crop = cv2.GaussianBlur(crop, (0, 0), 0.35 / scale)
        matrix = cv2.getRotationMatrix2D((56, 60), tilt(rng), scale)
        matrix[:, 2] += rng.uniform(0.1, 0.9, 2) * side - (56, 60)
        mask = cv2.warpAffine(head_mask(rng), matrix, (side, side))[..., None]
        light = rng.uniform(0.6, 1.3)
        face = cv2.warpAffine(crop.astype(np.float32) * light, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        out = out * (1 - mask) + face * mask
    return out.clip(0, 255).astype(np.uint8)


def weathered(picture, rng):
    """Light, colour, blur, noise and JPEG of a small camera, day and night: uint8 [S,S,3]."""
    out = picture.astype(np.float32)
    side = picture.shape[0]
    if rng.random() < 0.5:
        out = 255 * (out / 255) ** rng.uniform(0.6, 1.8)
    if rng.random() < 0.35:   # light from one side, or from behind
        ys, xs = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
        angle = rng.uniform(0, 2 * np.pi)
        out = out * (1 + rng.uniform(0.3, 1.2) * (xs * np.cos(angle) + ys * np.sin(angle)))[..., None]
    out = out * rng.uniform(0.45, 1.35) * (1 + rng.normal(0, 0.06, 3)) + rng.uniform(-15, 15)
    if rng.random() < 0.12:
        out[:] = out.mean(2, keepdims=True)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.8))
    if rng.random() < 0.5:
        out = out + rng.uniform(1, 10) * rng.standard_normal(out.shape).astype(np.float32)
    out = out.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))])[1], cv2.IMREAD_COLOR)
    return out


def scene(sources, rng, side):
    """One scene, uint8 [side,side,3] BGR."""
    kind = rng.random()
    make = from_picture if kind < 0.45 else pasted if kind < 0.72 else empty if kind < 0.86 else scrap
    out = make(sources, rng, side)
    if make in (empty, scrap) and rng.random() < 0.5:
        out = clutter(out, rng)
    return weathered(out, rng)
