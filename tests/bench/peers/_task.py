"""A task of a suite, as sentence-transformers takes it."""
import csv
import gzip
import json
import os


def lines(path):
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]


def read_task(folder, split):
    corpus = {
        row["_id"]: f"{row['title']} {row['text']}" if row.get("title") else row["text"]
        for row in lines(os.path.join(folder, "corpus.jsonl.gz"))
    }
    texts = {row["_id"]: row["text"] for row in lines(os.path.join(folder, "queries.jsonl.gz"))}
    relevant = {}
    with open(os.path.join(folder, "qrels", f"{split}.tsv")) as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if int(row["score"]) > 0:
                relevant.setdefault(row["query-id"], []).append(row["corpus-id"])
    return corpus, {query: texts[query] for query in relevant}, relevant
