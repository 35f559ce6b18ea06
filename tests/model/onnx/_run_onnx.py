"""Checks ONNX files and runs them: reads jobs.json, writes outputs.json."""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime

folder = sys.argv[1]
with open(os.path.join(folder, "jobs.json")) as file:
    jobs = json.load(file)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
outputs = []
for job in jobs:
    onnx.checker.check_model(job["path"], full_check=True)
    session = onnxruntime.InferenceSession(
        job["path"], options, providers=["CPUExecutionProvider"])
    found = []
    for batch in job["batches"]:
        feeds = {name: np.array(batch[name], np.int64) for name in ["input_ids", "attention_mask"]}
        feeds["token_type_ids"] = np.zeros_like(feeds["input_ids"])
        wanted = [value.name for value in session.get_inputs()]
        hidden, vectors = session.run(
            ["last_hidden_state", "sentence_embedding"], {name: feeds[name] for name in wanted})
        found.append({"hidden": hidden.tolist(), "vectors": vectors.tolist()})
    outputs.append({"inputs": [value.name for value in session.get_inputs()],
                    "outputs": [[value.name, value.shape] for value in session.get_outputs()],
                    "batches": found})
with open(os.path.join(folder, "outputs.json"), "w") as file:
    json.dump(outputs, file)
