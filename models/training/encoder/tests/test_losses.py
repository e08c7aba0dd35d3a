"""Losses against cases worked out by hand."""
import math
import unittest

import torch

from encoder import losses

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
DIAGONAL = [math.sqrt(0.5), math.sqrt(0.5)]


class Distillation(unittest.TestCase):
    def test_cosine_error_is_nought_one_and_two(self):
        wanted = torch.tensor([EAST, EAST, EAST])
        got = torch.tensor([EAST, NORTH, WEST])
        self.assertAlmostEqual(losses.cosine_error(got, wanted).item(), (0 + 1 + 2) / 3, places=6)

    def test_relational_error_leaves_the_diagonal_out(self):
        got, wanted = torch.tensor([EAST, NORTH]), torch.tensor([EAST, WEST])
        # the one similarity is 0 and should be -1; the mean of (1, 1)
        self.assertAlmostEqual(losses.relational_error(got, wanted).item(), 1.0, places=6)

    def test_relational_error_does_not_see_a_turn(self):
        wanted = torch.tensor([EAST, NORTH, DIAGONAL])
        turned = torch.stack([-wanted[:, 1], wanted[:, 0]], 1)
        self.assertAlmostEqual(losses.relational_error(turned, wanted).item(), 0.0, places=6)

    def test_map_error_judges_the_first_channels_alone(self):
        got = torch.zeros(1, 2, 1, 2)
        got[0, 0, 0] = torch.tensor([1.0, 3.0])
        got[0, 1] = 100.0
        wanted = torch.tensor([1.0, 1.0]).view(1, 1, 1, 2)
        self.assertAlmostEqual(losses.map_error(got, wanted).item(), (0 + 4) / 2, places=6)

    def test_neighbour_error_by_hand(self):
        bank, wanted, got = torch.tensor([EAST, NORTH]), torch.tensor([EAST]), torch.tensor([NORTH])
        p = math.e / (math.e + 1)  # softmax of (1, 0)
        by_hand = p * math.log(p / (1 - p)) + (1 - p) * math.log((1 - p) / p)
        self.assertAlmostEqual(losses.neighbour_error(got, wanted, bank, sharpness=1.0).item(), by_hand, places=5)
        self.assertAlmostEqual(losses.neighbour_error(wanted, wanted, bank).item(), 0.0, places=6)

    def test_distillation_is_the_weighted_sum(self):
        got, wanted = torch.tensor([EAST, NORTH]), torch.tensor([EAST, WEST])
        self.assertAlmostEqual(losses.distillation(got, wanted, relational=3.0).item(), 0.5 + 3.0, places=5)


class Triplets(unittest.TestCase):
    def setUp(self):
        self.x = torch.tensor([EAST, DIAGONAL, NORTH])

    def test_distances_are_two_minus_two_cosines(self):
        d = losses.distances(self.x)
        self.assertAlmostEqual(d[0, 1].item(), 2 - math.sqrt(2), places=5)
        self.assertAlmostEqual(d[0, 2].item(), 2.0, places=5)

    def test_an_easy_triplet_costs_nothing(self):
        self.assertEqual(losses.triplet(self.x, torch.tensor([[0, 1, 2]]), margin=0.2).item(), 0.0)

    def test_a_wrong_triplet_costs_the_gap_and_the_margin(self):
        cost = losses.triplet(self.x, torch.tensor([[0, 2, 1]]), margin=0.2).item()
        self.assertAlmostEqual(cost, 2.0 - (2 - math.sqrt(2)) + 0.2, places=5)

    def test_the_mean_is_over_all_triplets(self):
        cost = losses.triplet(self.x, torch.tensor([[0, 2, 1], [0, 1, 2]]), margin=0.2).item()
        self.assertAlmostEqual(cost, (math.sqrt(2) + 0.2) / 2, places=5)

    def test_no_triplets_is_nought_and_can_be_differentiated(self):
        x = self.x.clone().requires_grad_()
        cost = losses.triplet(x, torch.zeros(0, 3, dtype=torch.long))
        cost.backward()
        self.assertEqual(cost.item(), 0.0)
        self.assertEqual(x.grad.abs().sum().item(), 0.0)


class Siamese(unittest.TestCase):
    def setUp(self):
        self.a, self.b = torch.tensor([[0.6, -0.8]]), torch.tensor([[0.2, 0.4]])

    def head(self, chi_square):
        head = losses.SiameseHead(2, chi_square)
        with torch.no_grad():
            head.weight.copy_(torch.tensor([-2.0, -1.0]))
            head.bias.fill_(1.5)
        return head

    def test_absolute_form(self):
        logit = self.head(False)(self.a, self.b).item()
        self.assertAlmostEqual(logit, -2 * 0.4 - 1 * 1.2 + 1.5, places=5)

    def test_chi_square_form(self):
        logit = self.head(True)(self.a, self.b).item()
        self.assertAlmostEqual(logit, -2 * 0.16 / 0.8 - 1 * 1.44 / 1.2 + 1.5, places=4)

    def test_chi_square_of_noughts_is_finite(self):
        self.assertAlmostEqual(self.head(True)(torch.zeros(1, 2), torch.zeros(1, 2)).item(), 1.5, places=6)

    def test_cross_entropy_of_the_sigmoid(self):
        cost = losses.siamese(self.head(False), self.a, self.b, torch.tensor([1])).item()
        self.assertAlmostEqual(cost, -math.log(1 / (1 + math.exp(0.5))), places=5)


if __name__ == "__main__":
    unittest.main()
