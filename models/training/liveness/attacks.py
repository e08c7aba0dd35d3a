"""Recapture simulated: what print and screen do to a picture before a camera sees it.

Every function takes and gives float32 [H,W,3] BGR 0..255. A kind of attack is a way to show a picture (its surface) and how
much of its edge the camera sees. How it is held is `liveness.scenes`; the camera, the same for the living, is `liveness.camera`.
"""
from dataclasses import dataclass
import cv2, numpy as np
from liveness.camera import coordinates, gamma, noise, slope, spot, tint


@dataclass
class Kind:
    surface: str      # print or screen
    edge: str         # near: the edge is inside the crop; far: outside; outline: cut out along the head


KINDS = {"sheet": Kind("print", "near"), "print_close": Kind("print", "far"), "cut_out": Kind("print", "outline"),
         "telephone": Kind("screen", "near"), "monitor": Kind("screen", "far")}


def faded(picture, rng, saturation):
    grey = picture.mean(2, keepdims=True)
    return grey + np.float32(rng.uniform(*saturation)) * (picture - grey)


# ---- print -------------------------------------------------------------------------------------------------------------

def paper(picture, rng):
    """Ink on paper: the gamut shrinks, black is grey, white is the paper's; dots or ink-jet noise; office paper or a glossy photograph."""
    glossy = rng.random() < 0.35
    out = gamma(faded(picture, rng, (0.8, 1.15) if glossy else (0.35, 0.95)), rng.uniform(0.65, 1.4))
    black, white = (rng.uniform(6, 40), rng.uniform(215, 255)) if glossy else (rng.uniform(18, 90), rng.uniform(175, 250))
    out = (np.float32(black) + np.float32((white - black) / 255) * out) * tint(rng, 0.05)
    if rng.random() < 0.2:       # a printer without colour
        out = np.repeat(out.mean(2, keepdims=True), 3, 2) * tint(rng, 0.03)
    kind = rng.random()
    if kind < 0.3:
        out = out + dots(out.shape, rng)
    elif kind < 0.7:
        out = out + np.float32(rng.uniform(1, 10)) * cv2.GaussianBlur(noise(out.shape, rng), (0, 0), rng.uniform(0.4, 1.2))
        out = out * banding(out.shape, rng)
    if rng.random() < 0.2:       # few levels of ink
        levels = np.float32(255 / rng.integers(8, 24))
        out = np.round(out / levels) * levels
    if rng.random() < 0.25:
        out = out * crease(out.shape, rng)
    return out + np.float32(rng.uniform(20, 150)) * spot(out.shape, rng) if rng.random() < (0.5 if glossy else 0.15) else out


def dots(shape, rng):
    """Halftone: a rotated screen for each ink."""
    xs, ys = coordinates(*shape[:2])
    out, pitch, depth = np.empty(shape, np.float32), 2 * np.pi / rng.uniform(1.7, 5.0), rng.uniform(5, 32)
    for k in range(3):
        a = rng.uniform(0, np.pi)
        c, s = np.float32(np.cos(a) * pitch), np.float32(np.sin(a) * pitch)
        out[..., k] = np.float32(depth) * np.sin(xs * c + ys * s) * np.sin(ys * c - xs * s)
    return out


def banding(shape, rng):
    """Faint stripes of the print head."""
    along = np.arange(shape[0], dtype=np.float32)[:, None, None]
    return 1 + np.float32(rng.uniform(0, 0.06)) * np.sin(along * np.float32(2 * np.pi / rng.uniform(3, 14)))


def crease(shape, rng):
    xs, ys = coordinates(*shape[:2])
    a = rng.uniform(0, np.pi)
    d = (xs - shape[1] / 2) * np.float32(np.cos(a)) + (ys - shape[0] / 2) * np.float32(np.sin(a)) - np.float32(rng.uniform(-0.4, 0.4) * shape[1])
    return (1 + np.float32(rng.uniform(-0.3, 0.3)) * np.exp(-(d / np.float32(rng.uniform(1, 5))) ** 2))[..., None]


# ---- screen ------------------------------------------------------------------------------------------------------------

def display(picture, rng):
    """A screen: its own contrast, saturation and cold light, black that glows, seen a little from the side."""
    out = gamma(faded(picture, rng, (0.7, 1.4)), rng.uniform(0.75, 1.5))
    cold = np.array([rng.uniform(-0.05, 0.28), rng.normal(0, 0.05), rng.uniform(-0.2, 0.08)], np.float32)
    bright = np.exp(rng.normal(0, 0.3))
    out = out * (np.float32(bright) * (1 + cold)) + np.float32(rng.uniform(0, 40))
    if rng.random() < 0.4:
        out = out * slope(out.shape, rng, 0.3)
    if rng.random() < 0.3:
        out = out + np.float32(rng.uniform(0.05, 0.35)) * cv2.GaussianBlur(out, (0, 0), rng.uniform(3, 12))
    return out


def pixels(u, v, rng):
    """The beat of a screen's pixels with the camera's: a factor [H,W,3]. u, v [H,W]: where on the screen each camera pixel looks, in camera pixels.

    The camera samples the stripes of red, green and blue point by point, so that fine ones alias into slow coloured waves by themselves.
    """
    if rng.random() < 0.2:
        return np.float32(1)
    f, depth = np.exp(rng.uniform(np.log(0.12), np.log(2.3))), rng.uniform(0.015, 0.17)
    f_v, depth_v = f * rng.uniform(0.9, 1.1), depth * rng.uniform(0, 1)
    apart, first = rng.uniform(0, 2.1), rng.uniform(0, 6)
    out = np.empty((*u.shape, 3), np.float32)
    wave = u * np.float32(2 * np.pi * f)
    for k in range(3):
        out[..., k] = np.sin(wave + np.float32(first + k * apart))
    rows = np.sin(v * np.float32(2 * np.pi * f_v))[..., None]
    return (1 + np.float32(depth) * out) * (1 + np.float32(depth_v) * rows)


def reflected(shown, room, rng):
    """The room in the glass, or a lamp."""
    if rng.random() < 0.4:
        mirror = cv2.GaussianBlur(cv2.resize(room[:, ::-1], (shown.shape[1], shown.shape[0])), (0, 0), rng.uniform(0.5, 5))
        shown = shown + np.float32(rng.uniform(0.03, 0.3)) * mirror
    if rng.random() < 0.4:
        shown = shown + np.float32(rng.uniform(15, 140)) * spot(shown.shape, rng)
    if rng.random() < 0.2:    # the backlight's own beat with the shutter
        along = np.arange(shown.shape[0], dtype=np.float32)[:, None, None]
        shown = shown * (1 + np.float32(rng.uniform(0.03, 0.2)) * np.sin(along * np.float32(2 * np.pi / (rng.uniform(0.1, 0.8) * shown.shape[0])) + np.float32(rng.uniform(0, 6))))
    return shown


# ---- its edge ----------------------------------------------------------------------------------------------------------

def bordered(flat, surface, rng):
    """(picture, left, top): with the sheet's margin, or the frame of a telephone, tablet or monitor and what its screen shows beside the picture."""
    side = max(flat.shape[:2])
    ring = lambda picture, top, below, left, right, colour: cv2.copyMakeBorder(picture, int(top), int(below), int(left), int(right), cv2.BORDER_CONSTANT, value=[float(c) for c in colour])
    if surface == "print":
        t, b, l, r = rng.uniform(0, 0.14, 4) * side if rng.random() < 0.75 else np.zeros(4)
        return ring(flat, t, b, l, r, rng.uniform(170, 252) * tint(rng, 0.03)), int(l), int(t)
    top = 0
    if rng.random() < 0.5:    # bars above and below, dark or white, with some signs on them
        t, b = rng.uniform(0.02, 0.3, 2) * side
        shade = rng.uniform(0, 30) if rng.random() < 0.65 else rng.uniform(200, 255)
        flat, top = ring(flat, t, b, 0, 0, [shade] * 3), int(t)
        for _ in range(rng.integers(0, 7)):
            size = rng.uniform(0.1, 0.6) * min(t, b)
            x, y = rng.uniform(0, flat.shape[1]), rng.uniform(0, t - size) if rng.random() < 0.5 else flat.shape[0] - rng.uniform(size, b)
            cv2.rectangle(flat, (int(x), int(y)), (int(x + size * rng.uniform(1, 4)), int(y + size)), [float(c) for c in rng.uniform(0, 255) * tint(rng, 0.3)], -1)
    colour = rng.uniform(3, 60) * tint(rng, 0.05) if rng.random() < 0.75 else rng.uniform(120, 250) * tint(rng, 0.08)
    thin, above, below = rng.uniform(0.008, 0.07) * side, *(rng.uniform(0.01, 0.17, 2) * side)
    flat = ring(flat, above, below, thin, thin, colour)
    if rng.random() < 0.5:    # the rim
        cv2.rectangle(flat, (0, 0), (flat.shape[1] - 1, flat.shape[0] - 1), [float(c) for c in colour * np.float32(rng.uniform(0.5, 2.5))], int(rng.integers(1, 4)))
    return flat, int(thin), top + int(above)


def outline(shape, box, rng):
    """Mask of a picture cut out along head and shoulders, or a mask of the face alone: float32 [H,W]."""
    x, y, w, h = box
    cx, mask = x + w / 2, np.zeros(shape[:2], np.float32)
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    uneven = 1 + 0.05 * rng.standard_normal(3) @ np.stack([np.cos(k * around + rng.uniform(0, 6)) for k in (2, 3, 5)])
    rx, ry = w * rng.uniform(0.55, 0.95), h * rng.uniform(0.55, 0.85)
    head = np.stack([cx + rx * uneven * np.sign(np.cos(around)) * np.abs(np.cos(around)) ** 0.85, y + h * 0.44 + ry * uneven * np.sin(around)], 1)
    cv2.fillPoly(mask, [np.int32(head)], 1, cv2.LINE_AA)
    if rng.random() < 0.7:
        neck, shoulder, down = w * rng.uniform(0.3, 0.5), w * rng.uniform(0.9, 1.7), y + h * rng.uniform(1.15, 1.5)
        body = np.array([(cx - neck, y + h * 0.7), (cx + neck, y + h * 0.7), (cx + neck, y + h * 1.05), (cx + shoulder, down), (cx + shoulder * 1.1, y + 4 * h),
                         (cx - shoulder * 1.1, y + 4 * h), (cx - shoulder, down), (cx - neck, y + h * 1.05)])
        cv2.fillPoly(mask, [np.int32(body)], 1, cv2.LINE_AA)
    return mask


def fingers(scene, mask, rng):
    """Fingers over the lower or side edge of what is held, lit from one side."""
    ys, xs = np.nonzero(mask > 0.5)
    if not len(ys):
        return scene
    tone = np.float32([105, 135, 185]) * np.float32(rng.uniform(0.3, 1.25)) * tint(rng, 0.06)
    low, side = ys.max(), xs.min() if rng.random() < 0.5 else xs.max()
    width = max(3, int(rng.uniform(0.05, 0.1) * (ys.max() - ys.min())))
    for _ in range(rng.integers(1, 5)):
        below = rng.random() < 0.5
        tip = np.array([rng.integers(xs.min(), xs.max() + 1), low - rng.uniform(0.3, 2) * width]) if below else np.array([side, rng.uniform(ys.mean(), low)])
        end = tip + ([rng.normal(0, width), 5 * width] if below else [(5 if side > xs.mean() else -5) * width, rng.uniform(0, 3) * width])
        stroke = np.zeros(scene.shape[:2], np.float32)
        cv2.line(stroke, tuple(int(v) for v in tip), tuple(int(v) for v in end), 1, width, cv2.LINE_AA)
        shade = cv2.GaussianBlur(np.roll(stroke, int(width / 3), 1), (0, 0), width / 3)[..., None]
        stroke = stroke[..., None]
        scene = scene * (1 - stroke) + stroke * tone * (0.6 + 0.5 * shade)
    return scene
