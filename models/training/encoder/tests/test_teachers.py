"""Mixes of teachers: whatever all pictures have in common is no part of the target."""
import tempfile
import unittest

import numpy as np

from encoder.teachers import Mix, unit

RNG = np.random.default_rng(0)
SAME = RNG.normal(size=(1, 12))
PARTS = {"a": unit(RNG.normal(size=(400, 12)) + 2 * SAME).astype(np.float16), "b": unit(RNG.normal(size=(400, 7))).astype(np.float16)}
ROWS = np.arange(300)


class Mixes(unittest.TestCase):
    def test_what_all_have_in_common_is_taken_away(self):
        whole = lambda centred: Mix.fit(PARTS, {"a": 1.0}, ROWS, centred, level=0, dimension=12)[0](PARTS)
        alike = lambda e: float((e[300:] @ e[300:].T)[np.triu_indices(100, 1)].mean())
        self.assertGreater(alike(whole(False)), 0.5)
        self.assertLess(abs(alike(whole(True))), 0.05)

    def test_all_directions_keep_every_similarity(self):
        mix, energy = Mix.fit(PARTS, {"a": 1.0, "b": 0.7}, ROWS, level=0, dimension=19)
        joined, cut = mix.joined(PARTS), mix(PARTS)
        self.assertAlmostEqual(energy, 1.0, places=5)
        self.assertLess(np.abs(joined @ joined.T - cut @ cut.T).max(), 1e-4)

    def test_strong_directions_are_weakened(self):
        spread = lambda level: np.ptp(np.log(np.linalg.eigvalsh(np.cov(Mix.fit(PARTS, {"a": 1.0}, ROWS, level=level, dimension=6)[0](PARTS).T))))
        self.assertLess(spread(0.4), spread(0.0))

    def test_it_comes_back_from_the_cache(self):
        mix, _ = Mix.fit(PARTS, {"b": 1.0, "a": 0.5}, ROWS, dimension=8)
        with tempfile.TemporaryDirectory() as folder:
            mix.save(folder)
            self.assertTrue(np.array_equal(Mix.load(folder)(PARTS), mix(PARTS)))


if __name__ == "__main__":
    unittest.main()
