"""What is asked of the student. All take unit vectors unless they say otherwise, and return one number.

Distances d are squared Euclidean distances of unit vectors, d = 2 - 2 cos, as in FaceNet (Schroff, Kalenichenko, Philbin 2015).
"""
import torch
import torch.nn.functional as F


def cosine_error(got, wanted):
    """1 - cos to the teachers' vector of the same picture, on average."""
    return (1 - (got * wanted).sum(1)).mean()


def relational_error(got, wanted):
    """Mean squared difference of the similarities among the batch (Park et al. 2019), the diagonal left out."""
    n = len(got)
    gap = (got @ got.t() - wanted @ wanted.t()) ** 2
    return (gap.sum() - gap.diagonal().sum()) / (n * (n - 1))


def neighbour_error(got, wanted, bank, sharpness=20.0):
    """How differently student and teacher rank a bank of other faces: KL of the softmax over similarities to the bank.

    Look-alikes weigh most, as they do at a door."""
    teacher = F.softmax(sharpness * wanted @ bank.t(), 1)
    student = F.log_softmax(sharpness * got @ bank.t(), 1)
    return F.kl_div(student, teacher, reduction="batchmean")


def map_error(got, wanted):
    """Mean squared difference of a stage's maps [N,c',h,w] to the teacher's [N,c,h,w], c <= c': the first c channels count.

    The teacher's are standardised, so that 1 is what answering nothing would give."""
    got, wanted = got.permute(0, 2, 3, 1), wanted.permute(0, 2, 3, 1)  # so that the gradient comes back channels last: else batch norm's takes nine times as long
    return (got[..., :wanted.shape[3]] - wanted).float().pow(2).mean()


def distillation(got, wanted, bank=None, relational=4.0, neighbours=0.0):
    loss = cosine_error(got, wanted) + relational * relational_error(got, wanted)
    if neighbours and bank is not None:
        loss = loss + neighbours * neighbour_error(got, wanted, bank)
    return loss


def distances(x):
    """Squared distances of unit vectors among a batch, [N,N]."""
    return (2 - 2 * x @ x.t()).clamp_min(0)


def triplet(x, triplets, margin=0.2):
    """max(d(A,P) - d(A,N) + margin, 0) over rows (A, P, N) of `triplets`; 0 where there are none. Mined in mining.py."""
    if len(triplets) == 0:
        return x.sum() * 0
    d = distances(x)
    a, p, n = triplets.unbind(1)
    return F.relu(d[a, p] - d[a, n] + margin).mean()


class SiameseHead(torch.nn.Module):
    """Same person or not, from two embeddings: sigmoid(sum_k w_k g_k + b), g_k = |a_k - b_k|, or its chi-square form
    g_k = (a_k - b_k)^2 / (|a_k| + |b_k|) (after Taigman et al. 2014). Returns the logit."""

    def __init__(self, dimension, chi_square=False):
        super().__init__()
        self.chi_square = chi_square
        self.weight = torch.nn.Parameter(torch.full((dimension,), -1.0))
        self.bias = torch.nn.Parameter(torch.zeros(()))

    def forward(self, a, b):
        gap = (a - b).abs()
        if self.chi_square:
            gap = gap ** 2 / (a.abs() + b.abs() + 1e-6)
        return gap @ self.weight + self.bias


def siamese(head, a, b, same):
    """Binary cross entropy of the head on pairs; `same` is 0 or 1."""
    return F.binary_cross_entropy_with_logits(head(a, b), same.float())
