"""Live scenes and attacks for the liveness net, made of pictures in which a face is known.

A source is a picture (uint8 [H,W,3] BGR) and one face's box in it. Both a live scene and an attack show the face at about
the same height and with what the source has around it, never more; only what is between the face and the camera differs.
"""
import cv2, numpy as np
from liveness.attacks import KINDS, bordered, display, fingers, outline, paper, pixels, reflected
from liveness.camera import recaptured, tint

REACH = 3.3   # side of the window in box sizes: more than the crop of 2.7


def face_height(box, rng):
    """Pixels in the camera's picture: never much more than the source has."""
    return float(np.clip(box[3] * np.exp(rng.uniform(-0.7, 0.45)), 30, 160))


def window(picture, box, reach):
    """The piece (a view) about the face that lies `reach` (left, right, up, down, in box sizes from its middle) away at most, and the box in it."""
    x, y, w, h = (float(v) for v in box)
    left, right = max(0, int(x + w / 2 - reach[0] * w)), min(picture.shape[1], int(x + w / 2 + reach[1] * w) + 1)
    top, bottom = max(0, int(y + h / 2 - reach[2] * h)), min(picture.shape[0], int(y + h / 2 + reach[3] * h) + 1)
    return picture[top:bottom, left:right], np.array([x - left, y - top, w, h])


def resized(piece, box, scale):
    """float32, after the blur that a smaller picture needs."""
    source = piece.astype(np.float32)
    if scale < 0.8:
        source = cv2.GaussianBlur(source, (0, 0), 0.35 / scale)
    out = cv2.resize(source, (max(8, round(piece.shape[1] * scale)), max(8, round(piece.shape[0] * scale))), interpolation=cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC)
    return out, box * np.array([out.shape[1] / piece.shape[1], out.shape[0] / piece.shape[0]] * 2)


def live(picture, box, rng):
    """(uint8 [H,W,3], box in it): the source itself before the camera, turned a little, now and then with a frame or a post beside the head."""
    piece, at = window(picture, box, REACH / 2 * np.exp(rng.normal(0, 0.06, 4)))
    scene, at = resized(piece, at, face_height(box, rng) / box[3])
    if rng.random() < 0.4:
        middle = at[:2] + at[2:] / 2
        turn = cv2.getRotationMatrix2D(middle.tolist(), rng.normal(0, 4), rng.uniform(1.0, 1.06))
        scene = cv2.warpAffine(scene, turn, scene.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)
    if rng.random() < 0.25:
        scene = beside(scene, at, rng)
    return recaptured(scene, rng), at


def beside(scene, at, rng):
    """Straight edges that are no attack: a door frame, a post, a picture on the wall, kept off the head."""
    high, wide = scene.shape[:2]
    scene, colour = scene.copy(), [float(v) for v in rng.uniform(5, 245) * tint(rng, 0.1)]
    x, y, w, h = at
    left, right, top = x - 0.35 * w, x + 1.35 * w, y - 0.45 * h
    for _ in range(rng.integers(1, 3)):
        side, thick = rng.random(), rng.uniform(0.03, 0.3) * w
        if side < 0.4 and left > 0.15 * w:
            edge = rng.uniform(0, left)
            cv2.rectangle(scene, (int(edge - thick), 0), (int(edge), high), colour, -1)
        elif side < 0.8 and right < wide - 0.15 * w:
            edge = rng.uniform(right, wide)
            cv2.rectangle(scene, (int(edge), 0), (int(edge + thick), high), colour, -1)
        elif top > 0.1 * h:
            edge = rng.uniform(0, top)
            cv2.rectangle(scene, (0, int(edge - thick)), (wide, int(edge)), colour, -1)
    return scene


def attack(picture, box, room, kind, rng):
    """(uint8 [H,W,3], box in it): the source shown by KINDS[kind] before the room (uint8 picture)."""
    k, height = KINDS[kind], face_height(box, rng)
    reach = REACH / 2 * np.exp(rng.normal(0, 0.06, 4)) if k.edge == "far" else rng.uniform(0.6, rng.uniform(1.2, 2.1), 4) if k.edge == "near" else np.full(4, 1.5)
    piece, face = window(picture, box, reach)
    flat, face = resized(piece, face, min(1.6, height * np.exp(rng.uniform(-0.2, 0.4)) / box[3]))   # the resolution at which it is printed or shown
    flat = paper(flat, rng) if k.surface == "print" else display(flat, rng)
    mask = np.ones(flat.shape[:2], np.float32)
    if k.edge == "near":
        flat, left, top = bordered(flat, k.surface, rng)
        face, mask = face + (left, top, 0, 0), np.ones(flat.shape[:2], np.float32)
    elif k.edge == "outline":
        mask = outline(flat.shape, face, rng)
        if rng.random() < 0.4:   # a rim of paper is left
            rim = cv2.dilate(mask, np.ones((int(rng.uniform(2, 9)),) * 2, np.uint8))
            flat, mask = flat * mask[..., None] + (1 - mask[..., None]) * np.float32(rng.uniform(180, 250)), rim
    return held(flat, mask, face, about(room, int(REACH * height), rng), height, k, rng)


def about(room, side, rng):
    """float32 [S,S,3]: a piece of the room behind, sharp or not."""
    high, wide = room.shape[:2]
    part = rng.uniform(0.4, 1)
    top, left = int(rng.uniform(0, 1 - part) * high), int(rng.uniform(0, 1 - part) * wide)
    scene = cv2.resize(room[top : top + int(part * high), left : left + int(part * wide)], (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    if rng.random() < 0.4:
        scene = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.5, 0.03 * side + 0.6))
    return scene * (np.float32(np.exp(rng.normal(-0.1, 0.35))) * tint(rng, 0.04))


def held(flat, mask, face, scene, height, kind, rng):
    """Holds flat [h,w,3] before the scene [S,S,3], tilted and bent, its face height pixels high, where mask [h,w] is 1; then the camera."""
    cx, cy, zoom = face[0] + face[2] / 2, face[1] + face[3] / 2, height / face[3]
    if kind.edge == "far":   # fills the picture
        size = (max(8, round(flat.shape[1] * zoom)), max(8, round(flat.shape[0] * zoom)))
        place, zoom = np.array([cx, cy]) * zoom, zoom * 1.05
    else:
        size = scene.shape[1::-1]
        place = np.array(size) / 2 + rng.normal(0, 0.06 * height, 2)
    corners = np.array([[0, 0], [flat.shape[1], 0], [flat.shape[1], flat.shape[0]], [0, flat.shape[0]]], np.float64)
    turn = np.radians(rng.normal(0, 2 if kind.edge == "far" else 6))
    placed = ((corners - (cx, cy)) * zoom) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    placed = placed * (1 + rng.normal(0, 0.02 if kind.edge == "far" else 0.04, (4, 1))) + place
    there = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    u, v, shade = looked_at(np.linalg.inv(there), size, flat.shape, kind.surface == "print" and rng.random() < 0.6, rng)
    if zoom < 0.8:
        flat = cv2.GaussianBlur(flat, (0, 0), 0.3 / zoom)
    far = kind.edge == "far"
    shown = cv2.remap(flat, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE if far else cv2.BORDER_CONSTANT) * shade
    if kind.surface == "screen":
        shown = reflected(shown * pixels(u * np.float32(zoom), v * np.float32(zoom), rng), scene, rng)
    if not far:
        cover = cv2.remap(mask, u, v, cv2.INTER_LINEAR)[..., None]
        if rng.random() < 0.6:
            dark = cv2.GaussianBlur(np.roll(cover[..., 0], tuple(rng.integers(-5, 8, 2)), (0, 1)), (0, 0), rng.uniform(2, 8))[..., None]
            scene = scene * (1 - np.float32(rng.uniform(0.1, 0.5)) * dark)
        shown = scene * (1 - cover) + shown * cover
        if rng.random() < (0.5 if kind.edge == "near" else 0.25):
            shown = fingers(shown, cover[..., 0], rng)
    return recaptured(shown, rng), seen_at(there, face)


def seen_at(there, face):
    """The box of a face [x y w h] after a projection: as wide and high as its sides have become, upright, as a detector would have it."""
    x, y, w, h = face
    a, b, c, d = cv2.perspectiveTransform(np.array([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]], np.float32), there)[0].astype(np.float64)
    size = np.array([np.linalg.norm(b - a) + np.linalg.norm(c - d), np.linalg.norm(d - a) + np.linalg.norm(c - b)]) / 2
    return np.concatenate([(a + b + c + d) / 4 - size / 2, size])


def looked_at(back, size, shape, bent, rng):
    """Where on the flat thing (pixels u, v [H,W]) each camera pixel looks, and how the light falls on it there."""
    xs, ys = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    b = back.astype(np.float32)
    w = b[2, 0] * xs + b[2, 1] * ys + b[2, 2]
    u, v = (b[0, 0] * xs + b[0, 1] * ys + b[0, 2]) / w, (b[1, 0] * xs + b[1, 1] * ys + b[1, 2]) / w
    if not bent:
        return u, v, np.float32(1)
    a, period = rng.uniform(-0.5, 0.5) + (np.pi / 2 if rng.random() < 0.3 else 0), rng.uniform(0.8, 2.5) * max(shape[:2])
    wave = (u * np.float32(np.cos(a)) + v * np.float32(np.sin(a))) * np.float32(2 * np.pi / period) + np.float32(rng.uniform(0, 6))
    push = np.float32(rng.uniform(0.0, 0.02) * max(shape[:2])) * np.cos(wave)
    shade = 1 + np.float32(rng.uniform(0.0, 0.3)) * np.sin(wave)[..., None]
    return u + push * np.float32(np.cos(a)), v + push * np.float32(np.sin(a)), shade
