"""python -m unittest liveness.test_liveness    (in models/training; seconds, on made-up data, nothing of ../shared)"""
import tempfile, unittest
from pathlib import Path
import cv2, numpy as np, onnx, torch
from detector.net import fold, macs, parameters
from liveness.attacks import KINDS, bordered, display, outline, paper
from liveness.camera import recaptured
from liveness.crop import crop, crop_rectangle
from liveness.evaluate import by_onnx, clopper_pearson
from liveness.export import load, onnx_model
from liveness.net import LIVE, Net
from liveness.pool import use_of
from liveness.scenes import attack, live, window
from liveness.train import REFUSED, chosen, class_of, loss_of, scores, view


def picture_with_face():
    """A grey picture, a lighter oval in it, and the oval's box."""
    picture = np.full((200, 180, 3), 90, np.uint8)
    cv2.ellipse(picture, (90, 80), (22, 30), 0, 0, 360, (150, 180, 220), -1)
    return picture, np.array([68.0, 50.0, 44.0, 60.0])


class Crops(unittest.TestCase):
    def test_a_crop_in_the_middle_is_the_box_times_the_scale(self):
        left, top, right, bottom = crop_rectangle((100, 100, 40, 60), 400, 400, 2.0)
        self.assertEqual((left, top, right, bottom), (80, 70, 160, 190))

    def test_a_crop_that_sticks_out_is_pushed_inside(self):
        left, top, right, bottom = crop_rectangle((0, 0, 40, 60), 400, 400, 2.0)
        self.assertEqual((left, top, right, bottom), (0, 0, 80, 120))

    def test_a_crop_never_exceeds_the_picture(self):
        left, top, right, bottom = crop_rectangle((10, 10, 80, 80), 100, 100, 2.7)
        self.assertTrue(left >= 0 and top >= 0 and right <= 99 and bottom <= 99)


class Attacks(unittest.TestCase):
    def test_every_kind_gives_a_picture_with_the_face_where_it_says(self):
        picture, box = picture_with_face()
        for kind in [None, *KINDS]:
            rng = np.random.default_rng(4)
            scene, at = live(picture, box, rng) if kind is None else attack(picture, box, picture, kind, rng)
            self.assertEqual(scene.dtype, np.uint8)
            self.assertGreater(min(scene.shape[:2]), 1.7 * at[3] * 44 / 60)
            self.assertLess(abs(at[2] / at[3] - 44 / 60), 0.2)
            x, y = (at[:2] + at[2:] / 2).astype(int)
            outside = scene[max(0, int(at[1] - 0.4 * at[3])), max(0, int(at[0] - 0.4 * at[2]))]
            self.assertNotEqual(tuple(scene[y, x]), tuple(outside))
            self.assertEqual(crop(scene, at, 2.7).shape, (80, 80, 3))

    def test_any_face_of_any_picture_can_be_shown(self):
        rng = np.random.default_rng(0)
        picture = rng.integers(0, 256, (140, 120, 3), np.uint8)
        for k in range(60):
            box = np.array([*rng.uniform(-5, 90, 2), *rng.uniform(26, 50, 2)])
            scene, at = (live if k % 6 == 5 else lambda *a: attack(a[0], a[1], picture, list(KINDS)[k % 6], a[2]))(picture, box, rng)
            self.assertTrue(np.isfinite(at).all() and scene.size)

    def test_a_window_shows_no_more_than_there_is(self):
        picture = picture_with_face()[0]
        piece, at = window(picture, (0, 150, 40, 50), (1.5,) * 4)
        self.assertEqual((piece.shape, tuple(at)), ((100, 81, 3), (0, 50, 40, 50)))

    def test_a_border_moves_the_picture_and_says_so(self):
        flat = np.zeros((50, 40, 3), np.float32)
        flat[10, 20] = 1000
        for surface in ("print", "screen"):
            for seed in range(20):
                framed, left, top = bordered(flat, surface, np.random.default_rng(seed))
                self.assertEqual(tuple(framed[top + 10, left + 20]), (1000, 1000, 1000))

    def test_surfaces_change_the_picture_and_keep_its_size(self):
        picture = picture_with_face()[0].astype(np.float32)
        for surface in (paper, display):
            out = surface(picture.copy(), np.random.default_rng(1))
            self.assertEqual(out.shape, picture.shape)
            self.assertGreater(np.abs(out - picture).mean(), 1)

    def test_a_cut_out_keeps_the_face_and_drops_the_corners(self):
        picture, box = picture_with_face()
        mask = outline(picture.shape, box, np.random.default_rng(1))
        self.assertEqual((mask[80, 90], mask[0, 0]), (1, 0))

    def test_the_same_seed_gives_the_same_picture(self):
        picture = picture_with_face()[0].astype(np.float32)
        a, b = (recaptured(picture.copy(), np.random.default_rng(8)) for _ in range(2))
        np.testing.assert_array_equal(a, b)


class Teaching(unittest.TestCase):
    def test_live_and_attacks_have_their_logits(self):
        self.assertEqual(class_of(np.arange(len(KINDS) + 1))[0], LIVE)
        self.assertTrue((class_of(np.arange(1, len(KINDS) + 1)) != LIVE).all())

    def test_the_truth_costs_less_than_its_opposite(self):
        wanted = torch.tensor([LIVE, 0])
        right = torch.tensor([[0.0, 5.0, 0.0], [5.0, 0.0, 0.0]])
        for teachers in (torch.tensor([[0.9, 0.9], [0.1, 0.1]]), torch.full((2, 2), torch.nan)):
            self.assertLess(float(loss_of(right, wanted, teachers)), float(loss_of(right.flip(0), wanted, teachers)))

    def test_a_view_keeps_shape_and_range(self):
        x = view(np.full((4, 80, 80, 3), 200, np.uint8), np.random.default_rng(0))
        self.assertEqual(x.shape, (4, 3, 80, 80))
        self.assertTrue(0 <= float(x.min()) and float(x.max()) <= 255)


class Choosing(unittest.TestCase):
    def test_no_picture_serves_two_purposes_and_each_is_served(self):
        self.assertEqual({use_of("face/x_%d.jpg" % k) for k in range(12)}, {"training", "choosing", "measuring"})

    def test_the_file_cuts_at_one_half_where_the_threshold_was_chosen(self):
        torch.manual_seed(2)
        net, crops = Net(), np.random.default_rng(0).integers(0, 256, (40, 80, 80, 3), np.uint8)
        net.train()
        net(torch.rand(8, 3, 80, 80) * 255)
        add, _ = chosen(net, crops, np.zeros(40, np.uint8))
        with tempfile.TemporaryDirectory() as folder:
            torch.save({"net": net.state_dict(), "add": add}, Path(folder) / "last.pt")
            self.assertAlmostEqual(float((scores(load(Path(folder) / "last.pt"), crops) < 0.5).mean()), REFUSED, delta=0.026)


class Measured(unittest.TestCase):
    def test_intervals_are_the_published_ones(self):
        # 0 of 20: at most 16.8 %; 69 of 70: 92.3 to 99.96 % (Clopper and Pearson 1934, as tabled by others)
        self.assertAlmostEqual(clopper_pearson(0, 20)[1], 0.168, places=3)
        low, high = clopper_pearson(69, 70)
        self.assertAlmostEqual(low, 0.923, places=3)
        self.assertAlmostEqual(high, 0.9996, places=4)

    def test_the_file_answers_as_the_net_does_within_its_budget(self):
        torch.manual_seed(3)
        net = Net()
        net.train()
        net(torch.rand(8, 3, 80, 80) * 255)
        net = fold(net.eval())
        self.assertLessEqual(parameters(net), 300_000)
        self.assertLessEqual(macs(net, 80, 80), 30_000_000)
        crops = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3), np.uint8)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "l.onnx"
            onnx.save(onnx_model(net), str(path))
            with torch.no_grad():
                wanted = net(torch.from_numpy(crops.transpose(0, 3, 1, 2).astype(np.float32))).softmax(1)[:, LIVE].numpy()
            np.testing.assert_allclose(by_onnx(path, crops), wanted, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
