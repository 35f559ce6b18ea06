"""Rotary positions, windows and directions of decoders, as config.json says them."""

import json
import os

import transformers

import _cases
from _cases import Cases, plain_vectors, shaken, tokenizer

cases = Cases()
SIZES = {**_cases.BERT, "num_key_value_heads": 2, "head_dim": 8}
LONG = dict(short_factor=[1.0, 1.5, 2.0, 3.0], long_factor=[2.0, 3.0, 5.0, 7.0])


def add(kind, name, error=None, **fields):
    """A model of random weights whose config.json has these fields in the place of its own."""
    folder = cases.folder(f"{kind}-{name}".replace(" ", "-"))
    config = transformers.CONFIG_MAPPING[kind](**SIZES)
    shaken(transformers.AutoModel.from_config(config)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    path = os.path.join(folder, "config.json")
    told = json.load(open(path))
    for field in ["rope_parameters", "layer_types", "sliding_window"]:
        told.pop(field, None)
    json.dump({**told, **fields}, open(path, "w"))
    if error:
        return cases.add(f"{kind}: {name}", folder, error=error)
    cases.add(f"{kind}: {name}", folder, plain_vectors(folder))


def yarn(**more):
    return {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1000.0, **more}


for kind in ["llama", "qwen2", "qwen3", "mistral"]:
    add(kind, "no rope at all")
    add(kind, "theta beside", rope_theta=500.0)
    add(kind, "theta in parameters wins", rope_theta=500.0,
        rope_parameters={"rope_type": "default", "rope_theta": 100.0})
    add(kind, "scaling stands above parameters", rope_theta=500.0,
        rope_scaling={"type": "linear", "factor": 2.0},
        rope_parameters={"rope_type": "default", "rope_theta": 100.0})
    add(kind, "no scaling", rope_scaling=None,
        rope_parameters={"rope_type": "linear", "factor": 3.0, "rope_theta": 100.0})
    add(kind, "dynamic", rope_parameters={"rope_type": "dynamic", "factor": 3.0, "rope_theta": 100.0})
    add(kind, "yarn", rope_parameters=yarn(original_max_position_embeddings=16))
    add(kind, "yarn, original length beside wins", original_max_position_embeddings=8,
        rope_parameters=yarn(original_max_position_embeddings=32))
    add(kind, "yarn, no original length", rope_parameters=yarn())
    add(kind, "yarn with mscale", rope_parameters=yarn(
        mscale=0.7, mscale_all_dim=0.4, original_max_position_embeddings=16))
    add(kind, "llama3", rope_parameters={
        "rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "rope_theta": 1000.0, "original_max_position_embeddings": 16})
    add(kind, "llama3, original length beside wins", original_max_position_embeddings=8,
        rope_parameters={"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "rope_theta": 1000.0,
                         "original_max_position_embeddings": 32})
    add(kind, "causal by another flag", use_bidirectional_attention=True)
    add(kind, "not causal", is_causal=False)
    add(kind, "partial", partial_rotary_factor=0.5, error="partial_rotary_factor: must be 1")

for original in [12, 6, 64]:
    folder = f"longrope-{original}"
    # transformers lets the longest text of a batch decide for all of them.
    folder = cases.folder(folder)
    config = transformers.LlamaConfig(**SIZES, rope_parameters={
        "rope_type": "longrope", "rope_theta": 100.0,
        "original_max_position_embeddings": original, **LONG})
    shaken(transformers.LlamaModel(config)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    cases.add(f"llama: longrope from {original}", folder, plain_vectors(folder))

WINDOW = dict(sliding_window=5)
LAYERS = ["sliding_attention", "full_attention", "sliding_attention"]
add("mistral", "window", **WINDOW)
add("mistral", "window and layer types", layer_types=LAYERS, **WINDOW)
add("mistral", "window, not causal", is_causal=False, **WINDOW)
for kind in ["qwen2", "qwen3"]:
    add(kind, "window unused", use_sliding_window=False, layer_types=["full_attention"] * 3, **WINDOW)
    add(kind, "window from a layer on", use_sliding_window=True, max_window_layers=1, **WINDOW)
    add(kind, "window by types", use_sliding_window=True, layer_types=LAYERS, **WINDOW)
    add(kind, "window, not causal", use_sliding_window=True, layer_types=LAYERS, is_causal=False, **WINDOW)
add("gemma2", "window", **WINDOW)
add("gemma2", "window by types", layer_types=LAYERS, **WINDOW)
add("gemma2", "not causal", is_causal=False, **WINDOW)
add("gemma2", "both ways", use_bidirectional_attention=True, error="use_bidirectional_attention: must be false")
G = "gemma3_text"
add(G, "window", **WINDOW)
add(G, "both ways", use_bidirectional_attention=True, **WINDOW)
add(G, "both ways, even window", use_bidirectional_attention=True, sliding_window=4, layer_types=LAYERS)
add(G, "not causal", is_causal=False, **WINDOW)
add(G, "two flags", is_causal=False, use_bidirectional_attention=True, error="is_causal: must not be false")
add(G, "pattern", sliding_window_pattern=2, **WINDOW)
add(G, "old fields", rope_theta=500.0, rope_local_base_freq=50.0,
    rope_scaling={"rope_type": "linear", "factor": 2.0}, **WINDOW)
add(G, "old type of scaling", rope_theta=500.0, rope_scaling={"type": "linear", "factor": 2.0}, **WINDOW)
add(G, "parameters", rope_parameters={
    "full_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 100.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 30.0}}, **WINDOW)
add(G, "parameters without a theta", rope_theta=77.0, rope_local_base_freq=33.0, rope_parameters={
    "full_attention": {"rope_type": "default"}, "sliding_attention": {"rope_type": "default"}}, **WINDOW)
add(G, "parameters of one kind", rope_parameters={
    "full_attention": {"rope_type": "default", "rope_theta": 100.0}}, **WINDOW)
add(G, "scaling and parameters", rope_scaling={"rope_type": "linear", "factor": 2.0}, rope_parameters={
    "full_attention": {"rope_type": "default", "rope_theta": 100.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 30.0}}, **WINDOW)
cases.done()
