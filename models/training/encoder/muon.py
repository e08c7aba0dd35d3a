"""Optimisers: Muon for the convolutions that mix channels, AdamW for the rest.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) replaces a matrix's averaged gradient by the nearest matrix whose
singular values are all about one, so that rare directions are learned as fast as common ones. It is kept here, in a few lines, because
PyTorch's own takes matrices alone and the weights of a convolution have four dimensions. What it gained: docs of the recipe, ../README.md.
"""
import torch
import torch.nn as nn

ADAM_SHARE = 0.25  # AdamW's rate, as a share of Muon's


class Muon(torch.optim.Optimizer):
    """Weights [o,i,h,w], taken as [o, i*h*w]."""

    def __init__(self, weights, lr, momentum=0.95):
        super().__init__(weights, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                kept = self.state[p]
                if "mean" not in kept:
                    kept["mean"] = torch.zeros_like(p)
                kept["mean"].lerp_(p.grad, 1 - group["momentum"])
                step = level(p.grad.lerp(kept["mean"], group["momentum"]).flatten(1))
                rows, columns = step.shape
                p.add_(step.view_as(p), alpha=-group["lr"] * max(1, rows / columns) ** 0.5)


def level(matrix, rounds=5):
    """The matrix with its singular values brought near 1 (0.7 to 1.2), by a Newton-Schulz iteration of the fifth degree in bfloat16."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.t() if tall else matrix)
    x = (x / (x.norm() + 1e-9)).bfloat16()
    for _ in range(rounds):
        a = x @ x.t()
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    x = x.to(matrix.dtype)
    return x.t().contiguous() if tall else x


class Both:
    """One optimiser out of the two; `rate` sets both."""

    def __init__(self, modules, lr, decay=0.0):
        mixing = [m.weight for module in modules for m in module.modules() if isinstance(m, nn.Conv2d) and m.groups == 1]
        known = {id(w) for w in mixing}
        rest = [p for module in modules for p in module.parameters() if id(p) not in known]
        self.parts = [Muon(mixing, lr), torch.optim.AdamW(rest, lr=lr * ADAM_SHARE, weight_decay=decay, foreach=True)]

    def rate(self, lr):
        for part, share in zip(self.parts, (1.0, ADAM_SHARE)):
            for group in part.param_groups:
                group["lr"] = lr * share

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self):
        for part in self.parts:
            part.step()

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, kept):
        for part, one in zip(self.parts, kept):
            part.load_state_dict(one)


class Adam(torch.optim.AdamW):
    """AdamW for everything, to compare with."""

    def __init__(self, modules, lr):
        super().__init__([p for m in modules for p in m.parameters()], lr=lr, weight_decay=0.01, foreach=True)

    def rate(self, lr):
        for group in self.param_groups:
            group["lr"] = lr
