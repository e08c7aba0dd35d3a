"""Bands are found, and only they make way for another top."""
import unittest

import numpy as np

from encoder import tops


def picture(seed, rows):
    """Noise below an even stretch of `rows` rows."""
    out = np.random.default_rng(seed).integers(60, 200, (112, 112, 3)).astype(np.uint8)
    out[:rows] = out[rows]
    return out


class Tops(unittest.TestCase):
    def test_the_height_of_a_band_is_measured(self):
        pixels = np.stack([picture(k, rows) for k, rows in enumerate((0, 20, 31))])
        self.assertEqual(tops.band(pixels).tolist(), [0, 20, 31])

    def test_an_even_picture_has_no_endless_band(self):
        self.assertEqual(tops.band(np.full((1, 112, 112, 3), 90, np.uint8)).tolist(), [tops.MOST])

    def test_below_the_seam_nothing_changes_and_above_it_is_the_donors(self):
        pixels, donors = np.stack([picture(1, 24)]), np.full((1, 112, 112, 3), 128, np.uint8)
        got = tops.replace(pixels, donors, seed=3)
        self.assertTrue((got[0, 24 + tops.SEAM:] == pixels[0, 24 + tops.SEAM:]).all())
        self.assertLess(np.ptp(got[0, :24 - tops.SEAM, :, 0].astype(int)), 2, "the donor's even grey, brought to the picture's light")
        self.assertLess(abs(int(got[0, 0, 0, 0]) - int(pixels[0, 27:41, :, 0].mean())), 3)

    def test_it_is_the_same_each_time(self):
        pixels, donors = np.stack([picture(k, 22) for k in range(3)]), np.stack([picture(k, 0) for k in range(9, 30)])
        self.assertTrue((tops.replace(pixels, donors, 5) == tops.replace(pixels, donors, 5)).all())


if __name__ == "__main__":
    unittest.main()
