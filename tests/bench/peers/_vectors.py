"""Vectors of the texts in FOLDER/texts.json, for ../encode_losses.ts.

Usage: _vectors.py onnx|openvino f32|int8 FOLDER; writes FOLDER/PEER_PRECISION.f32.
"""
import json
import os
import sys

from _onnx import open_onnx

peer, precision, folder = sys.argv[1:4]
if peer == "openvino":
    from _openvino import open_openvino as open_peer
else:
    open_peer = open_onnx
encode = open_peer(folder, precision == "int8")
texts = json.load(open(os.path.join(folder, "texts.json")))
encode(texts, 32).tofile(os.path.join(folder, f"{peer}_{precision}.f32"))
