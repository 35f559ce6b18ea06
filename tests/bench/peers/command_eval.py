"""Evaluates a model on a task: command_eval.py MODEL TASK OUT."""
import json
import os
import sys

from _task import read_task
from sentence_transformers import SentenceTransformer
from sentence_transformers.evaluation import InformationRetrievalEvaluator

model, folder, out = sys.argv[1:4]
corpus, queries, relevant = read_task(folder, "test")
evaluator = InformationRetrievalEvaluator(
    queries,
    corpus,
    {query: set(found) for query, found in relevant.items()},
    mrr_at_k=[10],
    ndcg_at_k=[10],
    accuracy_at_k=[10],
    precision_recall_at_k=[100],
    map_at_k=[100],
)
os.makedirs(out, exist_ok=True)
found = evaluator(SentenceTransformer(model, device="cpu"), output_path=out)
with open(os.path.join(out, "eval.json"), "w") as file:
    json.dump(found, file)
print("@" + json.dumps({"check": found["cosine_ndcg@10"]}))
