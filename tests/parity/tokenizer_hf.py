"""Token ids by Hugging Face's own tokenizers library, to compare ours with.

Reads {"tokenizer": path, "texts": [...], "maxLength": n} as JSON from standard
input and writes {"version": ..., "ids": [[...]], "cut": [[...]]} to standard
output: ids of each text whole, and truncated to n with the special tokens.
"""

import json
import sys

import tokenizers

job = json.load(sys.stdin)
tokenizer = tokenizers.Tokenizer.from_file(job["tokenizer"])
tokenizer.no_padding()
tokenizer.no_truncation()
whole = [encoding.ids for encoding in tokenizer.encode_batch(job["texts"])]
tokenizer.enable_truncation(job["maxLength"])
cut = [encoding.ids for encoding in tokenizer.encode_batch(job["texts"])]
json.dump({"version": tokenizers.__version__, "ids": whole, "cut": cut}, sys.stdout)
