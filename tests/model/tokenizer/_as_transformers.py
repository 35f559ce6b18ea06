"""Ids of texts as transformers' AutoTokenizer makes them of folders.

Reads {"folders": [...], "texts": [...], "limit": n} from standard input and
writes, for each folder, {"error"} or {"ids", "cut"}: ids of each text whole, and
cut to `limit` with the special tokens.
"""

import json
import logging
import os
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import transformers

logging.disable(logging.CRITICAL)
job = json.load(sys.stdin)


def run(folder):
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        whole = [tokenizer(text)["input_ids"] for text in job["texts"]]
        cut = [
            tokenizer(text, truncation=True, max_length=job["limit"])["input_ids"]
            for text in job["texts"]
        ]
    except BaseException as error:  # noqa: BLE001 (a panic of Rust is no Exception)
        return {"error": f"{type(error).__name__}: {error}"}
    return {"ids": whole, "cut": cut}


json.dump([run(folder) for folder in job["folders"]], sys.stdout)
