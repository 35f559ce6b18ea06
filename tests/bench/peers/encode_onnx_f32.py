"""Encodes real passages with all-MiniLM-L6-v2 by ONNX Runtime in float32."""
from _onnx import setup_onnx


def setup(quick, folder):
    return setup_onnx(folder, int8=False)
