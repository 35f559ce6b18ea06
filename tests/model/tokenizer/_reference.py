"""Ids by Hugging Face's library in Rust, to compare ours with.

Reads {"jobs": [{"json", "texts", "limit"}]} from standard input. Writes a list
with, for each job, {"error"} where the library refuses the tokenizer, else
{"ids", "cut", "decoded"}: ids of each text whole and cut to `limit`, and the
text of the ids; null for a text that it can't encode.
"""

import json
import os
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers


def attempt(work):
    try:
        return work()
    except BaseException:  # noqa: BLE001 (a panic of Rust is no Exception)
        return None


def run(job):
    try:
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(job["json"]))
        tokenizer.no_padding()
        tokenizer.no_truncation()
    except BaseException as error:  # noqa: BLE001
        return {"error": str(error)}
    whole = [attempt(lambda: tokenizer.encode(t).ids) for t in job["texts"]]
    decoded = [
        ids and attempt(lambda: tokenizer.decode(ids)) for ids in whole
    ]
    added = tokenizer.num_special_tokens_to_add(False)
    attempt(lambda: tokenizer.enable_truncation(job["limit"] + added))
    cut = [attempt(lambda: tokenizer.encode(t).ids) for t in job["texts"]]
    return {"ids": whole, "cut": cut, "decoded": decoded}


# What a panic prints would hide what matters.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
jobs = json.load(sys.stdin)["jobs"]
json.dump([run(job) for job in jobs], sys.stdout)
