"""Which triplets a batch is asked about: rows (anchor, positive, negative) from squared distances and who is who.

Rows whose person is negative are of nobody known: never an anchor or a positive, and never a negative either, since nobody
knows that they are somebody else.
"""
import torch


def batch_hard(d, person):
    """For each anchor its farthest positive and its nearest negative (Hermans, Beyer, Leibe 2017)."""
    same, other = _masks(person)
    positive = torch.where(same, d, torch.full_like(d, -1.0))
    negative = torch.where(other, d, torch.full_like(d, float("inf")))
    a = torch.nonzero(same.any(1) & other.any(1)).flatten()
    return torch.stack([a, positive[a].argmax(1), negative[a].argmin(1)], 1)


def semi_hard(d, person, margin=0.2):
    """For each anchor and positive the nearest negative that is farther than the positive but within the margin
    (Schroff et al. 2015). Pairs without one ask nothing."""
    same, other = _masks(person)
    a, p = torch.nonzero(same, as_tuple=True)
    reach = d[a, p].unsqueeze(1)
    fit = other[a] & (d[a] > reach) & (d[a] < reach + margin)
    n = torch.where(fit, d[a], torch.full_like(d[a], float("inf"))).argmin(1)
    has = fit.any(1)
    return torch.stack([a, p, n], 1)[has]


def _masks(person):
    known = person >= 0
    alike = person.unsqueeze(0) == person.unsqueeze(1)
    both = known.unsqueeze(0) & known.unsqueeze(1)
    same = alike & both & ~torch.eye(len(person), dtype=torch.bool, device=person.device)
    return same, ~alike & both
