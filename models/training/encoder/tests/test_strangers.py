"""Who is one person among strangers: those alike, and those alike to them."""
import unittest

import numpy as np

from encoder.strangers import joined


class Joined(unittest.TestCase):
    def test_alike_to_the_alike_is_one_person(self):
        same = np.eye(5, dtype=bool)
        for a, b in ((0, 3), (3, 4)):
            same[a, b] = same[b, a] = True
        self.assertEqual(joined(np.array([10, 11, 12, 13, 14]), same), [[10, 13, 14], [11], [12]])

    def test_nobody_is_lost(self):
        self.assertEqual(joined(np.array([7, 9]), np.eye(2, dtype=bool)), [[7], [9]])


if __name__ == "__main__":
    unittest.main()
