"""Every module of sentence-transformers that comes after the transformer."""

import os
import shutil

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import (
    Dropout, LayerNorm, Pooling, WeightedLayerPooling,
)

import _cases
from _cases import TEXTS, Cases, shaken, tokenizer

cases = Cases()
base = cases.folder("base")
_cases.bert().save_pretrained(base)
tokenizer().save_pretrained(base)
ACTIVATIONS = {
    "tanh": torch.nn.Tanh(), "relu": torch.nn.ReLU(), "gelu": torch.nn.GELU(), "none": None,
}


def add(name, *modules, layers=False, **options):
    options = {"device": "cpu", **options}
    first = Transformer(base, config_kwargs={"output_hidden_states": True} if layers else {})
    model = SentenceTransformer(modules=[first, *modules], **options).eval()
    for module in modules:
        shaken(module)
    folder = cases.folder(name.replace(" ", "-"))
    model.save(folder)
    # As it is, for whoever loads what was saved.
    again = SentenceTransformer(folder, device="cpu")
    expected = again.encode(TEXTS, show_progress_bar=False)
    cases.add(name, folder, expected)
    return folder


MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
for mode in MODES:
    add(f"pooling {mode}", Pooling(16, mode))
    add(f"pooling {mode}, normalised", Pooling(16, mode), Normalize())
add("cls and mean", Pooling(16, ("cls", "mean")), Normalize())
add("mean and cls", Pooling(16, ("mean", "cls")))
add("all poolings", Pooling(16, tuple(reversed(MODES))), Normalize())
for name, activation in ACTIVATIONS.items():
    add(f"dense {name}", Pooling(16), Dense(16, 8, activation_function=activation))
    add(f"dense {name} with a residual", Pooling(16),
        Dense(16, 16, activation_function=activation, use_residual=True))
add("dense without bias, with a residual of another length", Pooling(16),
    Dense(16, 6, bias=False, use_residual=True), Normalize())
add("dense after two poolings", Pooling(16, ("cls", "max")), Dense(32, 5), Normalize())
add("dense on tokens", Dense(16, 12, module_input_name="token_embeddings"), Pooling(12), Normalize())
add("norm of tokens", Normalize(module_input_name="token_embeddings"), Pooling(16, "max"))
add("layer norm", Pooling(16), LayerNorm(16))
add("layer norm between dense", Pooling(16), Dense(16, 8), LayerNorm(8), Dense(8, 4), Normalize())
add("dropout", Pooling(16), Dropout(0.5), Dense(16, 8), Dropout(0.1))
add("normalised twice", Pooling(16), Normalize(), Normalize())
add("normalised between", Pooling(16), Normalize(), Dense(16, 4), Normalize(), Normalize())
add("normalised first", Pooling(16), Normalize(), Dense(16, 4))
for start in [0, 1, 3]:
    mix = WeightedLayerPooling(16, num_hidden_layers=3, layer_start=start)
    with torch.no_grad():
        mix.layer_weights.copy_(torch.arange(4 - start) + 0.5)
    model = SentenceTransformer(modules=[
        Transformer(base, config_kwargs={"output_hidden_states": True}), mix, Pooling(16)], device="cpu")
    folder = cases.folder(f"layers-from-{start}")
    model.save(folder)
    cases.add(f"layers from {start}", folder, model.encode(TEXTS, show_progress_bar=False))
add("cut, not normalised", Pooling(16), truncate_dim=5)
add("cut, normalised", Pooling(16), Normalize(), truncate_dim=5)
add("cut after dense", Pooling(16), Dense(16, 8), Normalize(), truncate_dim=3)


# As published: Qwen3-Embedding, EmbeddingGemma, GTR, and a cls model with prompts.
import transformers


def published(name, model, modules, prompts, prompt, **options):
    start = cases.folder(f"{name}-base")
    shaken(model).save_pretrained(start)
    tokenizer().save_pretrained(start)
    made = SentenceTransformer(
        modules=[Transformer(start), *modules], device="cpu", prompts=prompts, **options)
    for module in modules:
        shaken(module)
    folder = cases.folder(name)
    made.save(folder)
    expected = made.encode(TEXTS, prompt_name=prompt, show_progress_bar=False)
    cases.add(name, folder, expected, prompt=prompts[prompt], saved=False)


SMALL = {**_cases.BERT, "num_key_value_heads": 2}
INSTRUCT = {"query": "Instruct: the red bird is blue Query: ", "document": ""}
for dim in [None, 6]:
    published(
        f"Qwen3-Embedding, dim {dim}", transformers.Qwen3Model(transformers.Qwen3Config(**SMALL, head_dim=8)),
        [Pooling(16, "lasttoken"), Normalize()], INSTRUCT, "query", truncate_dim=dim)
    published(
        f"EmbeddingGemma, dim {dim}",
        transformers.Gemma3TextModel(transformers.Gemma3TextConfig(
            **SMALL, head_dim=8, sliding_window=6, use_bidirectional_attention=True,
            query_pre_attn_scalar=8)),
        [Pooling(16), Dense(16, 24, bias=False, activation_function=torch.nn.Identity()),
         Dense(24, 16, bias=False, activation_function=torch.nn.Identity()), Normalize()],
        {"query": "task: the sky | query: ", "document": "title: none | text: "}, "document",
        truncate_dim=dim)

old = add("weights of an old version", Pooling(16), Dense(16, 8))
from safetensors.torch import load_file

stored = os.path.join(old, "2_Dense", "model.safetensors")
torch.save(load_file(stored), os.path.join(old, "2_Dense", "pytorch_model.bin"))
os.remove(stored)
cases.cases[-1]["error"] = "2_Dense: it must have model.safetensors: got pytorch_model.bin; convert the model once: python3"
cases.done()
