"""The gate's own camera: what it makes of a scene, live or shown to it. Both go through it, so that it gives nothing away.

Wide on purpose, as a bad camera must not look like an attack: dark, blurred, noisy, sharpened, packed, grey. Everything is float32
[H,W,3] BGR 0..255; blur is in pixels of the 80x80 crop, whatever the size of the scene.
"""
from functools import lru_cache
import cv2, numpy as np

CROP_OF_SCENE = 0.8 / 80   # a scene is some 100/80 of the crop that is cut from it


@lru_cache(maxsize=64)
def coordinates(high, wide):
    ys, xs = np.mgrid[:high, :wide].astype(np.float32)
    return xs, ys


def noise(shape, rng):
    """Standard normal, float32."""
    cv2.setRNGSeed(int(rng.integers(1 << 31)))
    return cv2.randn(np.empty(shape, np.float32), 0, 1)


def gamma(picture, power):
    return 255 * cv2.pow(np.clip(picture, 0, 255) / 255, float(power))


def tint(rng, spread):
    return (1 + rng.normal(0, spread, 3)).astype(np.float32)


def spot(shape, rng, wide=(0.05, 0.3), long=(0.2, 2.0)):
    """A soft spot or band of light, float32 [H,W,1] 0..1."""
    xs, ys = coordinates(*shape[:2])
    a = rng.uniform(0, np.pi)
    x, y = xs - np.float32(rng.uniform(0, shape[1])), ys - np.float32(rng.uniform(0, shape[0]))
    u, v = x * np.float32(np.cos(a)) + y * np.float32(np.sin(a)), y * np.float32(np.cos(a)) - x * np.float32(np.sin(a))
    return np.exp(-(u / np.float32(rng.uniform(*wide) * shape[1])) ** 2 - (v / np.float32(rng.uniform(*long) * shape[0])) ** 2)[..., None]


def slope(shape, rng, most):
    """Light from one side: a factor, float32 [H,W,1] about 1."""
    xs, ys = coordinates(*shape[:2])
    a = rng.uniform(0, 2 * np.pi)
    return 1 + np.float32(rng.uniform(0, most)) * ((xs / shape[1] - 0.5) * np.float32(2 * np.cos(a)) + (ys / shape[0] - 0.5) * np.float32(2 * np.sin(a)))[..., None]


def optics(out, rng):
    pixel = max(out.shape[:2]) * CROP_OF_SCENE
    if rng.random() < 0.3:
        out = out * slope(out.shape, rng, 0.5)
    if rng.random() < 0.12:   # back light or a lamp in the lens
        out = out * np.float32(rng.uniform(0.4, 0.95)) + np.float32(rng.uniform(30, 220)) * spot(out.shape, rng, (0.2, 1.0), (0.2, 1.5))
    if rng.random() < 0.1:    # haze of a dirty lens
        out = out * np.float32(rng.uniform(0.55, 0.9)) + np.float32(rng.uniform(15, 80))
    if rng.random() < 0.75:
        out = cv2.GaussianBlur(out, (0, 0), max(0.2, pixel * np.exp(rng.uniform(np.log(0.15), np.log(1.2)))))
    if rng.random() < 0.1:    # a face that moves
        length = 2 * int(np.ceil(pixel * rng.uniform(0.5, 1.6))) + 1
        kernel = np.zeros((length, length), np.float32)
        cv2.line(kernel, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), 1, 1)
        out = cv2.filter2D(out, -1, kernel / kernel.sum())
    if rng.random() < 0.2:    # few pixels, enlarged
        high, wide = out.shape[:2]
        few = rng.uniform(0.9, 2.0) * pixel
        if few > 1.2:
            small = cv2.resize(out, (int(wide / few), int(high / few)), interpolation=cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR)
            out = cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC if rng.random() < 0.4 else cv2.INTER_LINEAR)
    return out


def exposed(out, rng):
    """The camera's own exposure, which follows the light for the most part."""
    light = float(np.clip(out.mean(), 8, 230))
    return out * np.float32((np.exp(rng.normal(np.log(105), 0.3)) / light) ** rng.uniform(0.3, 0.95))


def sensor(out, rng):
    out = gamma(exposed(out, rng), rng.uniform(0.75, 1.35)) * (np.float32(rng.uniform(0.75, 1.2)) * tint(rng, 0.07)) + np.float32(rng.uniform(-12, 8))
    grain = np.exp(rng.uniform(np.log(0.5), np.log(11)))
    out = out + np.float32(grain) * noise(out.shape, rng)
    if rng.random() < 0.15:   # blotches of colour in the dark
        out = out + np.float32(grain * rng.uniform(1, 4)) * cv2.GaussianBlur(noise(out.shape, rng), (0, 0), rng.uniform(1.5, 4))
    if rng.random() < 0.25:   # noise reduction
        out = cv2.medianBlur(out.clip(0, 255).astype(np.uint8), 3).astype(np.float32)
    if rng.random() < 0.45:
        out = out + np.float32(rng.uniform(0.2, 1.3)) * (out - cv2.GaussianBlur(out, (0, 0), rng.uniform(0.8, 2.0)))
    if rng.random() < 0.15:
        grey = out.mean(2, keepdims=True)
        out = grey + np.float32(rng.uniform(0.4, 1.5)) * (out - grey)
    if rng.random() < 0.07:   # by night: infrared
        out = np.repeat(out @ rng.dirichlet((1, 1, 2)).astype(np.float32)[:, None], 3, 2)
    return out


def recaptured(scene, rng):
    """What the gate's camera makes of a scene: uint8 [H,W,3]."""
    out = sensor(optics(scene.astype(np.float32), rng), rng).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.75:
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 97))])[1], cv2.IMREAD_COLOR)
    return out
