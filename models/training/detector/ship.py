"""Puts a taught detector into the tree, all of it together: models/detector.onnx, its manifest row, its card with the figures, the weights to go on from.

  python -m detector.ship --shared ../../../shared --run RUN
Every figure of the card is what detector.evaluate and detector.timing print here and now.
"""
import argparse, contextlib, datetime, io, shutil
from pathlib import Path
import onnx, torch
from detector import evaluate, export, manifest, timing
from detector.net import macs, parameters

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent


class Both(io.StringIO):
    """Keeps what is printed and shows it."""

    def __init__(self, screen):
        super().__init__()
        self.screen = screen

    def write(self, text):
        self.screen.write(text), self.screen.flush()
        return super().write(text)


def printed(function, *arguments):
    """What a function prints, str."""
    import sys
    kept = Both(sys.stdout)
    with contextlib.redirect_stdout(kept):
        function(*arguments)
    return kept.getvalue().rstrip("\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--run", type=Path, required=True, help="folder of detector.train")
    p.add_argument("--recipe", default="Two rounds, the second with hard scenes.", help="sentences for the card on how this run was made")
    p.add_argument("--views", type=int, default=20)
    p.add_argument("--every", type=int, default=1)
    g = p.parse_args()
    model, state = ROOT / "models" / "detector.onnx", torch.load(g.run / "last.pt")
    net = export.load(g.run / "last.pt")
    onnx.save(export.onnx_model(net), str(model))
    shutil.copyfile(g.run / "last.pt", HERE / "last.pt")   # detector.train --init
    measured = printed(evaluate.measure, g.shared, model, g.views, g.every)
    times = printed(timing.detectors, model, g.shared / "models" / "face_detection_yunet_2023mar.onnx")
    manifest.write(ROOT / "models" / "manifest.toml", "facegate_detector",
                   manifest.row(model, "facegate_detector", "detector", "taught by YuNet (MIT) on pictures for non-commercial research (CelebA, UTKFace and others); card: detector.md",
                                "trained here: models/training/detector", 'family = "yunet"              # resizable: any height and width that are multiples of 32 may be set at load\n'))
    card = (HERE / "card.md").read_text()
    figures = dict(parameters=parameters(net), mmac_small=macs(net, 128, 160) / 1e6, mmac_file=macs(net, 256, 320) / 1e6, bytes=model.stat().st_size, sha256=manifest.digest(model),
                   recipe=g.recipe, seen=state["seen"], cpu_s=state["cpu_s"], measured=measured, times=times, date=datetime.date.today().isoformat())
    (ROOT / "models" / "detector.md").write_text(card % figures)


if __name__ == "__main__":
    main()
