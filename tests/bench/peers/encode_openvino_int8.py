"""Encodes real passages with all-MiniLM-L6-v2 by OpenVINO in int8."""
from _encode import serve
from _openvino import open_openvino


def setup(quick, folder):
    return serve(open_openvino, folder, int8=True)
