"""What the peers that run an exported all-MiniLM-L6-v2 have in common.

Such a peer is a function open_peer(folder, int8) that returns
encode(texts, batch_size), made by encoder() below.
"""
import json
import os
import time

import numpy as np
from tokenizers import Tokenizer


def model_path(folder):
    """The model in float32, as we export it."""
    return os.path.join(folder, "onnx", "onnx", "model.onnx")


def read_texts(folder):
    return json.load(open(os.path.join(folder, "encode.json")))["texts"]


def read_tokenizer(folder):
    tokenizer = Tokenizer.from_file(os.path.join(folder, "onnx", "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    return tokenizer


def feeds(tokenizer, texts):
    """What the model takes, of some texts."""
    found = tokenizer.encode_batch(texts)
    ids = np.array([one.ids for one in found], np.int64)
    mask = np.array([one.attention_mask for one in found], np.int64)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def encoder(run, tokenizer):
    """encode(texts, batch_size) by a function from feeds to vectors."""

    def encode(texts, batch_size):
        # Texts of like length together, as sentence-transformers does it.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors = np.empty((len(texts), 384), np.float32)
        for start in range(0, len(texts), batch_size):
            rows = order[start : start + batch_size]
            vectors[rows] = run(feeds(tokenizer, [texts[i] for i in rows]))
        return vectors

    return encode


def serve(open_peer, folder, int8):
    """A peer's side of the benchmark, see _serve.py."""
    texts = read_texts(folder)
    encode = plain = open_peer(folder, False)
    said = {"check": float(plain(texts[:1], 1)[0][0])}
    if int8:
        encode = open_peer(folder, True)
        # Vectors of int8 aren't those of float32: how far off they are is told.
        cosine = (encode(texts[:200], 32) * plain(texts[:200], 32)).sum(1)
        said = {"precision": f"int8, cosine {cosine.mean():.3f}, at worst {cosine.min():.3f}"}
    # The better of two sizes of a batch counts.
    times = {}
    for size in (32, 64):
        started = time.perf_counter()
        encode(texts[:500], size)
        times[size] = time.perf_counter() - started
    best = min(times, key=times.get)
    return lambda: encode(texts, best), said
