"""Backgrounds drawn from noise and lines, and the camera that takes the picture."""
import cv2, numpy as np
from faces.head import noise

HEIGHT, WIDTH = 480, 640


def gradient(low, high, angle):
    """float32 [480,640,3]: from colour low to colour high along a direction."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    t = (xs / WIDTH - 0.5) * np.cos(angle) + (ys / HEIGHT - 0.5) * np.sin(angle) + 0.5
    return (np.array(low, np.float32) * (1 - t[..., None]) + np.array(high, np.float32) * t[..., None]).astype(np.float32)


def wall(rng):
    """A plastered wall with a door frame and a switch."""
    tone = np.array(rng.uniform(0.85, 1.05, 3)) * rng.uniform(120, 200)
    out = gradient(tone, tone * rng.uniform(0.6, 0.9), rng.uniform(0, 6.3))
    out *= 1 + 0.03 * noise(rng, (HEIGHT, WIDTH, 1), 12)[..., None] + 0.015 * noise(rng, (HEIGHT, WIDTH, 1), 2)[..., None]
    x = int(rng.integers(20, 150) if rng.random() < 0.5 else rng.integers(430, 560))
    wood = np.array([60, 90, 130]) * rng.uniform(0.7, 1.3)
    cv2.rectangle(out, (x, 30), (x + 170, HEIGHT), wood.tolist(), -1)
    cv2.rectangle(out, (x, 30), (x + 170, HEIGHT), (wood * 0.55).tolist(), 9)
    cv2.rectangle(out, (x + 30, 70), (x + 140, 240), (wood * 0.85).tolist(), 4)
    cv2.rectangle(out, (x - 45, 250), (x - 25, 280), (225, 228, 230), -1)
    return out


def bricks(rng):
    tone = np.array([70, 85, 150]) * rng.uniform(0.7, 1.2)
    out = np.empty((HEIGHT, WIDTH, 3), np.float32)
    out[:] = (150, 160, 165)
    high, long = 26, 74
    for row in range(HEIGHT // high + 1):
        for column in range(-1, WIDTH // long + 2):
            x = column * long + (row % 2) * long // 2
            cv2.rectangle(out, (x, row * high), (x + long - 5, row * high + high - 5), (tone * rng.uniform(0.75, 1.2)).tolist(), -1)
    return out * (1 + 0.06 * noise(rng, (HEIGHT, WIDTH, 1), 1.5)[..., None]) * gradient((1, 1, 1), (0.7, 0.7, 0.7), rng.uniform(0, 6.3))


def garden(rng):
    """Sky, leaves and a lawn."""
    out = gradient((235, 215, 190), (200, 190, 180), 1.57)
    leaf = np.array([50, 110, 80]) * rng.uniform(0.7, 1.1)
    for scale, gain in ((26, 0.8), (9, 0.9), (4, 0.7)):
        n = noise(rng, (HEIGHT, WIDTH, 1), scale)
        ys = np.mgrid[:HEIGHT, :WIDTH][0] / HEIGHT
        mask = np.clip((n + 2.6 * ys - 0.7) * 2, 0, 1)[..., None]
        out = out * (1 - mask) + mask * (leaf * (1 + gain * 0.4 * noise(rng, (HEIGHT, WIDTH, 1), scale / 2)[..., None]))
    return out


def corridor(rng):
    """Floor, ceiling, two walls and lamps, in perspective."""
    vx, vy = rng.integers(250, 390), rng.integers(170, 260)
    tone = np.array(rng.uniform(0.9, 1.05, 3))
    out = np.empty((HEIGHT, WIDTH, 3), np.float32)
    for corners, level in ((((0, 0), (WIDTH, 0)), 205), (((WIDTH, 0), (WIDTH, HEIGHT)), 150), (((WIDTH, HEIGHT), (0, HEIGHT)), 95), (((0, HEIGHT), (0, 0)), 165)):
        cv2.fillPoly(out, [np.array([corners[0], corners[1], (vx, vy)], np.int32)], (tone * level).tolist())
    for t in (0.35, 0.5, 0.62, 0.72, 0.8):
        a, b = (1 - t) * np.array([0, 60]) + t * np.array([vx, vy]), (1 - t) * np.array([0, HEIGHT]) + t * np.array([vx, vy])
        cv2.line(out, tuple(a.astype(int).tolist()), tuple(b.astype(int).tolist()), (tone * 95).tolist(), 5)
        a, b = (1 - t) * np.array([WIDTH, 60]) + t * np.array([vx, vy]), (1 - t) * np.array([WIDTH, HEIGHT]) + t * np.array([vx, vy])
        cv2.line(out, tuple(a.astype(int).tolist()), tuple(b.astype(int).tolist()), (tone * 85).tolist(), 5)
        p = (1 - t) * np.array([WIDTH / 2, 0]) + t * np.array([vx, vy])
        cv2.ellipse(out, tuple(p.astype(int).tolist()), (int(60 * (1 - t)), int(18 * (1 - t))), 0, 0, 360, (250, 250, 250), -1)
    cv2.rectangle(out, (vx - 40, vy - 45), (vx + 40, vy + 70), (tone * 120).tolist(), -1)
    return out * (1 + 0.02 * noise(rng, (HEIGHT, WIDTH, 1), 3)[..., None])


def street(rng):
    """Evening: dark fronts with lit windows, lamps out of focus."""
    out = gradient((120, 85, 60), (60, 45, 40), 1.57)
    for _ in range(9):
        x, w, top = int(rng.integers(-40, WIDTH)), int(rng.integers(60, 160)), int(rng.integers(20, 260))
        tone = np.array([70, 62, 60]) * rng.uniform(0.5, 1.3)
        cv2.rectangle(out, (x, top), (x + w, HEIGHT), tone.tolist(), -1)
        for wy in range(top + 12, HEIGHT - 20, 34):
            for wx in range(x + 8, x + w - 18, 28):
                if rng.random() < 0.4:
                    cv2.rectangle(out, (wx, wy), (wx + 13, wy + 18), (np.array([110, 180, 230]) * rng.uniform(0.5, 1.1)).tolist(), -1)
    for _ in range(14):
        cv2.circle(out, (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))), int(rng.integers(4, 14)), rng.uniform(120, 255, 3).tolist(), -1)
    return out


def office(rng):
    """Shelves with books, a window."""
    out = gradient((190, 195, 200), (150, 155, 165), rng.uniform(0, 6.3))
    cv2.rectangle(out, (int(rng.integers(380, 460)), 40), (620, 260), (245, 240, 230), -1)
    for shelf in range(60, HEIGHT, 95):
        x = 0
        while x < 330:
            w, h = int(rng.integers(9, 24)), int(rng.integers(50, 80))
            cv2.rectangle(out, (x, shelf + 80 - h), (x + w - 2, shelf + 80), rng.uniform(40, 200, 3).tolist(), -1)
            x += w
        cv2.rectangle(out, (0, shelf + 80), (340, shelf + 88), (60, 90, 120), -1)
    return out


BACKGROUNDS = (wall, garden, corridor, bricks, street, office)


def background(rng, kind, blur):
    """float32 [480,640,3] BGR, out of focus by blur pixels."""
    return cv2.GaussianBlur(BACKGROUNDS[kind](rng).clip(0, 255).astype(np.float32), (0, 0), blur)


def camera(picture, rng, exposure=1.0, warmth=0.0, grain=2.5, blur=0.7):
    """What a small camera makes of float32 [480,640,3]: lens, vignette, colour, sensor noise, sharpening. uint8 BGR."""
    out = cv2.GaussianBlur(picture, (0, 0), blur)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    vignette = 1 - 0.22 * (((xs - WIDTH / 2) / WIDTH) ** 2 + ((ys - HEIGHT / 2) / HEIGHT) ** 2)
    out = out * vignette[..., None] * exposure * np.array([1 - warmth, 1.0, 1 + warmth], np.float32)
    out = np.where(out > 215, 215 + (out - 215) * 0.5, out)
    light = np.sqrt(np.maximum(out, 8) / 128)
    coarse = cv2.GaussianBlur(rng.standard_normal(out.shape).astype(np.float32), (0, 0), 0.8) * 1.6
    out = out + grain * light * (0.7 * rng.standard_normal(out.shape[:2])[..., None] + 0.5 * coarse)
    out = out + 0.5 * (out - cv2.GaussianBlur(out, (0, 0), 1.2))
    return out.clip(0, 255).astype(np.uint8)
