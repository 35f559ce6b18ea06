"""A training step in PyTorch, as one writes it who knows PyTorch well: SDPA,
fused AdamW, autocast for bfloat16, and torch.compile where it is faster."""
import json
import os
import time

import torch
from transformers import AutoModel, AutoTokenizer


def training(folder, name, precision, compile_too=True, pooling="mean"):
    at = os.path.join(folder, name)
    data = json.load(open(os.path.join(at, "batches.json")))
    tokenizer = AutoTokenizer.from_pretrained(at)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    batches = [tokenise(tokenizer, batch, data) for batch in data["batches"]]

    def fresh(compiled):
        model = AutoModel.from_pretrained(
            at, dtype=torch.float32, attn_implementation="sdpa")
        model.train()
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)
        forward = torch.compile(model, dynamic=len(batches) > 1) if compiled else model
        turn = [0]

        def step():
            queries, passages = batches[turn[0] % len(batches)]
            turn[0] += 1
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                q = embed(forward, queries, pooling)
                p = embed(forward, passages, pooling)
            scores = q.float() @ p.float().T / data["temperature"]
            labels = torch.arange(len(q)) * (len(p) // len(q))
            loss = torch.nn.functional.cross_entropy(scores, labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss.item()

        return step

    eager = fresh(False)
    check = eager()
    best = eager
    if compile_too:
        try:
            compiled = fresh(True)
            compiled()
            if seconds(compiled) < seconds(eager):
                best = compiled
        except Exception:  # no compiler here: eager it is
            pass
    return best, {"check": check}


def seconds(step, rounds=2):
    step()
    started = time.perf_counter()
    for _ in range(rounds):
        step()
    return (time.perf_counter() - started) / rounds


def tokenise(tokenizer, batch, data):
    def side(texts, length):
        encoded = tokenizer(texts, padding=True, truncation=True,
                            max_length=length, return_tensors="pt")
        return {k: encoded[k] for k in ("input_ids", "attention_mask")}

    return (side(batch["queries"], data["queryLength"]),
            side([t for row in batch["passages"] for t in row], data["passageLength"]))


def embed(model, batch, pooling):
    hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"]
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
    else:
        last = mask.sum(1) - 1  # padded on the right
        pooled = hidden[torch.arange(len(last)), last]
    return torch.nn.functional.normalize(pooled.float(), dim=1)
