"""One picture of a drawn head in a scene: turned, lit from somewhere, at some distance."""
from dataclasses import dataclass
import cv2, numpy as np
from faces.head import CENTRE, HALF, ORIGIN, PIXELS
from faces.scene import HEIGHT, WIDTH, background, camera


@dataclass
class Pose:
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    face_px: float = 180.0      # height of the face's box, about 105 pixels of the template
    x: float = WIDTH / 2        # where the middle of the head stands in the picture
    y: float = HEIGHT / 2
    light: tuple = (0.0, -0.3, 1.0)  # direction towards the lamp: right, down, to the camera
    contrast: float = 0.35      # how much the lamp models the face


def shaded(head, pose):
    """The head's pixels under the pose's lamp: float32 [H,W,3]."""
    depth = cv2.GaussianBlur(head.depth * PIXELS, (0, 0), 6)
    normal = np.dstack([-cv2.Sobel(depth, cv2.CV_32F, 1, 0, scale=1 / 8), -cv2.Sobel(depth, cv2.CV_32F, 0, 1, scale=1 / 8), np.ones_like(depth)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    lamp = np.array(pose.light) / np.linalg.norm(pose.light)
    level = 1 + pose.contrast * (normal @ lamp.astype(np.float32) - lamp[2])
    return head.pixels * level.clip(0.25, 1.6)[..., None]


def placed(head, pose, height=HEIGHT, width=WIDTH):
    """Renders without background: float32 [height,width,3] and alpha [height,width]."""
    zoom = pose.face_px / 105
    roll, yaw, pitch = np.radians([pose.roll_deg, pose.yaw_deg, pose.pitch_deg])
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    dx, dy = (xs - pose.x) / zoom, (ys - pose.y) / zoom
    u, v = np.cos(roll) * dx + np.sin(roll) * dy, -np.sin(roll) * dx + np.cos(roll) * dy
    depth = cv2.GaussianBlur(head.depth, (0, 0), 3)
    sx, sy = u.copy(), v.copy()
    for _ in range(6):  # where on the head seen from the front does this ray end?
        column, row = (sx + CENTRE[0] - ORIGIN[0]) * PIXELS, (sy + CENTRE[1] - ORIGIN[1]) * PIXELS
        z = cv2.remap(depth, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
        turned = np.clip(z / 12, 0, 1)
        sx = (u - z * np.sin(yaw)) / (1 - turned * (1 - np.cos(yaw)))
        sy = (v - z * np.sin(pitch)) / (1 - turned * (1 - np.cos(pitch)))
    column = ((sx + CENTRE[0] - ORIGIN[0]) * PIXELS).astype(np.float32)
    row = ((sy + CENTRE[1] - ORIGIN[1]) * PIXELS).astype(np.float32)
    sigma = max(0.3, 0.42 * PIXELS / zoom)
    look = lambda p: cv2.remap(cv2.GaussianBlur(p, (0, 0), sigma), column, row.clip(None, head.alpha.shape[0] - 2), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    alpha = look(head.alpha)
    pixels = look(shaded(head, pose) * head.alpha[..., None])
    return pixels / np.maximum(alpha, 1e-3)[..., None], alpha


def take(head, pose, rng, kind, exposure=1.0, warmth=0.0, grain=2.5, blur=3.0):
    """The finished picture: uint8 [480,640,3] BGR."""
    scene = background(rng, kind, blur)
    pixels, alpha = placed(head, pose)
    tint = cv2.GaussianBlur(scene, (0, 0), 60).mean((0, 1)) / 128
    pixels = pixels * (0.8 + 0.2 * tint / tint.mean())
    return camera(scene * (1 - alpha[..., None]) + pixels * alpha[..., None], rng, exposure, warmth, grain)


def six_poses(rng):
    """The six shots of a person: the first frontal and plain, then turned, near, far, lit from a side, dim."""
    r = lambda lo, hi: float(rng.uniform(lo, hi))
    side = 1   # shot-2 is turned to one side, shot-3 to the other, for everyone
    return [(Pose(r(-3, 3), r(-2, 2), r(-2, 2), r(175, 190), r(300, 340), r(215, 235)), 1.0, 0.02),
            (Pose(side * r(11, 15), r(-3, 3), r(-5, 5), r(180, 200), r(270, 370), r(215, 235), (side * 0.5, -0.4, 1)), 1.05, 0.0),
            (Pose(-side * r(11, 15), r(2, 5), r(-6, 6), r(160, 185), r(250, 390), r(200, 230), (side * 0.6, -0.4, 1)), 0.95, -0.03),
            (Pose(r(-6, 6), r(-6, -3), r(-7, 7), r(225, 255), r(300, 340), r(225, 245), (0.3 * side, -0.5, 1)), 1.0, 0.04),
            (Pose(r(-7, 7), r(-3, 4), r(-5, 5), r(126, 140), r(200, 440), r(190, 230), (-side * 0.7, -0.3, 0.9), 0.4), 1.0, 0.0),
            (Pose(r(-9, 9), r(-4, 4), r(-8, 8), r(150, 175), r(240, 400), r(210, 235), (side * 0.3, -0.8, 0.7), 0.45), 0.72, 0.06)]
