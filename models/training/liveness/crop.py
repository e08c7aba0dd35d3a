"""The crop a liveness net sees: the face's box times a scale, pushed inside the picture, resized to 80x80."""
import cv2, numpy as np

SIDE = 80


def crop_rectangle(box, picture_height, picture_width, scale):
    """box x y w h -> left, top, right, bottom (pixels, inclusive): as the makers of MiniFASNet cut it.

    The factor is the same both ways and no larger than the picture allows; what sticks out is pushed inside.
    """
    x, y, w, h = (float(v) for v in box[:4])
    scale = min((picture_height - 1) / h, (picture_width - 1) / w, scale)
    w, h, cx, cy = w * scale, h * scale, x + w / 2, y + h / 2
    left, top, right, bottom = cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2
    if left < 0:
        left, right = 0, right - left
    if top < 0:
        top, bottom = 0, bottom - top
    if right > picture_width - 1:
        left, right = left - (right - picture_width + 1), picture_width - 1
    if bottom > picture_height - 1:
        top, bottom = top - (bottom - picture_height + 1), picture_height - 1
    return max(0, int(left)), max(0, int(top)), int(right), int(bottom)


def crop(picture, box, scale):
    """uint8 [80,80,3] BGR, the aspect not kept."""
    left, top, right, bottom = crop_rectangle(box, *picture.shape[:2], scale)
    return cv2.resize(picture[top : bottom + 1, left : right + 1], (SIDE, SIDE))


def as_input(crops):
    """uint8 [N,80,80,3] -> float32 [N,3,80,80], values 0..255."""
    return np.ascontiguousarray(np.asarray(crops).transpose(0, 3, 1, 2), np.float32)


def softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
