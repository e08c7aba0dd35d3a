"""Random views of aligned faces: what a camera at a gate, a detector's landmarks and a lossy wire do to a picture.

Everything is done on whole batches with torch, on the device the pixels are on. `strength` 0..1 scales both how often and how
much. The target of a view is that of the clean picture.
"""
import math

import torch
import torch.nn.functional as F


def views(pixels, strength, size=112, still=False):
    """uint8 [N,3,112,112] -> float [N,3,size,size] in 0..255, one view a picture. `still`: nothing is moved or resized."""
    x = pixels.float() if still else move(pixels.float(), strength, size)
    x = light(x, strength)
    x = some(x, 0.35 * strength, colour_to_infrared)
    x = some(x, 0.30 * strength, in_front)
    x = some(x, 0.15 * strength, glasses)
    x = some(x, 0.12 * strength, mask)
    x = some(x, 0.15 * strength, blur)
    x = some(x, 0.25 * strength, low_resolution)
    x = some(x, 0.40 * strength, noise)
    x = some(x.clamp(0, 255), 0.25 * strength, jpeg)
    return x.clamp(0, 255)


def uniform(x, lo, hi, *shape):
    return torch.rand(len(x), *(shape or (1, 1, 1)), device=x.device) * (hi - lo) + lo


def some(x, share, what):
    """`what` done to a random share of the batch (the batch is in random order: its first rows)."""
    n = int(len(x) * share + torch.rand(()).item())
    if n == 0:
        return x
    k = torch.randperm(len(x), device=x.device)[:n]
    x = x.clone()
    x[k] = what(x[k])
    return x


def move(x, strength, size, mirror=True):
    """Mirror (half of them, if at all), turn, scale, shift, stretch and a slight perspective: the pose, and the detector's landmarks being off."""
    n = len(x)
    line = (torch.arange(size, device=x.device) + 0.5) / size * 2 - 1
    v, u = torch.meshgrid(line, line, indexing="ij")
    u, v = u.expand(n, -1, -1), v.expand(n, -1, -1)
    r = lambda amount: uniform(x, -amount, amount, 1, 1) * strength
    depth = 1 + r(0.10) * u + r(0.08) * v
    u, v = u / depth, v / depth
    angle, scale, aspect, shear = r(0.16), torch.exp(r(0.09)), torch.exp(r(0.05)), r(0.06)
    turned = torch.where(torch.rand(n, 1, 1, device=x.device) < (0.5 if mirror else 0.0), -1.0, 1.0)
    a, b = u * scale * aspect, v * scale / aspect
    across = (a * torch.cos(angle) - b * torch.sin(angle) + shear * b) + r(0.07)
    down = a * torch.sin(angle) + b * torch.cos(angle) + r(0.07)
    return F.grid_sample(x, torch.stack([across * turned, down], -1), padding_mode="border", align_corners=False)


def light(x, strength):
    """Exposure, contrast, a light from one side, light from behind, a colour cast: one factor a pixel and channel."""
    size = x.shape[2]
    line = torch.linspace(-1, 1, size, device=x.device)
    angle = uniform(x, 0, 2 * math.pi, 1, 1)
    side = line.view(1, 1, -1) * torch.cos(angle) + line.view(1, -1, 1) * torch.sin(angle)
    away = (line.view(1, 1, -1) ** 2 + line.view(1, -1, 1) ** 2) / 2
    back = uniform(x, 0, 0.9, 1, 1) * (torch.rand(len(x), 1, 1, device=x.device) < 0.15) * strength
    shade = 1 + side * uniform(x, 0, 0.45, 1, 1) * strength + (away - 0.5) * back
    gain = torch.exp(uniform(x, -0.5, 0.4) * strength) * (1 + uniform(x, -0.12, 0.12, 3, 1, 1) * strength)
    return x * (shade.unsqueeze(1) * gain) + uniform(x, -25, 25) * strength


def colour_to_infrared(x):
    """Grey, or the look of a near-infrared lamp (contrast up, bright middle), or only washed out."""
    grey = (x * torch.tensor([0.3, 0.59, 0.11], device=x.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    warm = x[:, :1] * 0.8 + x[:, 1:2] * 0.2  # skin is bright in infrared, as in the red channel
    kind = torch.rand(len(x), 1, 1, 1, device=x.device)
    keep = uniform(x, 0.2, 1.6)
    out = torch.where(kind < 0.6, grey + (x - grey) * keep, grey.expand_as(x))
    lamp = (warm - 110) * uniform(x, 0.8, 1.4) + uniform(x, 100, 160)
    return torch.where(kind > 0.85, lamp.expand_as(x), out)


def _places(x):
    """Row and column of each pixel in 112ths, whatever the size."""
    line = (torch.arange(x.shape[2], device=x.device) + 0.5) * (112 / x.shape[2])
    return line.view(1, 1, -1, 1), line.view(1, 1, 1, -1)


def _paint(x, where, opacity=1.0):
    colour = uniform(x, 0, 255, 3, 1, 1)
    colour = torch.where(torch.rand(len(x), 1, 1, 1, device=x.device) < 0.4, colour.mean(1, keepdim=True).expand_as(colour), colour)
    rough = torch.randn(len(x), 1, x.shape[2], x.shape[3], device=x.device) * uniform(x, 0, 25)
    return torch.where(where, x * (1 - opacity) + (colour + rough) * opacity, x)


def in_front(x):
    """A rectangle before the face; a third of the time a band over the top edge (hair, hood, the packs' filled border)."""
    row, column = _places(x)
    v, u = uniform(x, -10, 112), uniform(x, -10, 112)
    inside = (row > v) & (row < v + uniform(x, 10, 45)) & (column > u) & (column < u + uniform(x, 10, 45))
    top = (row < uniform(x, 5, 28)).expand_as(inside)
    return _paint(x, torch.where(torch.rand(len(x), 1, 1, 1, device=x.device) < 0.33, top, inside))


def glasses(x):
    """Two rims or dark panes about the eyes of the template, and a bridge."""
    row, column = _places(x)
    height, width = uniform(x, 8, 14), uniform(x, 12, 17)
    lift = uniform(x, -3, 5)
    left = ((row - 51.6 - lift) / height) ** 4 + ((column - 38.3) / width) ** 4
    right = ((row - 51.6 - lift) / height) ** 4 + ((column - 73.5) / width) ** 4
    near = torch.minimum(left, right)
    bridge = ((row - 49 - lift).abs() < 2) & ((column - 56).abs() < 18)
    rim = ((near < 1) & (near > uniform(x, 0.35, 0.7))) | bridge & (near > 1)
    pane = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.35
    x = _paint(x, (near < 1) & pane, 0.85)
    return _paint(x, rim, 0.9)


def mask(x):
    """Cloth over mouth and nose: below a line that is highest in the middle."""
    row, column = _places(x)
    edge = uniform(x, 60, 80) + ((column - 56) / 56).abs() ** 2 * uniform(x, -4, 16)
    return _paint(x, row > edge)


def blur(x):
    """A Gaussian, of one width for the batch's share, or motion along one direction."""
    sigma = 0.5 + torch.rand(()).item() * 1.6
    line = torch.arange(-4, 5, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-line ** 2 / (2 * sigma * sigma))
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    across, down = torch.rand(2).tolist()
    if across < 0.8:
        x = F.conv2d(F.pad(x, (4, 4, 0, 0), mode="replicate"), kernel.unsqueeze(2), groups=3)
    if down < 0.8:
        x = F.conv2d(F.pad(x, (0, 0, 4, 4), mode="replicate"), kernel.unsqueeze(3), groups=3)
    return x


def low_resolution(x):
    """A far face: averaged down to a few pixels and enlarged again."""
    k = int(torch.randint(20, 72, ()).item() * x.shape[2] / 112)
    return F.interpolate(F.interpolate(x, size=(k, k), mode="area"), size=x.shape[2:], mode="bilinear", align_corners=False)


def noise(x):
    """Grain of a sensor at night: finer or coarser, more in colour or in grey."""
    grain = torch.randn_like(x)
    grain = torch.where(torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5, grain, grain[:, :1].expand_as(grain))
    return x + grain * uniform(x, 2, 16)


def jpeg(x):
    """The loss of JPEG: 8x8 cosine transform, rounded to steps that grow with the frequency."""
    size = x.shape[2]
    if size % 8:
        return x
    k = torch.arange(8, device=x.device, dtype=x.dtype)
    basis = torch.cos((2 * k + 1).view(1, 8) * k.view(8, 1) * math.pi / 16) * 0.5
    basis[0] = basis[0] / math.sqrt(2)
    blocks = x.view(len(x), 3, size // 8, 8, size // 8, 8).transpose(3, 4)
    frequency = basis @ blocks @ basis.t()
    step = (2 + 3 * (k.view(8, 1) + k.view(1, 8))) * uniform(x, 0.5, 5).unsqueeze(-1).unsqueeze(-1)
    frequency = torch.round(frequency / step) * step
    return (basis.t() @ frequency @ basis).transpose(3, 4).reshape(x.shape)
