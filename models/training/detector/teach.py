"""How far the net is from its teacher, and the mirror image of a lesson."""
import torch, torch.nn.functional as F
from detector.net import STRIDES

SURE = 0.3   # cells where the teacher's score is above this also teach box and landmarks


def mirrored(pictures, answers):
    """pictures [N,3,S,S] and answers [N,C,16] of YuNet's form, both seen in a mirror: eyes and corners of the mouth change sides."""
    side, out, first = pictures.shape[3], [], 0
    for s in STRIDES:
        k = side // s
        a = answers[:, first : first + k * k].reshape(-1, k, k, 16).flip(2)
        first += k * k
        points = a[..., 6:].reshape(a.shape[:3] + (5, 2))[..., [1, 0, 2, 4, 3], :]
        points = torch.stack([1 - points[..., 0], points[..., 1]], -1).flatten(3)
        box = torch.stack([1 - a[..., 2], a[..., 3], a[..., 4], a[..., 5]], -1)
        out.append(torch.cat([a[..., :2], box, points], -1).flatten(1, 2))
    return pictures.flip(3), torch.cat(out, 1)


def losses(told, answers):
    """told [N,C,16] of the net (logits), answers [N,C,16] of the teacher -> score, box, landmark loss.

    Both of the net's scores learn the teacher's sqrt(cls obj): where nothing is, the teacher's cls alone means little.
    """
    wanted = (answers[..., 0].clamp(0, 1) * answers[..., 1].clamp(0, 1)).sqrt()
    logits = told[..., :2]
    t = wanted[..., None].expand_as(logits)
    far = (logits.sigmoid() - t).abs().detach()
    score = (F.binary_cross_entropy_with_logits(logits, t, reduction="none") * (0.05 + far)).sum()
    sure = wanted > SURE
    weight, a, b = wanted[sure], answers[sure], told[sure]
    size = a[:, 4:6].exp()
    whole = size.prod(1, keepdim=True).sqrt()
    box = ((a[:, 2:4] - b[:, 2:4]).abs() / whole + (a[:, 4:6] - b[:, 4:6]).abs()).sum(1)
    points = ((a[:, 6:] - b[:, 6:]).abs() / whole).sum(1)
    total = weight.sum() + 1
    return score / total, (box * weight).sum() / total, (points * weight).sum() / total
