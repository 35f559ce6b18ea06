"""Encodes real passages with all-MiniLM-L6-v2 by ONNX Runtime in float32."""
from _encode import serve
from _onnx import open_onnx


def setup(quick, folder):
    return serve(open_onnx, folder, int8=False)
