"""python -m unittest faces.test_faces    (in models/training; seconds, on made-up data, nothing of ../shared)"""
import unittest
import cv2, numpy as np
from detector import manifest
from faces.head import LOOKS, draw_head, shows, spread
from faces.held_up import printed, shown
from faces.people import average, choose, draw_members, overdrawn, smooth_warp
from faces.align import TEMPLATE
from faces.scene import BACKGROUNDS, camera
from faces.shot import Pose, take


class Averages(unittest.TestCase):
    def test_a_warp_onto_its_own_points_changes_nothing(self):
        picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8), (0, 0), 3)
        same = smooth_warp(picture, TEMPLATE, TEMPLATE, 112)
        self.assertLess(np.abs(same.astype(int) - picture)[4:-4, 4:-4].max(), 3)

    def test_an_average_of_one_picture_with_itself_is_that_picture_sharpened(self):
        noise = np.random.default_rng(0).normal(0, 60, (112, 112, 3))
        picture = (cv2.GaussianBlur(noise, (0, 0), 8) * 6 + (90, 120, 160)).clip(0, 255).astype(np.uint8)
        out = average(np.array([picture, picture]), np.array([TEMPLATE, TEMPLATE]), 112)
        self.assertLess(np.abs(out.astype(int) - picture).mean(), 6)
        self.assertTrue(np.array_equal(overdrawn(out, out), out))

    def test_members_are_different_people_and_leave_out_the_one_drawn(self):
        v = np.random.default_rng(1).standard_normal((60, 128))
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        chosen = draw_members(v, np.random.default_rng(2))
        likeness = v[chosen] @ v[chosen].T - np.eye(len(chosen))
        self.assertEqual(len(set(chosen)), len(chosen))
        self.assertLess(likeness.max(), 0.25)

    def test_the_choice_is_of_faces_least_alike(self):
        east, north, near_east = np.array([1.0, 0]), np.array([0, 1.0]), np.array([0.9, 0.44])
        draws = [[(0, [east], None, 0)], [(0, [near_east], None, 0), (0, [north], None, 0)]]
        self.assertEqual(choose(draws), [0, 1])


class Drawn(unittest.TestCase):
    def test_a_head_has_a_face_a_neck_and_nothing_at_its_upper_corners(self):
        rng = np.random.default_rng(3)
        head = draw_head(np.full((448, 448, 3), (100, 130, 180), np.uint8), LOOKS[0], rng)
        self.assertEqual(head.pixels.shape[:2], head.alpha.shape)
        self.assertEqual(float(head.alpha[4, 4]), 0.0)
        self.assertGreater(float(head.alpha.mean()), 0.2)
        self.assertTrue(0 <= head.pixels.min() and head.pixels.max() <= 255)
        shot = take(head, Pose(12, 3, 5), rng, 0)
        self.assertEqual((shot.shape, shot.dtype), ((480, 640, 3), np.uint8))

    def test_spread_keeps_what_is_known(self):
        picture, known = np.zeros((64, 64, 3), np.float32), np.zeros((64, 64), np.float32)
        picture[20:40, 20:40], known[20:40, 20:40] = 100, 1
        out = spread(picture, known, 5)
        self.assertAlmostEqual(float(out[30, 30, 0]), 100, delta=1)
        self.assertGreater(float(out[2, 2, 0]), 60)

    def test_the_average_shows_in_the_middle_alone(self):
        ys, xs = np.mgrid[:112, :112].astype(np.float32)
        mask = shows(xs, ys)
        self.assertEqual((float(mask[70, 56]), float(mask[2, 2])), (1.0, 0.0))

    def test_scenes_and_surfaces_are_pictures(self):
        rng = np.random.default_rng(4)
        for draw in BACKGROUNDS:
            self.assertEqual(camera(draw(rng).astype(np.float32), rng).shape, (480, 640, 3))
        flat = rng.uniform(0, 255, (56, 42, 3)).astype(np.float32)
        self.assertGreater(printed(flat.copy(), rng).shape[0], 56)
        self.assertGreater(shown(np.full((560, 420, 3), 90, np.float32), rng).shape[0], 560)


class Manifest(unittest.TestCase):
    def test_a_row_is_replaced_and_the_rest_stays(self):
        first = manifest.with_defaults(manifest.with_row("", "facegate_detector", '[[model]]\nname = "facegate_detector"\nfile = "a"\n'))
        other = manifest.with_row(first, "facegate_encoder", '[[model]]\nname = "facegate_encoder"\nfile = "b"\n')
        again = manifest.with_defaults(manifest.with_row(other, "facegate_detector", '[[model]]\nname = "facegate_detector"\nfile = "c"\n'))
        import tomllib
        read = tomllib.loads(again)
        self.assertEqual([(m["name"], m["file"]) for m in read["model"]], [("facegate_detector", "c"), ("facegate_encoder", "b")])
        self.assertEqual(read["default"], {"detector": "facegate_detector", "encoder": "facegate_encoder"})
        self.assertEqual(read["version"], 1)

    def test_the_built_in_picture_is_arithmetic(self):
        picture = manifest.built_in_picture(4, 5)
        self.assertEqual(picture.shape, (1, 3, 4, 5))
        self.assertEqual(float(picture[0, 2, 3, 4]), (7 * 4 + 13 * 3 + 29 * 2) % 256)


if __name__ == "__main__":
    unittest.main()
