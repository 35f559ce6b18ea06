"""Usage: _router_vectors.py FOLDER TEXTS: JSON of both sides' vectors, and a save."""

import json
import sys

from sentence_transformers import SentenceTransformer

folder, texts = sys.argv[1], json.loads(sys.argv[2])
model = SentenceTransformer(folder, device="cpu")
print(json.dumps({
    "queries": model.encode_query(texts, show_progress_bar=False).tolist(),
    "documents": model.encode_document(texts, show_progress_bar=False).tolist(),
}))
