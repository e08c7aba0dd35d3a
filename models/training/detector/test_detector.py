"""python -m unittest detector.test_detector    (in models/training; seconds, on made-up data, nothing of ../shared)"""
import tempfile, unittest
from pathlib import Path
import cv2, numpy as np, onnx, torch
from detector.export import onnx_model
from detector.net import STRIDES, Net, fold, macs, parameters
from detector.pool import answers, cells
from detector.scenes import clutter, head_mask, occluded, weathered, window
from detector.teach import losses, mirrored
from detector.truth import agreed
from detector.yunet import OUTPUTS, Detector, decode, grid, iou, suppress
from faces.align import TEMPLATE, similarity


def maps_with_face(side, box, points, stride=16, score=0.9):
    """YuNet's outputs for one face in the cell that its centre falls into."""
    outputs = {}
    for s in STRIDES:
        n = (side // s) ** 2
        outputs.update({"cls_%d" % s: np.zeros((1, n, 1), np.float32), "obj_%d" % s: np.zeros((1, n, 1), np.float32),
                        "bbox_%d" % s: np.zeros((1, n, 4), np.float32), "kps_%d" % s: np.zeros((1, n, 10), np.float32)})
    x, y, w, h = box
    column, row = int((x + w / 2) // stride), int((y + h / 2) // stride)
    k = row * (side // stride) + column
    outputs["cls_%d" % stride][0, k] = outputs["obj_%d" % stride][0, k] = score
    outputs["bbox_%d" % stride][0, k] = [(x + w / 2) / stride - column, (y + h / 2) / stride - row, np.log(w / stride), np.log(h / stride)]
    outputs["kps_%d" % stride][0, k] = (np.array(points) / stride - [column, row]).ravel()
    return outputs


BOX, POINTS = (30.0, 20.0, 40.0, 50.0), [(40.0, 40.0), (60.0, 41.0), (50.0, 50.0), (43.0, 60.0), (57.0, 61.0)]


class Decoding(unittest.TestCase):
    def test_a_face_comes_back_as_it_was_put_in(self):
        for stride in STRIDES:
            face = decode(maps_with_face(96, BOX, POINTS, stride), 96, 96, 0.5)
            self.assertEqual(face.shape, (1, 15))
            np.testing.assert_allclose(face[0, :4], BOX, atol=1e-4)
            np.testing.assert_allclose(face[0, 4:14].reshape(5, 2), POINTS, atol=1e-4)
            self.assertAlmostEqual(float(face[0, 14]), 0.9, places=5)

    def test_below_the_threshold_nothing_comes(self):
        self.assertEqual(len(decode(maps_with_face(96, BOX, POINTS, score=0.4), 96, 96, 0.5)), 0)

    def test_cells_run_row_by_row(self):
        np.testing.assert_array_equal(grid(16, 24, 8), [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])

    def test_of_two_that_overlap_the_stronger_stays(self):
        faces = np.zeros((3, 15), np.float32)
        faces[:, :4] = [[0, 0, 10, 10], [1, 1, 10, 10], [50, 50, 10, 10]]
        faces[:, 14] = [0.7, 0.9, 0.8]
        np.testing.assert_allclose(suppress(faces)[:, 14], [0.9, 0.8])
        self.assertAlmostEqual(float(iou(faces[:1], faces[:1])[0, 0]), 1, places=5)


class Teaching(unittest.TestCase):
    def test_a_mirrored_lesson_is_the_lesson_of_the_mirrored_picture(self):
        told = torch.from_numpy(answers(maps_with_face(96, BOX, POINTS)))[None]
        pictures = torch.arange(3 * 96 * 96.0).view(1, 3, 96, 96)
        flipped, answer = mirrored(pictures, told)
        self.assertTrue(torch.equal(flipped.flip(3), pictures))
        mirror = [(96 - x, y) for x, y in (POINTS[k] for k in (1, 0, 2, 4, 3))]
        sure = (answer[0, :, 0] > 0.5).numpy()
        expected = answers(maps_with_face(96, (96 - 30 - 40, 20, 40, 50), mirror))
        np.testing.assert_allclose(answer[0].numpy()[sure], expected[expected[:, 0] > 0.5], atol=1e-5)

    def test_saying_what_the_teacher_says_costs_least(self):
        told = torch.from_numpy(answers(maps_with_face(96, BOX, POINTS)))[None]
        same = told.clone()
        same[..., :2] = torch.logit(told[..., :2].clamp(1e-4, 1 - 1e-4))
        score, box, points = losses(same, told)
        self.assertEqual((float(box), float(points)), (0.0, 0.0))
        worse = same.clone()
        worse[..., :2] = -same[..., :2]
        self.assertLess(float(score), float(losses(worse, told)[0]))


class Truth(unittest.TestCase):
    def test_what_the_views_agree_on_is_their_median_in_the_pictures_own_pixels(self):
        class Teacher:   # sees the one bright rectangle, wherever a view puts it
            def maps(self, canvas):
                rows, columns = np.nonzero(canvas[..., 0] > 127)
                x, y, w, h = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
                at = lambda u, v: (x + u * w, y + v * h)
                high, wide = canvas.shape[:2]
                whole = maps_with_face(max(high, wide), (x, y, w, h), [at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.6), at(0.35, 0.8), at(0.65, 0.8)])
                cut = {}
                for name, value in whole.items():
                    s = int(name.split("_")[1])
                    n = max(high, wide) // s
                    cut[name] = value.reshape(1, n, n, -1)[:, : high // s, : wide // s].reshape(1, -1, value.shape[-1])
                return cut
        picture = np.zeros((100, 130, 3), np.uint8)
        picture[30:80, 50:90] = 255
        faces = agreed([Teacher()], picture, (0.7, 1.0, 1.3), np.random.default_rng(1))
        self.assertEqual(len(faces), 1)
        np.testing.assert_allclose(faces[0, :4], (50, 30, 40, 50), atol=2)
        np.testing.assert_allclose(faces[0, 4:6], (62, 50), atol=2)
        self.assertEqual(faces[0, 15], 1.0)


class Exported(unittest.TestCase):
    def test_the_file_answers_as_the_net_does_at_any_size(self):
        torch.manual_seed(1)
        net = Net()
        net.train()
        net(torch.rand(4, 3, 64, 64) * 255)
        net.eval()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "d.onnx"
            onnx.save(onnx_model(fold(net)), str(path))
            detector = Detector(path)
            for high, wide in ((64, 96), (128, 160)):
                picture = np.random.default_rng(0).integers(0, 256, (high, wide, 3), np.uint8)
                maps = detector.maps(picture)
                self.assertEqual(list(maps), OUTPUTS)
                with torch.no_grad():
                    told = net(torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32)))[0]
                told[:, :2] = told[:, :2].sigmoid()
                np.testing.assert_allclose(answers(maps), told.numpy(), atol=1e-5)

    def test_a_channel_that_was_never_lit_is_not_blown_up(self):
        net = Net().eval()
        before = [m.weight.detach().clone() for m in net.modules() if isinstance(m, torch.nn.Conv2d) and m.bias is None]
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.running_var.zero_()
        fold(net)
        joined = [m for name, m in net.named_modules() if isinstance(m, torch.nn.Conv2d) and not name.startswith(("side", "answer"))]
        self.assertEqual(len(joined), len(before))
        for m, weight in zip(joined, before):
            self.assertLessEqual(float((m.weight.abs() - 10.001 * weight.abs()).max()), 0)

    def test_it_keeps_to_its_budget(self):
        net = fold(Net().eval())
        self.assertLessEqual(parameters(net), 60_000)
        self.assertLessEqual(macs(net, 128, 160), 30_000_000)


class Scenes(unittest.TestCase):
    def test_what_is_drawn_stays_a_picture(self):
        rng = np.random.default_rng(2)
        picture = rng.integers(0, 256, (60, 90, 3), np.uint8)
        view = window(picture, 2.0, 45, 30, 96, 10, rng)
        for out in (view, clutter(view.copy(), rng), weathered(view, rng)):
            self.assertEqual((out.shape, out.dtype), ((96, 96, 3), np.uint8))
        crop = rng.integers(0, 256, (112, 112, 3), np.uint8)
        self.assertEqual(occluded(crop, rng).shape, crop.shape)
        mask = head_mask(rng)
        self.assertTrue(mask.min() >= 0 and mask.max() <= 1 and mask[60, 56] > 0.9)
        self.assertEqual(cells(96), 144 + 36 + 9)

    def test_alignment_takes_the_points_to_the_template(self):
        turned = TEMPLATE @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 1.7 + [12, -5]
        matrix = similarity(turned, TEMPLATE)
        np.testing.assert_allclose(turned @ matrix[:, :2].T + matrix[:, 2], TEMPLATE, atol=1e-6)
        self.assertEqual(cv2.warpAffine(np.zeros((9, 9, 3), np.uint8), matrix, (112, 112)).shape, (112, 112, 3))


if __name__ == "__main__":
    unittest.main()
