"""Encodes with an exported all-MiniLM-L6-v2 by ONNX Runtime.

int8 is its dynamic quantisation, a range for each column of a weight.
"""
import os

import onnxruntime
from _encode import encoder, model_path, read_tokenizer


def open_onnx(folder, int8):
    path = int8_model(folder) if int8 else model_path(folder)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return encoder(
        lambda inputs: session.run(["sentence_embedding"], inputs)[0], read_tokenizer(folder)
    )


def int8_model(folder):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = model_path(folder)
    small = os.path.join(os.path.dirname(path), "model_quantized.onnx")
    quantize_dynamic(path, small, weight_type=QuantType.QInt8, per_channel=True)
    return small
