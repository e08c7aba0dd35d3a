"""Reads the training pictures: the packs of aligned crops, and the pictures with surroundings of context.tar.

Both stand outside the repository (research terms); every script takes their folder as --shared.
"""
import csv, io, tarfile
from dataclasses import dataclass
import cv2, numpy as np


def decode(blob, offset=0, length=None):
    """One JPEG or WebP in blob[offset:offset+length] -> uint8 [H,W,3] BGR."""
    length = len(blob) - offset if length is None else length
    return cv2.imdecode(np.frombuffer(blob, np.uint8, length, offset), cv2.IMREAD_COLOR)


def crop_rows(pack_path):
    """The index of crops-N.bin: a list of dicts (offset, length, person, source, age, gender, race, score, yaw, eye_px)."""
    with open(str(pack_path)[:-4] + ".csv") as file:
        return list(csv.DictReader(file))


def crop_pictures(pack_path, rows):
    """uint8 [N,112,112,3] BGR for the given rows of crops-N.bin."""
    with open(pack_path, "rb") as file:
        blob = file.read()
    out = np.empty((len(rows), 112, 112, 3), np.uint8)
    for k, row in enumerate(rows):
        out[k] = decode(blob, int(row["offset"]), int(row["length"]))
    return out


@dataclass
class ContextPicture:
    path: str           # face/... or noface/... within the archive
    pixels: np.ndarray  # uint8 [H,W,3] BGR, long side at most 288
    faces: np.ndarray   # float32 [F,15]: x y w h, five landmarks x y, score (YuNet 2023mar at 0.6)


def context_pictures(tar_path):
    """Every picture of context.tar, in the order of its index."""
    with tarfile.open(tar_path) as tar:
        blobs = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
    out = []
    for row in csv.DictReader(io.StringIO(blobs["index.csv"].decode())):
        faces = [np.array(f.split(), np.float32) for f in row["boxes"].split(";") if f]
        out.append(ContextPicture(row["path"], decode(blobs[row["path"]]), np.array(faces, np.float32).reshape(-1, 15)))
    return out


def is_held_aside(path):
    """A fixed sixth of context.tar is never trained on: by the number in the picture's name."""
    digits = "".join(c for c in path if c.isdigit())
    return int(digits) % 6 == 0
