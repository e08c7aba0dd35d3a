"""Mining against a batch whose distances are written down."""
import unittest

import torch

from encoder import mining

# people:                 a     a     a     b     b   nobody known
PERSON = torch.tensor([   0,    0,    0,    1,    1,   -1])
D = torch.tensor([
    [0.00, 0.30, 0.50, 0.35, 0.90, 0.01],
    [0.30, 0.00, 0.20, 0.60, 0.25, 0.01],
    [0.50, 0.20, 0.00, 0.80, 0.70, 0.01],
    [0.35, 0.60, 0.80, 0.00, 0.40, 0.01],
    [0.90, 0.25, 0.70, 0.40, 0.00, 0.01],
    [0.01, 0.01, 0.01, 0.01, 0.01, 0.00],
])


def rows(t):
    return sorted(map(tuple, t.tolist()))


class BatchHard(unittest.TestCase):
    def test_farthest_positive_and_nearest_negative(self):
        self.assertEqual(rows(mining.batch_hard(D, PERSON)), [(0, 2, 3), (1, 0, 4), (2, 0, 4), (3, 4, 0), (4, 3, 1)])

    def test_nobody_known_is_never_asked_about(self):
        self.assertNotIn(5, mining.batch_hard(D, PERSON).flatten().tolist())

    def test_one_person_alone_gives_nothing(self):
        self.assertEqual(len(mining.batch_hard(D[:3, :3], PERSON[:3])), 0)


class SemiHard(unittest.TestCase):
    def test_nearest_negative_beyond_the_positive_within_the_margin(self):
        # (0,1) at 0.30: 0.35 fits. (0,2) at 0.50: 0.90 is beyond 0.70. (1,0) at 0.30: 0.25 is nearer, 0.60 beyond 0.50.
        # (1,2) at 0.20: 0.25. (2,0) at 0.50: 0.70 is not under 0.70. (2,1) at 0.20: 0.70 beyond. (3,4) at 0.40: 0.35 nearer,
        # 0.60 beyond 0.60. (4,3) at 0.40: 0.25 nearer, 0.70 beyond.
        self.assertEqual(rows(mining.semi_hard(D, PERSON, margin=0.199)), [(0, 1, 3), (1, 2, 4)])

    def test_a_wider_margin_finds_more(self):
        self.assertEqual(rows(mining.semi_hard(D, PERSON, margin=0.25)),
                         [(0, 1, 3), (1, 2, 4), (2, 0, 4), (3, 4, 1)])

    def test_nothing_fits(self):
        self.assertEqual(mining.semi_hard(D, PERSON, margin=0.0).shape, (0, 3))


if __name__ == "__main__":
    unittest.main()
