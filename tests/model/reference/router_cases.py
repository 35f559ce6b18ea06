"""Routers: one model for queries, another for passages."""

import json
import os

import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling

import _cases
from _cases import TEXTS, Cases, shaken, tokenizer

cases = Cases()
# The form of mongodb's mdbr-leaf: a prompt for queries, none for passages.
PROMPTS = {"query": "the red bird ", "document": ""}


def transformer(name, **changes):
    folder = cases.folder(name)
    config = transformers.BertConfig(**{**_cases.BERT, **changes})
    shaken(transformers.BertModel(config)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return Transformer(folder)


def add(name, query, document, *after, **options):
    router = Router.for_query_document(query_modules=query, document_modules=document)
    model = SentenceTransformer(
        modules=[router, *after], device="cpu", prompts=PROMPTS, **options)
    folder = cases.folder(name)
    model.save(folder)
    note(name, folder, model)
    return folder


def note(name, folder, model):
    cases.add(
        name, folder,
        queries=model.encode_query(TEXTS, show_progress_bar=False).tolist(),
        documents=model.encode_document(TEXTS, show_progress_bar=False).tolist())


def towers():
    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    dense = shaken(Dense(8, 16, activation_function=torch.nn.Identity()))
    return (
        [transformer("small", **small), Pooling(8), dense],
        [transformer("large"), Pooling(16, "cls")],
    )


query, document = towers()
leaf = add("as mdbr-leaf", [*query, Normalize()], [*document, Normalize()])
add("normalised after the Router", *towers(), Normalize())
add("not normalised", *towers())
add("cut", *towers(), Normalize(), truncate_dim=5)

# Names of classes before version 6, which kept Asym's file under another name.
old = leaf.replace("mdbr-leaf", "before version 6")
os.rename(leaf, old)
for file in ["modules.json", "router_config.json"]:
    path = os.path.join(old, file)
    with open(path) as lines:
        text = lines.read()
    for kind in ["Router", "Transformer", "Pooling", "Dense", "Normalize"]:
        for line in text.splitlines():
            for quoted in line.split('"'):
                if quoted.startswith("sentence_transformers.") and quoted.endswith(f".{kind}"):
                    text = text.replace(f'"{quoted}"', f'"sentence_transformers.models.{kind}"')
    with open(path, "w") as lines:
        lines.write(text)
os.rename(os.path.join(old, "router_config.json"), os.path.join(old, "config.json"))
cases.cases = [case for case in cases.cases if case["folder"] != leaf]
note("as before version 6", old, SentenceTransformer(old, device="cpu"))
add("as mdbr-leaf", [*query, Normalize()], [*document, Normalize()])

mapped = add("mapped", *towers())
path = os.path.join(mapped, "router_config.json")
with open(path) as file:
    config = json.load(file)
config["parameters"]["route_mappings"] = {"(None, 'text')": "document"}
with open(path, "w") as file:
    json.dump(config, file)
cases.cases[-1]["error"] = "route_mappings must be empty"
cases.done()
