"""Puts a checkpoint into the tree, all of it together: encoder.onnx, its row in manifest.toml, fixture, card, weights to resume.

    python -m encoder.ship --cache CACHE --run RUN

Exports, measures (encoder.evaluate), takes tau from the people held aside, and writes
  models/encoder.onnx                 models/manifest.toml (only the table of facegate_encoder)
  models/encoder.md                   from encoder/card.md, every figure filled in here
  tests/fixtures/encoder_parity.json  PyTorch's answer to a picture made by a formula, for the Rust side
  models/training/encoder/last.pt     the averaged weights in half precision: --init last.pt goes on from them
  models/training/encoder/learning.csv, measured.json
"""
import argparse
import csv
import hashlib
import json
import os
import re

import numpy as np
import torch

from . import card, evaluate, export
from .packs import Packs
from .student import cost, normalise
from .teachers import Mix
from .views import views

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
NAME = "facegate_encoder"

ROW = """[[model]]
name = "{name}"
role = "encoder"
file = "encoder.onnx"
sha256 = "{sha256}"
input = {{ name = "input", shape = [1, 3, 112, 112], colour = "RGB", mean = [127.5, 127.5, 127.5], std = [128.0, 128.0, 128.0] }}
outputs = ["embedding"]
dimension = 128
tau = {tau}                   # similarity at FMR 0.1 % among training people held aside; card: encoder.md
answer = [{answer}]
source = "trained here: models/training/encoder"
licence = "weights for non-commercial research: distilled from EdgeFace-XS (CC-BY-NC-SA-4.0) and InsightFace y1 (research only) on CelebA and UTKFace (research only)"
"""


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--packs", nargs="+", default=["../shared/training/crops-1.bin", "../shared/training/crops-2.bin"])
    p.add_argument("--cache", required=True)
    p.add_argument("--run", required=True, help="folder with last.pt and log.csv")
    p.add_argument("--lfw", default="../shared/faces/lfw")
    p.add_argument("--detector", default="../shared/models/face_detection_yunet_2023mar.onnx")
    p.add_argument("--recipe", default="The triplet term was not used.", help="a sentence for the card on what this run did beyond the defaults")
    p.add_argument("--needs", default="", help="sentences for the card on what is still missing")
    p.add_argument("--root", default=ROOT, help="the project")
    g = p.parse_args()
    packs = Packs(g.packs, g.cache)
    net, state = export.load(os.path.join(g.run, "last.pt"))
    export.measure_batch_norm(net, list(calibration(packs)))
    model = os.path.join(g.root, "models", "encoder.onnx")
    plain = export.write(net, model)
    sha256 = digest(model)

    found = measure(g, packs, plain, model)
    found["sha256"], found["run"] = sha256, dict(state, parameters=cost(net)[0], macs=cost(net)[1], bytes=os.path.getsize(model))
    found["stages"] = torch.load(os.path.join(g.run, "stages.pt"), weights_only=True)["told"] if os.path.exists(os.path.join(g.run, "stages.pt")) else None
    found["recipe"], found["needs"], found["train_pictures"] = g.recipe, g.needs, int((~packs.held).sum())
    answer = write_fixture(os.path.join(g.root, "tests", "fixtures", "encoder_parity.json"), plain, sha256)
    write_row(os.path.join(g.root, "models", "manifest.toml"), sha256, found["held"]["tau"], answer[:8])
    keep_weights(net, state, os.path.join(HERE, "last.pt"))
    keep_curve(os.path.join(g.run, "log.csv"), state["step"], os.path.join(HERE, "learning.csv"))
    with open(os.path.join(HERE, "measured.json"), "w") as f:
        json.dump(found, f, indent=1)
        f.write("\n")
    card.write(os.path.join(g.root, "models", "encoder.md"))
    lfw = found["lfw"]
    print("%d views: LFW folds 1-5 %.2f %%, TAR at FMR 1e-3 %.1f %%; held aside TAR %.1f %% at tau %.3f; sha256 %s" % (
        state["seen"], 100 * lfw["accuracy"], 100 * lfw["tar"][1], 100 * found["held"]["tar"][1], found["held"]["tau"], sha256))


def calibration(packs, batches=12, batch=128):
    """Mild views of training pictures, for the batch norms of the averaged weights."""
    torch.manual_seed(0)
    rows = np.random.default_rng(0).choice(np.flatnonzero(~packs.held), batches * batch, replace=False)
    for k in range(batches):
        pixels = torch.from_numpy(np.ascontiguousarray(packs.pixels[np.sort(rows[k * batch:(k + 1) * batch])])).permute(0, 3, 1, 2)
        yield normalise(views(pixels, 0.3))


def torch_encoder(net, batch=100, size=112):
    """uint8 [N,112,112,3] -> unit vectors, in PyTorch."""

    @torch.no_grad()
    def embed(pixels):
        out = []
        for k in range(0, len(pixels), batch):
            x = torch.from_numpy(np.ascontiguousarray(pixels[k:k + batch])).permute(0, 3, 1, 2).float()
            if size != 112:
                x = torch.nn.functional.interpolate(x, size=(size, size), mode="area")
            out.append(torch.nn.functional.normalize(net(normalise(x))).numpy())
        return np.concatenate(out)

    return embed


def measure(g, packs, net, model):
    lfw = evaluate.lfw_crops(g.lfw, g.detector, g.cache)
    held = np.flatnonzero(packs.held)
    embed = torch_encoder(net)
    got = embed(packs.pixels[held])
    place = {row: k for k, row in enumerate(held)}
    found = {"held": evaluate.held_aside_people(lambda rows: got[[place[r] for r in rows]], packs, by_row=True)}
    tau = found["held"]["tau"]
    found["groups"] = evaluate.strangers(lambda rows: got[[place[r] for r in rows]], packs, tau, by_row=True)
    found["band"] = evaluate.filled_band(embed, packs)
    found["lfw"] = evaluate.lfw_figures(embed, *lfw, pairs_file=os.path.join(g.lfw, "pairs.txt"), tau=tau)
    wanted = np.load(os.path.join(g.cache, "targets.npy"))
    found["held"]["cosine_error"] = float(1 - (got * wanted[held]).sum(1).mean())
    labelled = np.flatnonzero(packs.held & (packs.person >= 0))
    target = evaluate.held_aside_people(lambda _: wanted[labelled], packs)
    found["target"] = {"held": target, "mix": Mix.load(g.cache).weights}
    found["parity"] = export.compare(net, model)
    found["milliseconds"] = evaluate.time_of(model)
    return found


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def write_row(path, sha256, tau, answer):
    """Replaces the table of our encoder, or adds it at the end, and names it the default where none is; the rest stays as it is.

    `answer` is what the gate holds the net to when it loads it: its first eight numbers for the fixture's picture."""
    row = ROW.format(name=NAME, sha256=sha256, tau="%.3f" % tau, answer=", ".join("%.6g" % v for v in answer))
    text = "version = 1\n"
    if os.path.exists(path):
        with open(path) as f:
            text = f.read()
    tables = re.split(r"(?m)^(?=\[)", text)
    for k, table in enumerate(tables):
        if table.startswith("[default]") and not re.search(r"(?m)^encoder *=", table):
            tables[k] = table.rstrip() + '\nencoder = "%s"\n\n' % NAME
    mine = [k for k, t in enumerate(tables) if re.search(r'(?m)^name = "%s"' % NAME, t)]
    if mine:
        tables[mine[0]] = row + ("\n" if mine[0] + 1 < len(tables) else "")
    else:
        tables.append(("" if text.endswith("\n\n") else "\n") + row)
    with open(path, "w") as f:
        f.write("".join(tables))


def formula():
    """The picture of the fixture, uint8 [112,112,3]: pixel[c][y][x] = (x*7 + y*13 + c*29) % 256."""
    y, x, c = np.meshgrid(np.arange(112), np.arange(112), np.arange(3), indexing="ij")
    return ((x * 7 + y * 13 + c * 29) % 256).astype(np.uint8)


def write_fixture(path, net, sha256):
    x = normalise(torch.from_numpy(formula()).permute(2, 0, 1)[None].float())
    with torch.no_grad():
        embedding = net(x)[0].tolist()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump({
            "what": "PyTorch's answer of models/encoder.onnx, before normalising; written by models/training: python -m encoder.ship",
            "input": "pixel[c][y][x] = (x*7 + y*13 + c*29) % 256, channels R G B; the network takes (pixel - 127.5) / 128",
            "embedding": [round(v, 7) for v in embedding], "sha256": sha256}, f, indent=1)
        f.write("\n")
    return embedding


def keep_weights(net, state, path):
    half = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    torch.save({"average": half, "state": dict(state)}, path)


def keep_curve(log, step, path, rows=60):
    """About sixty rows of the run's log, up to the checkpoint."""
    with open(log, newline="") as f:
        lines = [line for line in csv.reader(f) if int(line[0]) <= step]
    lines = lines[:: max(1, len(lines) // rows)] + ([lines[-1]] if lines else [])
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["step", "views", "seconds", "share", "errors"])
        for line in lines:
            out.writerow(line[:4] + [" ".join(line[4:])])


if __name__ == "__main__":
    main()
