"""What both BM25 peers share: texts, and bm25s set as ours is."""
import json
import os

import bm25s


def texts(folder):
    return json.load(open(os.path.join(folder, "bm25.json")))


def tokens(lines, **how):
    """Lower case, words of two letters or more, no stop words: as ours."""
    return bm25s.tokenize(
        lines, stopwords=None, token_pattern=r"(?u)\w\w+", show_progress=False, **how
    )


def build(passages):
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index(tokens(passages), show_progress=False)
    return index
