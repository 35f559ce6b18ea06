"""What this folder is about: settings, tasks and the base model of the run."""

import argparse
import json
from pathlib import Path

HERE = Path(__file__).parent.parent


class Project:
    """The content of project.json, with what the command line says otherwise."""

    def __init__(self, **given):
        content = json.loads((HERE / "project.json").read_text(encoding="utf-8"))
        self.folder = HERE
        self.tasks = content["tasks"]
        self.names = [task["name"] for task in self.tasks]
        self.settings = content["settings"] | given
        self.model = HERE / "model" if content["modelIsCopied"] else content["model"]
        self.first_batches = content["firstBatches"]


def parser(about, *, out, steps, batch_size):
    """The options that both stages have."""
    options = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--out", default=str(HERE / "out" / out), help="folder of what is written")
    options.add_argument("--steps", type=int, default=steps, help="updates")
    options.add_argument(
        "--batch-size", type=int, default=batch_size, help="queries per update, of all processes together"
    )
    options.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in --out")
    options.add_argument("--cpu", action="store_true", help="train on the processor")
    return options
