"""A training step in PyTorch, as one writes it who knows PyTorch well: SDPA,
fused AdamW, autocast for bfloat16 where that is faster, and torch.compile where
it is."""
import json
import os
import time

import torch
from transformers import AutoConfig, AutoModel

DEVICE = {"gpu": "cuda"}.get(os.environ.get("TDRO_BENCH_DEVICE"), "cpu")


def training(folder, name, precision, compile_too=True):
    at = os.path.join(folder, name)
    data = json.load(open(os.path.join(at, "batches.json")))
    batches = [(pad(batch["queries"], data["padId"]), pad(batch["passages"], data["padId"]))
               for batch in data["batches"]]
    pooling = data["pooling"]
    config = AutoConfig.from_pretrained(at)
    for name in vars(config):
        if "dropout" in name and isinstance(getattr(config, name), float):
            setattr(config, name, 0.0)  # ours drops nothing either

    def fresh(compiled, precision=precision):
        model = AutoModel.from_pretrained(
            at, config=config, dtype=torch.float32, attn_implementation="sdpa").to(DEVICE)
        model.train()
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)
        forward = torch.compile(model, dynamic=len(batches) > 1) if compiled else model
        turn = [0]

        def step():
            queries, passages = batches[turn[0] % len(batches)]
            turn[0] += 1
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bfloat16"):
                q = embed(forward, queries, pooling)
                p = embed(forward, passages, pooling)
            scores = q.float() @ p.float().T / data["temperature"]
            labels = torch.arange(len(q), device=DEVICE) * (len(p) // len(q))
            loss = torch.nn.functional.cross_entropy(scores, labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss.item()

        return step

    eager = fresh(False)
    started = time.perf_counter()
    check = eager()
    if precision == "bfloat16":
        # Emulated, where the processor has no bfloat16: one takes float32 then.
        first = time.perf_counter() - started
        other = fresh(False, "float32")
        if seconds(other, 1) * 3 < first:
            eager, precision = other, "float32"
    best = eager
    rounds = max(2, len(batches))
    if compile_too:
        try:
            compiled = fresh(True, precision)
            compiled()
            if seconds(compiled, rounds) < seconds(eager, rounds):
                best = compiled
        except Exception:  # no compiler here: eager it is
            pass
    return lambda: [best() for _ in batches], {"check": check, "precision": precision}


def seconds(step, rounds=2):
    step()
    started = time.perf_counter()
    for _ in range(rounds):
        step()
    return (time.perf_counter() - started) / rounds


def pad(rows, pad_id):
    """Token ids padded on the right to the batch's longest."""
    length = max(map(len, rows))
    ids = torch.full((len(rows), length), pad_id)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
        mask[i, :len(row)] = 1
    return {"input_ids": ids.to(DEVICE), "attention_mask": mask.to(DEVICE)}


def embed(model, batch, pooling):
    hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"]
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
    else:
        last = mask.sum(1) - 1  # padded on the right
        pooled = hidden[torch.arange(len(last), device=DEVICE), last]
    return torch.nn.functional.normalize(pooled.float(), dim=1)
