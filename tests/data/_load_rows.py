"""Loads training files as the reference does: each by itself, then together.

Usage: _load_rows.py CACHE FILE...; prints a JSON list of rows for each file, and
how many rows all of them have together, concatenated and interleaved.
"""

import json
import sys

import datasets

datasets.disable_progress_bars()
cache, *files = sys.argv[1:]


def load(files):
    return datasets.load_dataset(
        "json", data_files=files, split="train", cache_dir=cache
    )


alone = [load(file) for file in files]
print(
    json.dumps(
        {
            "rows": [list(each) for each in alone],
            "together": len(load(files)),
            "concatenated": len(datasets.concatenate_datasets(alone)),
            "interleaved": len(
                datasets.interleave_datasets(
                    alone, stopping_strategy="all_exhausted_without_replacement"
                )
            ),
        }
    )
)
