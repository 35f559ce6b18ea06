"""Values and gradients of sentence-transformers' cached ranking loss, as JSON.

Usage: _cached_loss_cases.py CASES.json OUT.json. Vectors stand for texts: the model
looks up each text's row in a table, which gets the gradient.
"""

import json
import sys

import torch
from sentence_transformers import SentenceTransformer, losses, util


class Table(torch.nn.Module):
    """Rows by number; `features` holds the numbers."""

    def __init__(self, rows):
        super().__init__()
        self.rows = torch.nn.Parameter(torch.tensor(rows, dtype=torch.float64))

    def forward(self, features):
        return {**features, "sentence_embedding": self.rows[features["input_ids"][:, 0]]}

    def get_embedding_dimension(self):
        return self.rows.shape[1]

    get_sentence_embedding_dimension = get_embedding_dimension


def columns(case):
    """Numbers of the queries' rows, then of each passage column's."""
    size, passages = len(case["queries"]), case["passages_per_query"]
    yield list(range(size))
    for column in range(passages):
        yield [size + i * passages + column for i in range(size)]


def measure(case):
    model = SentenceTransformer(modules=[Table(case["queries"] + case["passages"])])
    loss = losses.CachedMultipleNegativesRankingLoss(
        model,
        scale=1 / case["temperature"],
        similarity_fct=util.dot_score,
        mini_batch_size=case["mini_batch"],
    )
    features = [
        {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        for ids in (torch.tensor(ids)[:, None] for ids in columns(case))
    ]
    value = loss(features, torch.zeros(0))
    value.backward()
    rows = model[0].rows.grad.tolist()
    size = len(case["queries"])
    return {"loss": value.item(), "queries": rows[:size], "passages": rows[size:]}


with open(sys.argv[1]) as file:
    cases = json.load(file)
with open(sys.argv[2], "w") as file:
    json.dump([measure(case) for case in cases], file)
