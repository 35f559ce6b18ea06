"""Tries this project on the processor: the data are whole, the sampler draws what tdro
draws, and two updates of each stage work.

    python smoke_test.py
"""

import json
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from check_files import check_files
from tdro_handoff.draws import draws
from tdro_handoff.project import Project
from tdro_handoff.rows import Rows
from tdro_handoff.weights import read_weights


def check_data(project):
    check_files(project.folder)
    rows = Rows(project)
    for task, counts in zip(project.tasks, rows.counts):
        assert len(counts) == task["rows"], task["file"]
    return rows


def check_draws(project, rows):
    settings = project.settings
    drawn = draws(
        rows.counts,
        read_weights(str(project.folder / "weights.json"), project.names),
        size=settings["batchSize"],
        seed=settings["seed"],
        passages=settings["passages"],
    )
    for expected, batch in zip(project.first_batches, drawn):
        ours = [[draw.task, draw.row, draw.positive, list(draw.negatives)] for draw in batch]
        assert ours == expected, "the sampler draws other rows than tdro"


def run(*arguments):
    subprocess.run([sys.executable, *map(str, arguments)], check=True)


def main():
    project = Project()
    check_draws(project, check_data(project))
    print("data and draws: as tdro has them", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        small = ["--cpu", "--steps", 2, "--batch-size", 4]
        run(project.folder / "train.py", *small, "--weights", "uniform", "--out", Path(folder, "uniform"))
        reference = Path(folder, "uniform", "model")
        run(project.folder / "learn_weights.py", *small, "--reference", reference, "--out", Path(folder, "weights"))
        log = Path(folder, "weights", "losses.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["step"] for line in islice(log, 1, None)] == [0, 1]
    print("two updates of each stage: done")


if __name__ == "__main__":
    main()
