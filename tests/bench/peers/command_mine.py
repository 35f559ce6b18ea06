"""Mines hard negatives for a task: command_mine.py MODEL TASK OUT."""
import json
import os
import sys

from _task import read_task
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import mine_hard_negatives

model, folder, out = sys.argv[1:4]
corpus, queries, relevant = read_task(folder, "train")
pairs = [(queries[query], corpus[one]) for query in queries for one in relevant[query]]
mined = mine_hard_negatives(
    Dataset.from_dict({"query": [q for q, _ in pairs], "passage": [p for _, p in pairs]}),
    SentenceTransformer(model, device="cpu"),
    corpus=list(corpus.values()),
    range_max=50,
    relative_margin=0.05,
    num_negatives=8,
    sampling_strategy="random",
    output_format="labeled-list",
    use_faiss=True,
    verbose=False,
)
os.makedirs(out, exist_ok=True)
mined.to_json(os.path.join(out, "mined.jsonl"))
print("@" + json.dumps({"rows": len(mined)}))
