"""Live scenes and attacks for the liveness net, made of pictures in which a face is known.

A source is a picture (uint8 [H,W,3] BGR) and one face's box in it. Both a live scene and an attack show the face at about
the same height in a square window about it; only what is between the face and the camera differs.
"""
import cv2, numpy as np
from liveness.attacks import KINDS, bordered, display, fingers, outline, paper, recaptured

REACH = 3.4   # side of the window in box heights: more than the crop of 2.7


def face_height(box, rng):
    """Pixels in the camera's picture: never much more than the source has."""
    return float(np.clip(box[3] * np.exp(rng.uniform(-0.5, 0.45)), 30, 130))


def live(picture, box, rng):
    """(uint8 [S,S,3], box in it): the source itself before the camera."""
    height = face_height(box, rng)
    scale, side = height / box[3], int(REACH * height)
    cx, cy = box[0] + box[2] / 2, box[1] + box[3] / 2
    matrix = cv2.getRotationMatrix2D((float(cx), float(cy)), rng.normal(0, 4), scale)
    matrix[:, 2] += side / 2 + rng.normal(0, 0.06 * height, 2) - (cx, cy)
    scene = warped(picture, matrix, (side, side), scale)
    at = matrix @ [cx, cy, 1]
    return recaptured(scene, rng), np.array([at[0] - box[2] * scale / 2, at[1] - height / 2, box[2] * scale, height])


def warped(picture, matrix, size, scale):
    """Bilinear, after the blur that a smaller picture needs: float32; the edge is repeated and faded."""
    source = picture.astype(np.float32)
    if scale < 0.8:
        source = cv2.GaussianBlur(source, (0, 0), 0.35 / scale)
    return cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def attack(picture, box, backdrop, kind, rng):
    """(uint8 [S,S,3], box in it): the source shown by KINDS[kind] before the backdrop (uint8 picture)."""
    k = KINDS[kind]
    height = face_height(box, rng)
    side = int(REACH * height)
    x, y, w, h = (float(v) for v in box)
    reach = rng.uniform(0.62, 1.25, 4) if k.edge == "near" else rng.uniform(1.9, 2.3, 4)
    left, right = x + w / 2 - reach[0] * w * 1.1, x + w / 2 + reach[1] * w * 1.1
    top, bottom = y + h / 2 - reach[2] * h, y + h / 2 + reach[3] * h
    shown = height * np.exp(rng.uniform(-0.1, 0.5)) / h      # resolution at which the picture is printed or shown
    matrix = np.array([[shown, 0, -left * shown], [0, shown, -top * shown]])
    size = max(8, int((right - left) * shown)), max(8, int((bottom - top) * shown))
    flat = warped(picture, matrix, size, shown)
    face = np.array([(x - left) * shown, (y - top) * shown, w * shown, h * shown])
    flat = paper(flat, rng) if k.surface == "print" else display(flat, rng)
    mask = outline(flat.shape, face, rng) if k.edge == "outline" else None
    if k.edge == "near":
        before = flat.shape
        flat = bordered(flat, k.surface, rng)
        face[:2] += (flat.shape[1] - before[1]) / 2, (flat.shape[0] - before[0]) / 2
    mask = np.ones(flat.shape[:2], np.float32) if mask is None else mask
    scene = cv2.resize(backdrop.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return presented(flat, mask, face, scene, height, k, rng)


def presented(flat, mask, face, scene, height, kind, rng):
    """Holds flat [h,w,3] before the scene [S,S,3], a little tilted, its face height pixels high; then the camera."""
    side, scale = scene.shape[0], height / face[3]
    cx, cy = face[0] + face[2] / 2, face[1] + face[3] / 2
    turn = np.radians(rng.normal(0, 5))
    corners = np.array([[0, 0], [flat.shape[1], 0], [flat.shape[1], flat.shape[0]], [0, flat.shape[0]]], np.float64)
    placed = ((corners - (cx, cy)) * scale) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    placed = placed * (1 + rng.normal(0, 0.03, (4, 1))) + side / 2 + rng.normal(0, 0.06 * height, 2)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    if scale < 0.8:
        flat = cv2.GaussianBlur(flat, (0, 0), 0.3 / scale)
    shown = cv2.warpPerspective(flat.astype(np.float32), matrix, (side, side), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(mask, matrix, (side, side), flags=cv2.INTER_LINEAR)[..., None]
    if kind.edge != "far" and rng.random() < 0.6:
        shadow = cv2.GaussianBlur(np.roll(mask[..., 0], tuple(rng.integers(-5, 8, 2)), (0, 1)), (0, 0), rng.uniform(2, 8))
        scene = scene * (1 - rng.uniform(0.1, 0.5) * shadow[..., None])
    scene = scene * rng.uniform(0.6, 1.2)
    scene = scene * (1 - mask) + shown * mask
    if kind.edge == "near" and rng.random() < 0.5:
        scene = fingers(scene, mask[..., 0], rng)
    c = cv2.perspectiveTransform(np.array([[[cx - face[2] / 2, cy - face[3] / 2], [cx + face[2] / 2, cy + face[3] / 2]]], np.float32), matrix)[0]
    return recaptured(scene, rng), np.array([c[0, 0], c[0, 1], c[1, 0] - c[0, 0], c[1, 1] - c[0, 1]])
