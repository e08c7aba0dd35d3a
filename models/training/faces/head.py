"""A head and shoulders drawn around the average of a face, as one picture with transparency and a depth.

All coordinates are those of the 112x112 template (eyes at y = 52, mouth at y = 92), PIXELS to the unit; the canvas
begins at ORIGIN, so that hair, neck and shoulders have room.
"""
from dataclasses import dataclass
import cv2, numpy as np

PIXELS = 4                       # canvas pixels to one pixel of the template
ORIGIN = np.array([-84.0, -62.0])  # template coordinates of the canvas' first pixel
WIDTH, HEIGHT = 280, 330         # the canvas, in template pixels
CENTRE = np.array([56.0, 58.0])  # the middle of the head
HALF = np.array([42.0, 62.0])    # its half axes


@dataclass
class Look:
    """How the drawn part looks; colours are BGR."""
    hair: tuple
    hair_style: str     # short, long, bob, receding, afro
    clothes: tuple
    collar: str         # round, shirt, high
    extra: str = ""     # glasses, beard, brows
    width: float = 1.0  # of head and jaw
    dye: float = 1.0    # brightness of the hair in the pictures; which averages are taken was chosen with hair as it is above


LOOKS = [Look((34, 52, 82), "long", (150, 96, 60), "round"), Look((20, 20, 24), "cropped", (70, 110, 60), "shirt"),
         Look((16, 16, 20), "bob", (60, 70, 170), "high"), Look((18, 20, 24), "short", (165, 150, 140), "shirt", "beard"),
         Look((120, 125, 130), "receding", (95, 60, 40), "shirt", "glasses", 1.05), Look((18, 20, 26), "afro", (60, 160, 200), "round"),
         Look((18, 18, 20), "fringe", (70, 70, 74), "high"), Look((165, 185, 196), "bob", (130, 80, 120), "round", dye=0.5)]


@dataclass
class Head:
    pixels: np.ndarray   # float32 [H,W,3] BGR 0..255
    alpha: np.ndarray    # float32 [H,W] 0..1
    depth: np.ndarray    # float32 [H,W], template pixels towards the camera; 0 for what does not turn with the head


def grid():
    """Template coordinates x, y of every canvas pixel: two float32 [H,W]."""
    ys, xs = np.mgrid[: HEIGHT * PIXELS, : WIDTH * PIXELS].astype(np.float32)
    return xs / PIXELS + np.float32(ORIGIN[0]), ys / PIXELS + np.float32(ORIGIN[1])


def soft(distance, width):
    """1 inside (distance < 0), 0 outside, a smooth step of the given width."""
    t = np.clip(0.5 - distance / width, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def ellipse(x, y, cx, cy, a, b):
    """Roughly the signed distance to an ellipse, negative inside."""
    return (np.sqrt(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2) - 1) * min(a, b)


def noise(rng, shape, sigma):
    """Smooth noise of unit spread; sigma in pixels or (along y, along x)."""
    sy, sx = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    n = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), sigmaX=sx, sigmaY=sy)
    return n / n.std()


def spread(picture, known, levels=8):
    """Fills where known [H,W] is 0 from what is near and known (push and pull): float32 [H,W,3]."""
    total, weight = picture * known[..., None], known.copy()
    stack = [(total, weight)]
    for _ in range(levels):
        total, weight = cv2.pyrDown(total), cv2.pyrDown(weight)
        stack.append((total, weight))
    out = stack[-1][0] / (stack[-1][1][..., None] + 1e-6)
    for total, weight in stack[-2::-1]:
        up = cv2.pyrUp(out, dstsize=(total.shape[1], total.shape[0]))
        share = np.clip(weight * 1.5, 0, 1)[..., None]
        out = total / (weight[..., None] + 1e-6) * share + up * (1 - share)
    return out


def strands(rng, x, y):
    """Hair texture of about unit spread: lines that run away from the crown."""
    dx, dy = x - CENTRE[0], y - (CENTRE[1] - 52)
    angle, radius = np.arctan2(dx, dy + 30), np.sqrt(dx ** 2 + dy ** 2)
    total = 0
    for count, gain in ((240, 0.5), (700, 0.6), (1500, 0.5)):
        table = cv2.GaussianBlur(rng.standard_normal((24, count)).astype(np.float32), (0, 0), 1.0)
        wave = 0.012 * np.sin(radius / 9)
        u = ((angle + wave) / (2 * np.pi) + 0.5) * count
        total = total + gain * cv2.remap(table, (u % count).astype(np.float32), (radius / 12 % 23).astype(np.float32), cv2.INTER_LINEAR)
    return total / total.std()


def over(base, alpha, layer, mask):
    """Puts layer over base where mask says so; both alphas are straight."""
    base[:] = base * (1 - mask[..., None]) + layer * mask[..., None]
    np.maximum(alpha, mask, out=alpha)


def hair_masks(style, x, y):
    """Behind the head, and over its top: two float32 [H,W]."""
    cx, cy = CENTRE
    nothing = np.zeros_like(x)
    side = np.abs(x - cx)
    if style == "long":
        back = np.maximum(soft(ellipse(x, y, cx, cy - 8, 54, 66), 4), soft(np.maximum(side - 51 - 3 * np.sin((y - cy) / 17), y - 150 - 0.1 * side), 7) * soft(cy - 6 - y, 20))
        line = 9 + 0.022 * (x - cx - 6) ** 2
    elif style == "bob":
        back = np.maximum(soft(ellipse(x, y, cx, cy - 8, 53, 66), 4), soft(np.maximum(side - 52 + 0.04 * (y - cy), y - 112), 7) * soft(cy - 4 - y, 20))
        line = 20 + 0.012 * (x - cx + 10) ** 2
    elif style == "afro":
        back, line = soft(ellipse(x, y, cx, cy - 22, 66, 66), 7), 9 + 0.02 * (x - cx) ** 2
    elif style == "receding":
        back, line = soft(ellipse(x, y, cx, cy - 6, 44.5, 60), 3), -3 + 0.055 * np.maximum(side - 6, 0) ** 1.75 + nothing
    elif style == "fringe":
        back, line = soft(ellipse(x, y, cx - 2, cy - 10, 48, 64), 6), 24 + 0.000012 * (x - cx) ** 4 - 0.14 * (x - cx) + 1.5 * np.sin(x / 2.3)
    elif style == "cropped":
        back, line = soft(ellipse(x, y, cx, cy - 5, 43.5, 61), 2), 6 + 0.00003 * (x - cx) ** 4
    else:
        back, line = soft(ellipse(x, y, cx + 1, cy - 9, 46, 64), 4), 10 + 0.000028 * (x - cx) ** 4 + 0.05 * (x - cx)
    top = soft(y - line, 5) * np.maximum(soft(ellipse(x, y, cx, cy - 3, 44, 64), 3), back) * soft(y - (70 if style in ("short", "receding", "cropped", "fringe") else 400), 14)
    return back if style in ("long", "bob", "afro") else back * soft(y - 60, 20), top


def shows(x, y):
    """Where the average itself is seen: inside the brows, cheeks and chin."""
    return soft(ellipse(x, y, 56, 68, 32, 40), 7) * soft(31 - y, 6)


def frame_of(average, look, rng):
    """The drawn head as an aligned crop, and where the average shows in it: float32 [112,112,3] and [112,112]."""
    head = draw_head(average, look, rng)
    left, top = (-ORIGIN * PIXELS).astype(int)
    cut = slice(top, top + 112 * PIXELS), slice(left, left + 112 * PIXELS)
    pixels = (head.pixels * head.alpha[..., None] + 120 * (1 - head.alpha[..., None]))[cut]
    ys, xs = np.mgrid[:112, :112].astype(np.float32)
    return cv2.resize(pixels, (112, 112), interpolation=cv2.INTER_AREA), shows(xs, ys)


def draw_head(average, look, rng):
    """average: uint8 [448,448,3]. Returns the head, seen from the front, in even light."""
    x, y = grid()
    shape = x.shape
    left, top = (-ORIGIN * PIXELS).astype(int)
    face = np.zeros(shape + (3,), np.float32)
    side = average.shape[0]
    face[top : top + side, left : left + side] = average
    inner = shows(x, y)
    pixels_of_skin = spread(face, (inner > 0.98).astype(np.float32) * soft(ellipse(x, y, 56, 72, 30, 33), 1))
    tone = np.median(face[(inner > 0.98) & (y > 60) & (y < 84) & (np.abs(x - 56) > 12)], 0).astype(np.float32)
    skin = 0.55 * cv2.GaussianBlur(pixels_of_skin, (0, 0), 14) + 0.45 * tone

    head_distance = np.minimum(ellipse(x, y, 56, 54, 42 * look.width, 60), ellipse(x, y, 56, 76, 35 * look.width, 42))
    edge = np.clip(-head_distance / 22, 0, 1)[..., None]
    skin_head = skin * (0.72 + 0.28 * edge ** 0.7)
    base, alpha = np.zeros_like(face), np.zeros(shape, np.float32)
    texture = strands(rng, x, y)
    hair = np.array(look.hair, np.float32) * (1 + 0.30 * texture[..., None]) + 10 * np.maximum(texture, 0)[..., None]
    hair = hair * (1.15 - 0.35 * np.clip((y + 10) / 130, 0, 1))[..., None]
    back, front = hair_masks(look.hair_style, x, y)
    if look.hair_style == "afro":
        curls = noise(rng, shape, 5) + noise(rng, shape, 2.5)
        hair = np.array(look.hair, np.float32) * (1 + 0.35 * curls[..., None]) + 6
    over(base, alpha, hair * 0.75, back)

    neck = soft(np.abs(x - 56) - 25 - 0.0022 * np.maximum(y - 95, 0) ** 2, 5) * (y > 70)
    under = 0.62 + 0.2 * np.clip((y - 112) / 30, 0, 1)
    over(base, alpha, skin * under[..., None] * (1 - 0.006 * np.abs(x - 56))[..., None], neck * soft(y - 175, 4))
    shoulders = y - (128 + 0.30 * np.maximum(np.abs(x - 56) - 22, 0) + 60 * (np.abs(x - 56) / 98) ** 8)
    opening = {"round": ellipse(x, y, 56, 120, 34, 24), "shirt": np.maximum(np.abs(x - 56) - (156 - y) * 0.55, y - 156), "high": ellipse(x, y, 56, 116, 26, 10)}[look.collar]
    cloth = np.array(look.clothes, np.float32) * (1 + 0.03 * noise(rng, shape, (1.5, 1.5)) + 0.05 * noise(rng, shape, (60, 24)))[..., None]
    cloth = cloth * (1.08 - 0.0028 * np.abs(x - 56))[..., None]
    rim = np.exp(-np.maximum(opening, 0) / 2.5)[..., None]
    cloth_mask = soft(-shoulders, 3) * soft(-opening, 2)
    over(base, alpha, cloth * (1 - 0.35 * rim), cloth_mask)
    if look.collar in ("shirt", "high"):
        band = soft(np.maximum(np.abs(opening - 4) - 5, np.maximum(112 - y, y - 160)), 2) * soft(-shoulders - 18, 3)
        over(base, alpha, cloth * (1.16 - 0.5 * np.exp(-np.abs(opening - 9) / 1.2))[..., None], band)

    for mirror in (-1, 1):
        ear = ellipse(x, y, 56 + mirror * 41.5, 63, 5.5, 12)
        over(base, alpha, skin * (0.72 + 0.10 * np.cos(ear * 1.2))[..., None], soft(ear, 2))
    over(base, alpha, skin_head, soft(head_distance, 2))
    lit = face * (0.86 + 0.14 * edge)
    over(base, alpha, lit, inner)
    grain = 0.014 * noise(rng, shape, 1.3) + 0.006 * noise(rng, shape, 3.5)
    base *= (1 + grain * soft(head_distance, 4))[..., None]
    if look.hair_style == "long" or look.hair_style == "bob":
        locks = soft(np.minimum(np.abs(x - 56 + 47 + 2 * np.sin(y / 15)), np.abs(x - 56 - 47 - 2 * np.sin(y / 13))) - 9, 6) * soft(y - (112 if look.hair_style == "bob" else 150), 8) * soft(44 - y, 40)
        front = np.maximum(front, locks)
    if look.extra == "beard":
        jaw = soft(head_distance + 1, 3) * soft(84 - y - 0.0011 * (x - 56) ** 2 * 12 + 0 * x, 9)
        jaw = np.maximum(jaw, soft(np.abs(y - 86 - 0.012 * (x - 56) ** 2) - 3.4, 3) * soft(np.abs(x - 56) - 16, 4))
        lips = soft(ellipse(x, y, 56, 92.5, 14, 5), 3)
        stubble = np.clip(0.62 + 0.30 * noise(rng, shape, (2.6, 1.4)), 0, 1) * jaw * (1 - lips)
        base[:] = base * (1 - 0.8 * stubble[..., None]) + np.array(look.hair, np.float32) * 0.8 * stubble[..., None]
    if look.extra == "glasses":
        for mirror in (-1, 1):
            lens = np.maximum(np.abs(x - 56 - mirror * 18.3) - 12.5, np.abs(y - 53.5) - 8.5)
            lens = np.where((np.abs(x - 56 - mirror * 18.3) > 8) & (np.abs(y - 53.5) > 4), np.hypot(np.abs(x - 56 - mirror * 18.3) - 8, np.abs(y - 53.5) - 4) - 4.5, lens)
            base += 9 * soft(lens, 2)[..., None] * soft(np.abs(x + y - 108 - mirror * 18) - 3, 4)[..., None]
            over(base, alpha, np.full_like(base, 28), soft(np.abs(lens) - 0.7, 0.7))
            over(base, alpha, np.full_like(base, 30), soft(np.maximum(np.abs(y - 51 + 0.1 * mirror * (x - 56)) - 0.9, -(mirror * (x - 56) - 31)), 0.7) * soft(head_distance + 1, 1))
        over(base, alpha, np.full_like(base, 28), soft(np.maximum(np.abs(y - 50 - 0.02 * (x - 56) ** 2) - 0.8, np.abs(x - 56) - 6.2), 0.7))
    shadow = cv2.GaussianBlur(front, (0, 0), 10)
    base *= (1 - 0.35 * shadow * (1 - front) * soft(head_distance, 2))[..., None]
    over(base, alpha, hair, front)

    u2 = ((x - CENTRE[0]) / (HALF[0] + 14)) ** 2 + ((y - CENTRE[1]) / (HALF[1] + 14)) ** 2
    nose = np.exp(-((x - 56) / 6.5) ** 2 - ((y - 70) / 9.0) ** 2)
    depth = 40 * np.maximum(1 - u2, 0) + 7 * nose
    return Head(base.clip(0, 255), alpha, (depth * soft(y - 118, 40)).astype(np.float32))
