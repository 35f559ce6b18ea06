"""Top-100 of 1,000 queries by bm25s: by its numba backend if there is one."""
import _bm25


def setup(quick, folder):
    data = _bm25.texts(folder)
    index = _bm25.build(data["passages"])
    try:
        index.activate_numba_scorer()
    except ImportError:
        pass

    def search():
        asked = _bm25.tokens(data["queries"], return_ids=False)
        return index.retrieve(asked, k=100, show_progress=False)

    return search, {"check": float(search().scores.sum())}
