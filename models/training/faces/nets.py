"""The public nets as onnxruntime runs them: encoders on aligned crops, MiniFASNets on their crops."""
import os, sys
import numpy as np, onnxruntime
from liveness.crop import as_input, crop, softmax

ENCODERS = ("edgeface_xs", "edgeface_xxs", "mobilefacenet", "mobilefacenet_insightface_y1")
MINIFASNETS = (("minifasnet_v2", 2.7), ("minifasnet_v1se", 4.0))


def session(path, threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


class Encoder:
    def __init__(self, path, mean=127.5, std=127.5):
        self.net, self.mean, self.std = session(path), mean, std

    def __call__(self, crops):
        """uint8 [N,112,112,3] BGR -> unit vectors float32 [N,D]."""
        x = (np.asarray(crops)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) - self.mean) / self.std
        e = np.concatenate([self.net.run(None, {"input": np.ascontiguousarray(v[None])})[0] for v in x])
        return e / np.linalg.norm(e, axis=1, keepdims=True)


class Liveness:
    """The mean of the softmaxes of several nets, each with its own crop."""

    def __init__(self, paths_and_scales, live_index=1):
        self.nets, self.live_index = [(session(p), s) for p, s in paths_and_scales], live_index

    def __call__(self, picture, box):
        """How live the face in box is, 0..1."""
        return float(np.mean([softmax(n.run(None, {"input": as_input([crop(picture, box, s)])})[0])[0, self.live_index] for n, s in self.nets]))


def minifasnets(models_dir):
    return Liveness([(os.path.join(models_dir, n + ".onnx"), s) for n, s in MINIFASNETS])
