"""Figures of verification on cases worked out by hand, and the pairs protocol of LFW."""
import os
import tempfile
import unittest

import numpy as np

from encoder import evaluate, packs, verify


class Figures(unittest.TestCase):
    def test_threshold_lets_in_at_most_the_share(self):
        impostor = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
        t = verify.threshold_at(impostor, 0.2)
        self.assertEqual(int((impostor >= t).sum()), 2)
        self.assertEqual(int((impostor >= verify.threshold_at(impostor, 0.0)).sum()), 0)

    def test_equal_error(self):
        genuine, impostor = np.array([0.9, 0.8, 0.7, 0.2]), np.array([0.1, 0.3, 0.15, 0.75])
        self.assertAlmostEqual(verify.equal_error(genuine, impostor), 0.25)
        self.assertAlmostEqual(verify.equal_error(np.array([0.9, 0.8]), np.array([0.1, 0.2])), 0.0)

    def test_wilson_interval_of_the_literature(self):
        low, high = verify.wilson(0, 10)  # Newcombe 1998 has 0 to 0.2775
        self.assertAlmostEqual(low, 0.0)
        self.assertAlmostEqual(high, 0.2775, places=3)
        low, high = verify.wilson(81, 263)  # Newcombe 1998, table I: 0.2553 to 0.3662
        self.assertAlmostEqual(low, 0.2553, places=3)
        self.assertAlmostEqual(high, 0.3662, places=3)

    def test_pairs_are_of_the_same_and_of_different_people(self):
        person = np.array([4, 4, 4, 7, 7, 9])
        genuine, impostor = verify.pairs_of(person, impostors=500)
        self.assertEqual(genuine.shape[1], 3 + 1)
        self.assertTrue((person[genuine[0]] == person[genuine[1]]).all())
        self.assertTrue((person[impostor[0]] != person[impostor[1]]).all())

    def test_best_threshold_lies_between(self):
        t = evaluate.best_threshold(np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, True, False, False]))
        self.assertAlmostEqual(t, 0.55)


class Protocol(unittest.TestCase):
    def test_pairs_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pairs.txt")
            with open(path, "w") as f:
                f.write("2\t1\nAnn\t1\t2\nAnn\t1\tBob\t3\nCy\t4\t5\nCy\t4\tDi\t6\n")
            got = evaluate.lfw_pairs(path)
        self.assertEqual(got[0], ("Ann/Ann_0001.jpg", "Ann/Ann_0002.jpg", True, 0))
        self.assertEqual(got[3], ("Cy/Cy_0004.jpg", "Di/Di_0006.jpg", False, 1))

    def test_similarity_transform_undoes_a_turn(self):
        angle, scale = 0.3, 1.7
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        source = evaluate.TEMPLATE @ turn.T + [5, -3]
        m = evaluate.similarity_transform(source, evaluate.TEMPLATE)
        self.assertTrue(np.allclose(source @ m[:, :2].T + m[:, 2], evaluate.TEMPLATE))

    def test_all_pictures_of_a_person_go_the_same_way(self):
        held = {who: {packs.held_aside("x/crops-%d.bin" % p, {"person": who, "offset": o}) for p in (1, 2) for o in ("0", "77")}
                for who in ("celeba:%d" % k for k in range(200))}
        self.assertTrue(all(len(v) == 1 for v in held.values()))
        self.assertTrue(5 < sum(v == {True} for v in held.values()) < 40)


if __name__ == "__main__":
    unittest.main()
