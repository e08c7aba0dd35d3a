"""Recapture simulated: the same piece of a picture as a live scene, as print or screen in front of a second camera.

Every function takes and gives float32 [H,W,3] BGR 0..255. A kind of attack is a way to show a picture (its surface) and how
much of its edge the camera sees. Live pictures go through the same second camera, so that camera gives nothing away.
"""
from dataclasses import dataclass
import cv2, numpy as np


@dataclass
class Kind:
    surface: str      # print or screen
    edge: str         # near: the edge is inside the crop; far: outside; outline: cut out along the head


KINDS = {"sheet": Kind("print", "near"), "print_close": Kind("print", "far"), "cut_out": Kind("print", "outline"),
         "telephone": Kind("screen", "near"), "monitor": Kind("screen", "far")}


# ---- surfaces ----------------------------------------------------------------------------------------------------------

def coordinates(shape):
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return xs, ys


def paper(picture, rng):
    """Ink on paper: the gamut shrinks, black is grey, white is the paper's; dots or ink-jet noise, bends, sometimes glare."""
    grey = picture.mean(2, keepdims=True)
    out = (grey + rng.uniform(0.45, 0.95) * (picture - grey)) / 255
    out = out.clip(0, 1) ** rng.uniform(0.7, 1.3)
    black, white = rng.uniform(15, 75), rng.uniform(190, 250)
    out = (black + (white - black) * out) * (1 + rng.normal(0, 0.04, 3))
    xs, ys = coordinates(out.shape)
    kind = rng.random()
    if kind < 0.35:     # halftone: a rotated screen for each colour
        pitch, depth = rng.uniform(1.6, 4.0), rng.uniform(6, 28)
        for k in range(3):
            a = rng.uniform(0, np.pi)
            out[..., k] += depth * np.sin((xs * np.cos(a) + ys * np.sin(a)) * 2 * np.pi / pitch) * np.sin((ys * np.cos(a) - xs * np.sin(a)) * 2 * np.pi / pitch)
    elif kind < 0.7:    # ink-jet: grain in the ink, faint bands of the head
        out += rng.uniform(2, 10) * cv2.GaussianBlur(rng.standard_normal(out.shape).astype(np.float32), (0, 0), rng.uniform(0.5, 1.2))
        out *= (1 + rng.uniform(0, 0.04) * np.sin(ys * 2 * np.pi / rng.uniform(3, 12)))[..., None]
    if rng.random() < 0.3:
        out[:] = out.mean(2, keepdims=True) * (1 + rng.normal(0, 0.02, 3))
    high, wide = out.shape[:2]
    for _ in range(rng.integers(0, 3)):   # bends
        a, period = rng.uniform(0, np.pi), rng.uniform(0.5, 2.0) * wide
        out *= (1 + rng.uniform(0.03, 0.15) * np.sin((xs * np.cos(a) + ys * np.sin(a)) * 2 * np.pi / period + rng.uniform(0, 6)))[..., None]
    if rng.random() < 0.2:                # a crease
        a, at = rng.uniform(0, np.pi), rng.uniform(-0.3, 0.3) * wide
        d = (xs - wide / 2) * np.cos(a) + (ys - high / 2) * np.sin(a) - at
        out *= (1 + rng.uniform(-0.25, 0.25) * np.exp(-(d / rng.uniform(1, 4)) ** 2))[..., None]
    if rng.random() < 0.3:
        out += glare(out.shape, rng, rng.uniform(20, 120))
    return out


def glare(shape, rng, strength):
    """A soft bright spot or band."""
    xs, ys = coordinates(shape)
    a = rng.uniform(0, np.pi)
    u = (xs - rng.uniform(0, shape[1])) * np.cos(a) + (ys - rng.uniform(0, shape[0])) * np.sin(a)
    v = -(xs - rng.uniform(0, shape[1])) * np.sin(a) + (ys - rng.uniform(0, shape[0])) * np.cos(a)
    wide, long = rng.uniform(0.05, 0.3) * shape[1], rng.uniform(0.2, 2.0) * shape[0]
    return (strength * np.exp(-(u / wide) ** 2 - (v / long) ** 2))[..., None]


def display(picture, rng):
    """A screen: its own contrast and cold light, a pixel grid that beats with the camera's, glow, reflections."""
    out = 255 * (picture / 255).clip(0, 1) ** rng.uniform(0.8, 1.35)
    out = out * rng.uniform(0.55, 1.1) * (1 + np.array([rng.uniform(-0.02, 0.22), rng.normal(0, 0.03), rng.uniform(-0.15, 0.03)])) + rng.uniform(3, 40)
    xs, ys = coordinates(out.shape)
    if rng.random() < 0.75:   # sub-pixels and rows seen through the camera's grid: stripes with beats
        pitch, depth, a = rng.uniform(1.3, 3.5), rng.uniform(0.02, 0.16), rng.normal(0, 0.12)
        u, v = xs * np.cos(a) + ys * np.sin(a), ys * np.cos(a) - xs * np.sin(a)
        for k in range(3):
            out[..., k] *= 1 + depth * np.sin(u * 2 * np.pi / pitch + k * 2.1)
        out *= (1 + depth * 0.7 * np.sin(v * 2 * np.pi / (pitch * rng.uniform(0.8, 1.3))))[..., None]
    if rng.random() < 0.5:    # moire: slow coloured waves
        a, b = rng.uniform(0, np.pi, 2)
        pa, pb = rng.uniform(5, 40, 2)
        wave = np.sin((xs * np.cos(a) + ys * np.sin(a)) * 2 * np.pi / pa + 2 * np.sin((xs * np.cos(b) + ys * np.sin(b)) * 2 * np.pi / (pb * 4)))
        out += rng.uniform(2, 14) * wave[..., None] * (1 + rng.normal(0, 0.5, 3))
    if rng.random() < 0.25:   # rolling bands of the backlight
        out *= (1 + rng.uniform(0.03, 0.15) * np.sin(ys * 2 * np.pi / rng.uniform(20, 120) + rng.uniform(0, 6)))[..., None]
    if rng.random() < 0.5:
        glow = cv2.GaussianBlur(out, (0, 0), rng.uniform(3, 12))
        out = out + rng.uniform(0.05, 0.3) * glow
    if rng.random() < 0.45:
        out += glare(out.shape, rng, rng.uniform(15, 110))
    return out


# ---- how it is held ----------------------------------------------------------------------------------------------------

def bordered(flat, surface, rng):
    """The sheet's white margin, or the frame of a telephone or tablet."""
    side = max(flat.shape[:2])
    if surface == "print":
        width, colour = int(rng.uniform(0, 0.08) * side), (rng.uniform(200, 250) * (1 + rng.normal(0, 0.02, 3))).tolist()
        return cv2.copyMakeBorder(flat, width, width, width, width, cv2.BORDER_CONSTANT, value=colour)
    thin, thick = int(rng.uniform(0.01, 0.06) * side), int(rng.uniform(0.03, 0.16) * side)
    colour = [rng.uniform(5, 45)] * 3 if rng.random() < 0.8 else [rng.uniform(190, 245)] * 3
    return cv2.copyMakeBorder(flat, thick, thick, thin, thin, cv2.BORDER_CONSTANT, value=colour)


def outline(shape, box, rng):
    """Mask of a picture cut out along head and shoulders: float32 [H,W]."""
    x, y, w, h = box
    mask = np.zeros(shape[:2], np.float32)
    centre = (int(x + w / 2), int(y + h * 0.45))
    cv2.ellipse(mask, centre, (int(w * rng.uniform(0.62, 0.85)), int(h * rng.uniform(0.68, 0.85))), 0, 0, 360, 1, -1, cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.ellipse(mask, (centre[0], int(y + h * 2.1)), (int(w * rng.uniform(1.1, 1.6)), int(h * 1.15)), 0, 0, 360, 1, -1, cv2.LINE_AA)
    return mask


def fingers(scene, mask, rng):
    """Skin-coloured strokes over the lower or side edge of what is held."""
    ys, xs = np.nonzero(mask > 0.5)
    if not len(ys):
        return scene
    tone = np.array([110, 140, 190]) * rng.uniform(0.4, 1.2)
    low, side = ys.max(), xs.min() if rng.random() < 0.5 else xs.max()
    width = max(3, int(0.07 * (ys.max() - ys.min())))
    for _ in range(rng.integers(1, 4)):
        tip = (int(rng.integers(xs.min(), xs.max() + 1)), low - width) if rng.random() < 0.5 else (int(side), int(rng.integers(ys.min(), ys.max() + 1)))
        end = (int(tip[0] + rng.normal(0, width)), int(tip[1] + 4 * width))
        stroke = np.zeros(scene.shape[:2], np.float32)
        cv2.line(stroke, tip, end, 1, width, cv2.LINE_AA)
        stroke = stroke[..., None]
        scene = scene * (1 - stroke) + stroke * tone * rng.uniform(0.8, 1.1)
    return scene


# ---- the second camera -------------------------------------------------------------------------------------------------

def recaptured(scene, rng):
    """What the gate's camera makes of a scene, live or not: uint8 [H,W,3]."""
    out = scene
    if rng.random() < 0.8:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.3))
    if rng.random() < 0.1:
        kernel = np.zeros((7, 7), np.float32)
        cv2.line(kernel, (0, int(rng.integers(7))), (6, int(rng.integers(7))), 1, 1)
        out = cv2.filter2D(out, -1, kernel / kernel.sum())
    out = 255 * (out.clip(0, 255) / 255) ** rng.uniform(0.8, 1.3)
    out = out * rng.uniform(0.6, 1.25) * (1 + rng.normal(0, 0.05, 3)) + rng.uniform(-8, 8)
    out = out + rng.uniform(0.5, 7) * rng.standard_normal(out.shape).astype(np.float32)
    if rng.random() < 0.5:
        out = out + rng.uniform(0.2, 0.9) * (out - cv2.GaussianBlur(out, (0, 0), 1.2))
    out = out.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.75:
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))])[1], cv2.IMREAD_COLOR)
    return out
