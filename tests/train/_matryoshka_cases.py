"""Values and gradients of sentence-transformers' MatryoshkaLoss, as JSON.

Usage: _matryoshka_cases.py CASES.json OUT.json. Vectors stand for texts: the model
looks up each text's row in a table, which gets the gradient.
"""

import json
import sys

import torch
from sentence_transformers import SentenceTransformer, losses


class Table(torch.nn.Module):
    """Rows by number; `features` holds the numbers."""

    def __init__(self, rows):
        super().__init__()
        self.rows = torch.nn.Parameter(torch.tensor(rows, dtype=torch.float64))

    def forward(self, features):
        return {**features, "sentence_embedding": self.rows[features["input_ids"]]}

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
    loss = losses.MatryoshkaLoss(
        model,
        losses.MultipleNegativesRankingLoss(model, scale=1 / case["temperature"]),
        matryoshka_dims=case["dims"],
        matryoshka_weights=case["weights"],
    )
    features = [{"input_ids": torch.tensor(ids)} for ids in columns(case)]
    value = loss(features, torch.zeros(0))
    value.backward()
    rows = model[0].rows.grad.tolist()
    size = len(case["queries"])
    return {"loss": value.item(), "queries": rows[:size], "passages": rows[size:]}


with open(sys.argv[1]) as file:
    cases = json.load(file)
with open(sys.argv[2], "w") as file:
    json.dump([measure(case) for case in cases], file)
