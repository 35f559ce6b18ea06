"""Bytes of sentence-transformers' quantize_embeddings, as JSON.

Usage: _quantise_cases.py CASES.json OUT.json. A case has vectors, a precision and
perhaps the vectors to calibrate on.
"""

import json
import sys

import numpy as np
from sentence_transformers.util.quantization import quantize_embeddings


def floats(rows):
    return np.array(rows, dtype=np.float32)


def bytes_of(case):
    calibration = case.get("calibration")
    made = quantize_embeddings(
        floats(case["vectors"]),
        precision=case["precision"],
        calibration_embeddings=None if calibration is None else floats(calibration),
    )
    return made.flatten().tolist()


with open(sys.argv[1]) as file:
    cases = json.load(file)
with open(sys.argv[2], "w") as file:
    json.dump([bytes_of(case) for case in cases], file)
