"""The student keeps within its limits, and is the same function after folding and after export. Views stay pictures."""
import os
import tempfile
import unittest

import numpy as np
import torch

from encoder import export, inner, muon, ship, stages, train
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
            self.assertEqual(end.shape, (2, channels, height, width), "a stage takes the teacher's maps as they are")

    def test_joined_of_each_process_what_it_taught(self):
        with tempfile.TemporaryDirectory() as folder:
            nets = [Student() for _ in stages.JOBS]
            for rank, net in enumerate(nets):
                stages.save(folder, rank, net, [], 1.0)
            net, _ = export.load(stages.join(folder))
            x = torch.randn(1, 3, 112, 112)
            with torch.no_grad():
                first = nets[0].eval().stages[0](x)
                self.assertTrue(torch.equal(net.maps(x)[0], first))
                for stage in nets[1].eval().stages[1:]:
                    first = stage(first)
                self.assertTrue(torch.equal(net(x), nets[1].out(nets[1].pooled(None, [first]))))


class MuonSteps(unittest.TestCase):
    def test_every_direction_gets_the_same(self):
        torch.manual_seed(0)
        for shape in ((8, 32), (32, 8)):
            weak = torch.randn(shape[0], 8) @ torch.diag(torch.logspace(0, -2, 8)) @ torch.randn(8, shape[1])
            values = torch.linalg.svdvals(muon.level(weak))
            self.assertTrue(0.4 < values.min() and values.max() < 1.4, values)

    def test_a_diagonal_by_hand(self):
        got = muon.level(torch.tensor([[3.0, 0.0], [0.0, -4.0]]))
        self.assertTrue(torch.allclose(got, torch.tensor([[1.0, 0.0], [0.0, -1.0]]), atol=0.35), got)


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
