"""The student keeps within its limits, and is the same function after folding and after export. Views stay pictures."""
import os
import tempfile
import unittest

import numpy as np
import torch

from encoder import export, inner, ship, train
from encoder.student import Student, cost, folded
from encoder.views import jpeg, views


def taught_a_little():
    """A student whose batch norms hold something else than their first values."""
    torch.manual_seed(0)
    net = Student()
    net.train()
    with torch.no_grad():
        for side in (112, 112):
            net(torch.randn(4, 3, side, side) + 0.3)
    return net.eval()


class Limits(unittest.TestCase):
    def test_at_most_two_million_parameters_and_120_mmac(self):
        parameters, macs = cost(Student())
        self.assertLessEqual(parameters, 2_000_000)
        self.assertLessEqual(macs, 120_000_000)


class SameFunction(unittest.TestCase):
    def test_training_and_measuring_pool_alike(self):
        net, x = taught_a_little(), torch.randn(2, 3, 112, 112)
        with torch.no_grad():
            measured = net(x)
            net.training = True  # the whole net's way of pooling, its batch norms still at rest
            self.assertLess((net(x) - measured).abs().max().item(), 1e-5)

    def test_folded(self):
        net, x = taught_a_little(), torch.randn(2, 3, 112, 112)
        with torch.no_grad():
            self.assertLess((net(x) - folded(net)(x)).abs().max().item(), 1e-4)

    def test_exported(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "encoder.onnx")
            plain = export.write(taught_a_little(), path)
            self.assertLess(export.compare(plain, path), 1e-4)
            self.assertLess(os.path.getsize(path), 8_000_000)

    def test_small_pictures_go_through(self):
        self.assertEqual(Student().eval()(torch.zeros(1, 3, 64, 64)).shape, (1, 128))


class Stages(unittest.TestCase):
    def test_ends_have_the_teachers_shapes(self):
        ends = Student().eval().maps(torch.zeros(2, 3, 112, 112))
        for end, (height, width, channels) in zip(ends, inner.SHAPES):
            self.assertEqual(end.shape[2:], (height, width))
            self.assertGreaterEqual(end.shape[1], channels)
        for end, (_, _, channels) in list(zip(ends, inner.SHAPES))[:3]:
            self.assertEqual(end.shape[1], channels, "these are given to the next stage as they are")

    def test_what_is_given_takes_the_place_of_what_was_made(self):
        net, x = Student().eval(), torch.randn(2, 3, 112, 112)
        which = torch.tensor([True, False])
        with torch.no_grad():
            own = net.maps(x)
            given = [(torch.zeros_like(end), which if k == 1 else which & False) for k, end in enumerate(own[:3])]
            mixed = net.maps(x, given)
            self.assertTrue(torch.equal(mixed[1], own[1]), "a stage's own answer is what is judged")
            self.assertTrue(torch.allclose(mixed[2][:1], net.stages[2](torch.zeros_like(own[1][:1])), atol=1e-5))
            self.assertTrue(torch.allclose(mixed[2][1:], own[2][1:], atol=1e-5))


class Views(unittest.TestCase):
    def test_they_stay_in_range_at_every_size(self):
        torch.manual_seed(0)
        pixels = torch.randint(0, 256, (24, 3, 112, 112), dtype=torch.uint8)
        for size in (64, 80, 112):
            x = views(pixels, 1.0, size)
            self.assertEqual(x.shape, (24, 3, size, size))
            self.assertTrue(bool(torch.isfinite(x).all()) and x.min() >= 0 and x.max() <= 255)

    def test_without_strength_they_only_mirror(self):
        pixels = torch.randint(0, 256, (16, 3, 112, 112), dtype=torch.uint8)
        x = views(pixels, 0.0)
        plain = torch.minimum((x - pixels).abs().amax((1, 2, 3)), (x - pixels.flip(3)).abs().amax((1, 2, 3)))
        self.assertLess(plain.max().item(), 0.1)

    def test_jpeg_of_a_plain_picture_changes_little(self):
        x = torch.full((2, 3, 16, 16), 100.0)
        self.assertLess((jpeg(x) - x).abs().max().item(), 1.5)


class Plan(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual(train.sizes("64:0.25,112:1"), [(64, 0.25), (112, float("inf"))])

    def test_only_our_table_of_the_manifest_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "manifest.toml")
            before = '# head\nversion = 1\n\n[default]\nencoder = "x"\n\n[[model]]\nname = "a"\n\n'
            after = '[[model]]\nname = "z"\n'
            with open(path, "w") as f:
                f.write(before + ship.ROW.format(name=ship.NAME, sha256="old", tau="0.1", answer="0.5") + "\n" + after)
            ship.write_row(path, "new", 0.25, [1.5, -2.0])
            with open(path) as f:
                text = f.read()
            self.assertTrue(text.startswith(before) and text.endswith("\n\n" + after))
            self.assertIn('sha256 = "new"', text)
            self.assertIn("tau = 0.250", text)
            self.assertIn("answer = [1.5, -2]", text)
            self.assertNotIn("old", text)

    def test_the_fixture_picture(self):
        x = ship.formula()
        self.assertEqual(x.shape, (112, 112, 3))
        self.assertEqual(int(x[5, 3, 2]), (3 * 7 + 5 * 13 + 2 * 29) % 256)
        self.assertEqual(x.dtype, np.uint8)


if __name__ == "__main__":
    unittest.main()
