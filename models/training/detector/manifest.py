"""One net's row in models/manifest.toml: written whole, everything else in the file left as it is."""
import hashlib, re
import numpy as np
from detector.yunet import OUTPUTS
from faces.nets import session

HEAD = "# Model manifest, version 1: what facegate reads from --models. Written by models/training; one table a net.\n\nversion = 1\n"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def built_in_picture(height, width):
    """float32 [1,3,H,W]: pixel(plane, y, x) = (7 x + 13 y + 29 plane) mod 256, what the program checks a net with."""
    c, y, x = np.mgrid[:3, :height, :width]
    return ((7 * x + 13 * y + 29 * c) % 256).astype(np.float32)[None]


def answer(path, outputs):
    """What the net says to the built-in picture: root mean square of each of several outputs, or the numbers of a single one."""
    net = session(path)
    told = net.run(outputs, {"input": built_in_picture(*net.get_inputs()[0].shape[2:])})
    return [float(np.sqrt((t.astype(np.float64) ** 2).mean())) for t in told] if len(told) > 1 else [float(v) for v in told[0].ravel()[:8]]


def row(path, name, role, licence, source, extra=""):
    """The TOML table of a net that takes BGR 0..255."""
    outputs = OUTPUTS if role == "detector" else ["logits"]
    shape = session(path).get_inputs()[0].shape
    return '''[[model]]
name = "%s"
role = "%s"
%sfile = "%s"
sha256 = "%s"
input = { name = "input", shape = %s, colour = "BGR", mean = [0.0, 0.0, 0.0], std = [1.0, 1.0, 1.0] }
outputs = [%s]
answer = [%s]
source = "%s"
licence = "%s"
''' % (name, role, extra, path.name, digest(path), list(shape), ", ".join('"%s"' % o for o in outputs),
       ", ".join("%.6g" % v for v in answer(path, outputs)), source, licence)


def with_row(text, name, table):
    """The manifest's text with the table of that name replaced, or added at the end."""
    tables = re.split(r"(?m)^(?=\[)", text or HEAD)
    mine = [k for k, t in enumerate(tables) if re.search(r'(?m)^name = "%s"' % re.escape(name), t)]
    if mine:
        tables[mine[0]] = table + ("\n" if mine[0] + 1 < len(tables) else "")
    else:
        tables[-1] = tables[-1].rstrip("\n") + "\n\n"
        tables.append(table)
    return "".join(tables)


def with_defaults(text):
    """The manifest's text with [default] naming our nets, those that have a row."""
    there = lambda name: re.search(r'(?m)^name = "%s"' % name, text)
    lines = ['%s = "facegate_%s"\n' % (role, role) for role in ("detector", "encoder") if there("facegate_" + role)]
    lines += ['liveness = ["facegate_liveness"]\n'] if there("facegate_liveness") else []
    tables = [t for t in re.split(r"(?m)^(?=\[)", text) if not t.startswith("[default]")]
    return tables[0].rstrip("\n") + "\n\n[default]\n" + "".join(lines) + "\n" + "".join(tables[1:])


def write(path, name, table):
    """Puts the table of that name into the file and renews [default]."""
    text = with_defaults(with_row(path.read_text() if path.exists() else "", name, table))
    path.write_text(text.rstrip("\n") + "\n")
