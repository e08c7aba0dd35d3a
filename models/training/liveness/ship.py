"""Puts a taught liveness net into the tree: models/liveness.onnx, its manifest row, its card with the figures.

  python -m liveness.ship --shared ../../../shared --run RUN --pool ASIDE.npz --choose CHOOSE.npz --left-out RUNS
"""
import argparse, datetime
from pathlib import Path
import onnx, torch
from detector import manifest, timing
from detector.net import macs, parameters
from detector.ship import ROOT, printed
from detector.yunet import Detector
from faces import check
from faces.nets import Liveness
from liveness import evaluate, export

HERE = Path(__file__).resolve().parent


def on_the_fixture(shared, model):
    people = check.read(ROOT / "models" / "faces")
    detector = Detector(shared / "models" / "face_detection_yunet_2023mar.onnx")
    found = {(p, n): check.largest(detector, picture) for p, names in people.items() for n, picture in names.items()}
    check.check_liveness("facegate_liveness", Liveness([(model, 2.7)]), people, found)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--pool", type=Path, required=True, help="pictures held aside")
    p.add_argument("--choose", type=Path, required=True, help="pictures on which the threshold was chosen")
    p.add_argument("--left-out", type=Path, help="folder of the runs without one kind")
    g = p.parse_args()
    model, state, net = ROOT / "models" / "liveness.onnx", torch.load(g.run / "last.pt"), export.load(g.run / "last.pt")
    onnx.save(export.onnx_model(net), str(model))
    measured = printed(evaluate.measure, g.shared, g.pool, g.choose, model, g.left_out)
    fixture = printed(on_the_fixture, g.shared, model)
    times = printed(timing.liveness, {"facegate_liveness": model, "minifasnet_v2": g.shared / "models" / "minifasnet_v2.onnx", "minifasnet_v1se": g.shared / "models" / "minifasnet_v1se.onnx"})
    extra = "crop_scale = 2.7              # the square around the face's box, in box sizes\nlive_index = 1                # softmax over the logits: print, live, screen\n"
    manifest.write(ROOT / "models" / "manifest.toml", "facegate_liveness",
                   manifest.row(model, "facegate_liveness", "liveness", "a deterrent; taught beside MiniFASNet (Apache-2.0) on pictures for non-commercial research (CelebA, UTKFace, RWMFD); card: liveness.md",
                                "trained here: models/training/liveness", extra))
    figures = dict(parameters=parameters(net), mmac=macs(net, 80, 80) / 1e6, bytes=model.stat().st_size, sha256=manifest.digest(model), seen=state["seen"], cpu_s=state["cpu_s"],
                   measured=measured, fixture=fixture, times=times, date=datetime.date.today().isoformat())
    (ROOT / "models" / "liveness.md").write_text((HERE / "card.md").read_text() % figures)


if __name__ == "__main__":
    main()
