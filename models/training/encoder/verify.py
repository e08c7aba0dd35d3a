"""Verification figures from unit vectors: pairs, rates at a false match rate, equal error, intervals."""
import math

import numpy as np


def pairs_of(person, impostors=400_000, seed=0):
    """Genuine pairs (all of them, each person's capped at 200) and random pairs of two different people: two index arrays [2,M]."""
    rng = np.random.default_rng(seed)
    genuine = []
    for who in np.unique(person):
        k = np.flatnonzero(person == who)
        i, j = np.triu_indices(len(k), 1)
        if len(i) > 200:
            some = rng.permutation(len(i))[:200]
            i, j = i[some], j[some]
        genuine.append(np.stack([k[i], k[j]]))
    genuine = np.concatenate(genuine, 1)
    a, b = rng.integers(0, len(person), (2, impostors))
    other = person[a] != person[b]
    return genuine, np.stack([a[other], b[other]])


def similarities(e, pairs):
    return (e[pairs[0]] * e[pairs[1]]).sum(1)


def threshold_at(impostor, fmr):
    """The lowest similarity above which at most a share `fmr` of the impostor pairs lies."""
    s = np.sort(impostor)[::-1]
    return float(np.nextafter(s[min(int(math.floor(fmr * len(s))), len(s) - 1)], 2))


def rates(e, genuine, impostor, fmrs):
    """True accept rates and thresholds at each false match rate."""
    g, i = similarities(e, genuine), similarities(e, impostor)
    taus = [threshold_at(i, f) for f in fmrs]
    return [float((g >= t).mean()) for t in taus], taus


def equal_error(genuine, impostor):
    """The rate at which as many strangers are let in as people are turned away."""
    s = np.concatenate([genuine, impostor])
    y = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    order = np.argsort(-s, kind="stable")
    far = np.cumsum(1 - y[order]) / len(impostor)
    frr = 1 - np.cumsum(y[order]) / len(genuine)
    k = int(np.argmin(np.abs(far - frr)))
    return float((far[k] + frr[k]) / 2)


def wilson(hits, of, z=1.96):
    """The 95 % interval of a rate (Wilson 1927): stays sensible at no hits at all."""
    if of == 0:
        return 0.0, 1.0
    p = hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)
