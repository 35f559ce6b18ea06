"""Exact top-100 by faiss, on the vectors that ours wrote."""
import os

import faiss
import numpy as np


def setup(quick, folder):
    faiss.omp_set_num_threads(len(os.sched_getaffinity(0)))

    def vectors(name, first, count):
        path = os.path.join(folder, f"{name}.f32")
        found = np.fromfile(path, np.float32, 384 * count, offset=4 * 384 * first)
        return found.reshape(-1, 384)

    index = faiss.IndexFlatIP(384)
    # A part at a time: the index has a copy of its own.
    while len(part := vectors("passages", index.ntotal, 100_000)):
        index.add(part)
    queries = vectors("queries", 0, 1000)
    _, ids = index.search(queries, 100)
    return lambda: index.search(queries, 100), {"check": int(ids.sum())}
