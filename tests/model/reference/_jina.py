"""Jina 2 in plain PyTorch: the facts of its paper and of its public code, in few lines.

BERT without positions: scores fall by slope times distance (ALiBi, both ways), and the
feed-forward part is wo(gelu(first half) * second half) of one map without a bias.
"""

import json
import math
import os
from types import SimpleNamespace

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def slopes(heads):
    if math.log2(heads).is_integer():
        start = 2 ** (-(2 ** -(math.log2(heads) - 3)))
        return [start * start**i for i in range(heads)]
    closest = 2 ** math.floor(math.log2(heads))
    return slopes(closest) + slopes(2 * closest)[0::2][: heads - closest]


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, f = c["hidden_size"], c["intermediate_size"]
        self.heads = c["num_attention_heads"]
        inner = nn.Module()
        inner.query, inner.key, inner.value = (nn.Linear(d, d) for _ in range(3))
        out = nn.Module()
        out.dense, out.LayerNorm = nn.Linear(d, d), nn.LayerNorm(d, c["layer_norm_eps"])
        self.attention = nn.Module()
        self.attention.add_module("self", inner)
        self.attention.output = out
        self.mlp = nn.Module()
        self.mlp.gated_layers = nn.Linear(d, 2 * f, bias=False)
        self.mlp.wo = nn.Linear(f, d)
        self.mlp.layernorm = nn.LayerNorm(d, c["layer_norm_eps"])

    def forward(self, x):
        b, n, d = x.shape
        inner, out = getattr(self.attention, "self"), self.attention.output
        q, k, v = (
            part(x).view(b, n, self.heads, -1).transpose(1, 2)
            for part in (inner.query, inner.key, inner.value)
        )
        place = torch.arange(n)
        distance = (place[None, :] - place[:, None]).abs()
        bias = -torch.tensor(slopes(self.heads))[:, None, None] * distance
        scores = q @ k.transpose(-1, -2) / math.sqrt(d // self.heads) + bias
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d)
        x = out.LayerNorm(out.dense(mixed) + x)
        gate, values = self.mlp.gated_layers(x).chunk(2, -1)
        fed = self.mlp.wo(nn.functional.gelu(gate) * values)
        return self.mlp.layernorm(fed + x)


class Jina(nn.Module):
    def __init__(self, **config):
        super().__init__()
        c = self.config = {"layer_norm_eps": 1e-12, "type_vocab_size": 2, **config}
        d = c["hidden_size"]
        self.embeddings = nn.Module()
        self.embeddings.word_embeddings = nn.Embedding(
            c["vocab_size"], d, padding_idx=c["pad_token_id"])
        self.embeddings.token_type_embeddings = nn.Embedding(c["type_vocab_size"], d)
        self.embeddings.LayerNorm = nn.LayerNorm(d, c["layer_norm_eps"])
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))

    def forward(self, input_ids):
        e = self.embeddings
        x = e.LayerNorm(e.word_embeddings(input_ids) + e.token_type_embeddings.weight[0])
        for layer in self.encoder.layer:
            x = layer(x)
        return SimpleNamespace(last_hidden_state=x)

    def save_pretrained(self, folder):
        tensors = {name: t.contiguous() for name, t in self.state_dict().items()}
        save_file(tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump({
                "model_type": "bert", "architectures": ["JinaBertModel"],
                "position_embedding_type": "alibi", "feed_forward_type": "geglu",
                **self.config}, file)


def is_jina(folder):
    with open(os.path.join(folder, "config.json")) as file:
        return json.load(file).get("position_embedding_type") == "alibi"


def load_jina(folder):
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    names = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
             "intermediate_size", "max_position_embeddings", "pad_token_id"]
    made = Jina(**{name: config[name] for name in names})
    made.load_state_dict(load_file(os.path.join(folder, "model.safetensors")))
    return made.eval()
