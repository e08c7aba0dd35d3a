"""The face encoder that stands in models/encoder.onnx: how it is taught, measured and shipped. See ../README.md."""
