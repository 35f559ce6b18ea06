"""Encodes real passages with an exported all-MiniLM-L6-v2 by ONNX Runtime."""
import json
import os
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def encoder(path, tokenizer):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def encode(texts, batch_size):
        # Texts of like length together, as sentence-transformers does it.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors = np.empty((len(texts), 384), np.float32)
        for start in range(0, len(texts), batch_size):
            rows = order[start : start + batch_size]
            found = tokenizer.encode_batch([texts[i] for i in rows])
            ids = np.array([one.ids for one in found], np.int64)
            mask = np.array([one.attention_mask for one in found], np.int64)
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            vectors[rows] = session.run(["sentence_embedding"], feeds)[0]
        return vectors

    return encode


def setup_onnx(folder, int8):
    data = json.load(open(os.path.join(folder, "encode.json")))
    texts, path = data["texts"], os.path.join(folder, "onnx", "onnx", "model.onnx")
    tokenizer = Tokenizer.from_file(os.path.join(folder, "onnx", "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    first = encoder(path, tokenizer)
    plain = first(texts[:200], 32)
    said = {"check": float(first(texts[:1], 1)[0][0])}
    encode = first
    if int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        small = os.path.join(folder, "onnx", "onnx", "model_quantized.onnx")
        quantize_dynamic(path, small, weight_type=QuantType.QInt8, per_channel=True)
        encode = encoder(small, tokenizer)
        cosine = (encode(texts[:200], 32) * plain).sum(1)
        # Vectors of int8 aren't those of float32: how far off they are is told.
        said = {"precision": f"int8, cosine {cosine.mean():.3f}, at worst {cosine.min():.3f}"}
    # The better of two sizes of a batch counts.
    times = {}
    for size in (32, 64):
        started = time.perf_counter()
        encode(texts[:500], size)
        times[size] = time.perf_counter() - started
    best = min(times, key=times.get)
    return lambda: encode(texts, best), said
