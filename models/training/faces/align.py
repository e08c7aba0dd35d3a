"""The five-point alignment that every encoder here expects: 112x112, ArcFace's template."""
import cv2, numpy as np

TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64)


def similarity(src, dst):
    """Umeyama 1991: float64 [2,3], takes the points src [K,2] to dst [K,2] in the least squares sense."""
    src, dst = np.asarray(src, np.float64), np.asarray(dst, np.float64)
    ms, md = src.mean(0), dst.mean(0)
    u, s, vt = np.linalg.svd((dst - md).T @ (src - ms) / len(src))
    d = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    r = u @ d @ vt
    c = np.trace(np.diag(s) @ d) / ((src - ms) ** 2).sum() * len(src)
    return np.hstack([c * r, (md - c * r @ ms)[:, None]])


def aligned(picture, landmarks):
    """uint8 [112,112,3]: the face whose landmarks [5,2] are given, bilinear, black outside the picture."""
    return cv2.warpAffine(picture, similarity(landmarks, TEMPLATE), (112, 112), flags=cv2.INTER_LINEAR)
