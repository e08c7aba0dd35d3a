"""The same face as a printed picture and on a telephone, held up to the camera."""
import cv2, numpy as np
from faces.head import noise, soft
from faces.scene import HEIGHT, WIDTH, background, camera
from faces.shot import Pose, placed

PORTRAIT = (560, 420)   # height, width in pixels of the picture that is printed or shown


def portrait(head, rng, tone):
    """float32 [560,420,3]: frontal, plain background."""
    high, wide = PORTRAIT
    ys = np.mgrid[:high, :wide][0].astype(np.float32) / high
    scene = np.array(tone, np.float32) * (1.1 - 0.35 * ys[..., None])
    pixels, alpha = placed(head, Pose(float(rng.uniform(-5, 5)), 0, float(rng.uniform(-2, 2)), 235, wide / 2, high * 0.42, (0.3, -0.4, 1)), high, wide)
    return scene * (1 - alpha[..., None]) + pixels * alpha[..., None]


def printed(picture, rng):
    """What a cheap printer does: paper for white, weak black, small gamut, rows of dots, an unprinted margin."""
    grey = picture.mean(2, keepdims=True)
    out = (grey + 0.68 * (picture - grey)) / 255
    out = 58 + 178 * out ** 0.85
    out *= np.array([0.94, 1.0, 1.03], np.float32)
    ys, xs = np.mgrid[: out.shape[0], : out.shape[1]].astype(np.float32)
    for k, angle in enumerate((0.26, 1.31, 0.79)):
        u, v = xs * np.cos(angle) + ys * np.sin(angle), -xs * np.sin(angle) + ys * np.cos(angle)
        out[..., k] += 11 * np.sin(u * 1.9) * np.sin(v * 1.9)
    out *= 1 + 0.035 * rng.standard_normal((out.shape[0], 1, 1)).astype(np.float32) * 0.5
    margin = 26
    out = cv2.copyMakeBorder(out, margin, margin * 2, margin, margin, cv2.BORDER_CONSTANT, value=(232, 238, 240))
    xs = np.linspace(-1, 1, out.shape[1], dtype=np.float32)
    bend = 1 + 0.10 * np.sin(xs * 2.2 + rng.uniform(-1, 1))
    return out * bend[None, :, None]


def shown(picture, rng):
    """A telephone's screen: bright, bluish, hard contrast, pixel lines, a status bar, rounded black frame."""
    out = 255 * (picture / 255).clip(0, 1) ** 1.15 * np.array([1.18, 1.05, 0.98], np.float32) + 14
    ys, xs = np.mgrid[: out.shape[0], : out.shape[1]].astype(np.float32)
    out *= (1 + 0.05 * np.sin(xs * 2.05)[..., None] * np.array([1, -1, 1]) + 0.05 * np.sin(ys * 2.2)[..., None])
    out += (7 * np.sin(0.23 * xs + 0.06 * ys) * np.sin(0.05 * xs - 0.19 * ys))[..., None]
    out[:26] = out[:26] * 0.4
    for x in (20, 340, 362, 384):
        cv2.rectangle(out, (x, 8), (x + 14, 18), (240, 240, 240), -1)
    frame = 26
    out = cv2.copyMakeBorder(out, frame + 22, frame + 26, frame, frame, cv2.BORDER_CONSTANT, value=(22, 20, 20))
    cv2.rectangle(out, (2, 2), (out.shape[1] - 3, out.shape[0] - 3), (60, 58, 58), 3)
    cv2.circle(out, (out.shape[1] // 2, 24), 5, (70, 40, 30), -1)
    ys, xs = np.mgrid[: out.shape[0], : out.shape[1]].astype(np.float32)
    streak = np.exp(-((xs * 0.8 + ys * 0.5 - rng.uniform(150, 420)) / 60) ** 2)
    return out + 34 * streak[..., None]


def rounded(high, wide, radius):
    ys, xs = np.mgrid[:high, :wide].astype(np.float32)
    dx, dy = np.maximum(np.abs(xs - wide / 2) - wide / 2 + radius, 0), np.maximum(np.abs(ys - high / 2) - high / 2 + radius, 0)
    return soft(np.sqrt(dx ** 2 + dy ** 2) - radius, 2)


def finger(scene, tip, end, width, skin):
    """A finger from end to tip, shaded across."""
    mask = np.zeros(scene.shape[:2], np.float32)
    core = np.zeros_like(mask)
    tip, end = tuple(int(v) for v in tip), tuple(int(v) for v in end)
    cv2.line(mask, end, tip, 1, width, cv2.LINE_AA)
    cv2.line(core, end, tip, 1, max(1, width // 3), cv2.LINE_AA)
    core = cv2.GaussianBlur(core, (0, 0), width / 4)
    mask = cv2.GaussianBlur(mask, (0, 0), 1)[..., None]
    scene[:] = scene * (1 - mask) + mask * np.array(skin, np.float32) * (0.68 + 0.5 * core / max(core.max(), 1e-3))[..., None]
    nail = np.zeros(scene.shape[:2], np.float32)
    cv2.circle(nail, tip, width // 3, 1, -1, cv2.LINE_AA)
    nail = cv2.GaussianBlur(nail, (0, 0), 1)[..., None] * 0.5
    scene[:] = scene * (1 - nail) + nail * np.array(skin, np.float32) * 1.15


def held(flat, outline, high_px, rng, kind, skin):
    """Puts a flat thing into a scene, a little tilted, in a hand: float32 [480,640,3]."""
    scene = background(rng, kind, 3.5)
    h, w = flat.shape[:2]
    tall, wide = high_px, high_px * w / h
    cx, cy = WIDTH / 2 + rng.uniform(-30, 30), HEIGHT / 2 + rng.uniform(-6, 6)
    turn = np.radians(rng.uniform(-6, 6))
    corners = np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) / 2
    corners *= 1 + 0.05 * rng.uniform(-1, 1, (4, 1))
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + [cx, cy]
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), corners.astype(np.float32))
    flat = cv2.GaussianBlur(flat.astype(np.float32), (0, 0), max(0.3, 0.35 * h / tall))
    warped = cv2.warpPerspective(flat, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(outline, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    shadow = cv2.GaussianBlur(np.roll(mask, (6, 8), (0, 1)), (0, 0), 9)
    scene *= 1 - 0.45 * shadow[..., None]
    scene = scene * (1 - mask[..., None]) + warped * mask[..., None]
    below = (corners[2] + corners[3]) / 2
    finger(scene, below + [-0.10 * wide, -26], below + [-0.30 * wide, 130], 40, skin)
    for k in range(3):
        right = corners[1] + (corners[2] - corners[1]) * (0.62 + 0.11 * k)
        finger(scene, right + [-16, -2], right + [60, 40], 30, skin)
    return scene


def print_picture(head, rng, kind, skin):
    """uint8 [480,640,3]: a sheet of paper with the portrait."""
    flat = printed(portrait(head, rng, rng.uniform(120, 190, 3)), rng)
    scene = held(flat, np.ones(flat.shape[:2], np.float32), 440, rng, kind, skin)
    return camera(scene, rng, 1.0, 0.02, 2.5, 0.8)


def phone_picture(head, rng, kind, skin):
    """uint8 [480,640,3]: a telephone with the portrait on its screen."""
    flat = shown(portrait(head, rng, rng.uniform(90, 170, 3)), rng)
    scene = held(flat, rounded(*flat.shape[:2], 42), 440, rng, kind, skin) * 0.92
    return camera(scene, rng, 1.0, -0.02, 2.5, 0.8)
