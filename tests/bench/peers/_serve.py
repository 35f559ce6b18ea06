"""The peer's side of a benchmark; see ../_work.ts.

Usage: _serve.py NAME quick|full FOLDER. NAME.py has setup(quick, folder), which
returns (round, ready). Its libraries are imported at once; the line "set up" says
that the files of our side are there.
"""
import importlib
import json
import sys
import time


def say(value):
    print("@" + json.dumps(value), flush=True)


name, size, folder = sys.argv[1:4]
module = importlib.import_module(name)
sys.stdin.readline()
round_, ready = module.setup(size == "quick", folder)
say(ready)
for line in sys.stdin:
    if line.strip() != "go":
        continue
    started = time.perf_counter()
    round_()
    say({"seconds": time.perf_counter() - started})
