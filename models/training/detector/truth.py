"""Where the faces of a picture really are, as near as teachers can say: what two of them agree on over many views of it.

One look of YuNet 2023mar puts the landmarks of the same face some 6 % of the eye distance elsewhere when the picture moves by five pixels, so a net
that is compared with single looks is measured by that noise. The median over some ten views (YuNet 2023mar and YuNet n, other
sizes and places, half of them mirrored) is steadier: two halves of ten views each were 2.8 % apart on 96 pictures of LFW.
"""
import cv2, numpy as np
from detector.yunet import Detector, decode, iou, suppress

SEEN = 0.6          # a view's score from which it counts as having seen the face
BEST_PX = 18, 130   # heights at which the teachers' landmarks are worth taking
WIDTH = 17          # of a truth: x y w h, five landmarks x y, mean score, share of the views that saw it, views its landmarks come from


def teachers(models):
    return [Detector(models / "face_detection_yunet_2023mar.onnx"), Detector(models / "yunet_n_320x320.onnx")]


def mirrored(faces, width):
    """float [F,15] in the mirror image of a picture of that width: eyes and corners of the mouth change sides."""
    out = faces.copy()
    out[:, 0] = width - faces[:, 0] - faces[:, 2]
    points = faces[:, 4:14].reshape(-1, 5, 2)[:, [1, 0, 2, 4, 3]]
    points[..., 0] = width - points[..., 0]
    out[:, 4:14] = points.reshape(-1, 10)
    return out


def looked_at(detector, picture, scale, shift, mirror, threshold=0.3):
    """Faces float [F,15] of one view, in the picture's own pixels, and their heights in the view."""
    high, wide = picture.shape[:2]
    size = [int(np.ceil((v * scale + 8) / 32) * 32) for v in (high, wide)]
    source = picture[:, ::-1] if mirror else picture
    if scale < 0.7:
        source = cv2.GaussianBlur(source, (0, 0), 0.4 / scale)
    half = (scale - 1) / 2   # warpAffine counts from the middle of the first pixel, faces from its corner
    canvas = cv2.warpAffine(source, np.float32([[scale, 0, shift[0] + half], [0, scale, shift[1] + half]]), (size[1], size[0]), flags=cv2.INTER_LINEAR)
    faces = suppress(decode(detector.maps(canvas), *size, threshold))
    heights = faces[:, 3].copy()
    faces[:, 0:14:2] -= shift[0]
    faces[:, 1:14:2] -= shift[1]
    faces[:, 2:4] += shift
    faces[:, :14] /= scale
    return (mirrored(faces, wide) if mirror else faces), heights


def agreed(detectors, picture, scales, rng):
    """float32 [F,WIDTH]: the faces that the views find, those few saw among them; landmarks are medians."""
    found, heights, views = [], [], 0
    for k, scale in enumerate(scales):
        for j, detector in enumerate(detectors):
            faces, height = looked_at(detector, picture, scale, rng.uniform(0, 8, 2), (k + j) % 2 == 1)
            found.append(np.hstack([faces, np.full((len(faces), 1), views)])), heights.append(height)
            views += 1
    found, heights = np.concatenate(found), np.concatenate(heights)
    order = np.argsort(-found[:, 14], kind="stable")
    found, heights, out = found[order], heights[order], []
    while len(found):
        same = iou(found[:1], found)[0] > 0.4
        group, height = found[same], heights[same]
        best = (height >= BEST_PX[0]) & (height <= BEST_PX[1]) & (group[:, 14] > 0.5)
        kept = group[best] if best.sum() >= 3 else group
        seen = len(set(group[group[:, 14] >= SEEN, 15].astype(int)))
        out.append(np.hstack([np.median(kept[:, :14], 0), np.mean(np.sort(group[:, 14])[-5:]), seen / views, len(kept)]))
        found, heights = found[~same], heights[~same]
    return np.array(out, np.float32).reshape(-1, WIDTH)


CONTEXT_SCALES, CROP_SCALES = (0.35, 0.55, 0.8, 1.1, 1.6), (0.4, 0.6, 0.8, 1.0)
