"""A YuNet-shaped detector in onnxruntime: its twelve outputs, decoded as shared by YuNet and our own net.

cls_S and obj_S [1,N,1] (sigmoids included), bbox_S [1,N,4], kps_S [1,N,10] for S = 8, 16, 32, N = (H/S)(W/S) row by row.
Score = sqrt(cls obj); centre = (column + dx, row + dy) S; size = exp(dw, dh) S; landmark = (column + kx, row + ky) S.
"""
import cv2, numpy as np, onnx, onnxruntime

STRIDES = (8, 16, 32)
OUTPUTS = ["%s_%d" % (kind, s) for kind in ("cls", "obj", "bbox", "kps") for s in STRIDES]


def grid(height, width, stride):
    """float32 [N,2]: column and row of every cell, row by row."""
    rows, columns = np.mgrid[: height // stride, : width // stride]
    return np.stack([columns.ravel(), rows.ravel()], 1).astype(np.float32)


def decode(outputs, height, width, threshold):
    """outputs: {name: [1,N,k]} -> float32 [F,15]: x y w h, five landmarks x y, score; before any suppression."""
    found = []
    for s in STRIDES:
        cls, obj, box, points = (outputs["%s_%d" % (kind, s)][0] for kind in ("cls", "obj", "bbox", "kps"))
        score = np.sqrt(cls[:, 0].clip(0, 1) * obj[:, 0].clip(0, 1))
        keep = score >= threshold
        cell = grid(height, width, s)[keep]
        centre, size = (cell + box[keep, :2]) * s, np.exp(box[keep, 2:].clip(-10, 10)) * s
        landmarks = (np.tile(cell, 5) + points[keep]) * s
        found.append(np.hstack([centre - size / 2, size, landmarks, score[keep, None]]))
    return np.concatenate(found).astype(np.float32)


def iou(boxes, others):
    """float [A,B] for boxes [A,4+] and others [B,4+] as x y w h."""
    a, b = boxes[:, None, :4], others[None, :, :4]
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    inter = (high - low).clip(0).prod(-1)
    return inter / (a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - inter + 1e-9)


def suppress(faces, overlap=0.3):
    """Greedy non-maximum suppression, strongest first."""
    faces, kept = faces[np.argsort(-faces[:, 14], kind="stable")], []
    while len(faces):
        kept.append(faces[0])
        faces = faces[iou(faces[:1], faces)[0] < overlap]
    return np.array(kept, np.float32).reshape(-1, 15)


class Detector:
    """Any detector file of this form at any size: height and width are written into the graph at load."""

    def __init__(self, path, threads=1):
        self.model, self.sessions, self.threads = onnx.load(str(path)), {}, threads

    def session(self, height, width):
        if (height, width) not in self.sessions:
            model = onnx.ModelProto()
            model.CopyFrom(self.model)
            del model.graph.value_info[:]
            for value, cells in [(model.graph.input[0], None)] + [(o, int(o.name.split("_")[1])) for o in model.graph.output]:
                dims = value.type.tensor_type.shape.dim
                if cells is None:
                    dims[2].dim_value, dims[3].dim_value = height, width
                else:
                    dims[1].dim_value = (height // cells) * (width // cells)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.log_severity_level = self.threads, 3
            self.sessions[height, width] = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        return self.sessions[height, width]

    def maps(self, canvas):
        """uint8 [H,W,3] BGR, H and W multiples of 32 -> {name: [1,N,k]}."""
        x = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
        return dict(zip(OUTPUTS, self.session(*canvas.shape[:2]).run(OUTPUTS, {"input": x})))

    def find(self, picture, height, width, threshold=0.6, overlap=0.3):
        """Shrinks or enlarges the picture into height x width (aspect kept, black right and below), finds, and scales back."""
        scale = min(height / picture.shape[0], width / picture.shape[1])
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        canvas = np.zeros((height, width, 3), np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        faces = suppress(decode(self.maps(canvas), height, width, threshold), overlap)
        faces[:, :14] /= scale
        return faces
