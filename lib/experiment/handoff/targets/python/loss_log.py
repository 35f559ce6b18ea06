"""Logs the losses of stage 1 as `tdro weights replay` takes them."""

import json
from pathlib import Path

from transformers import TrainerCallback


class LossLog(TrainerCallback):
    """A callback for any trainer: give `note()` the losses of each micro-batch, all
    processes together, and process 0 writes a line of the log for it. A training that
    is resumed writes on; lines of steps that it repeats count in place of the old."""

    def __init__(self, path, header):
        self.path, self.header = Path(path), header
        self.step = 0
        self.writes = False

    def on_train_begin(self, args, state, control, **kwargs):
        self.step = state.global_step * args.gradient_accumulation_steps
        self.writes = state.is_world_process_zero
        if self.writes:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.step == 0:
                self.path.unlink(missing_ok=True)
            self.append(self.header)

    def note(self, losses, references, domains):
        """Takes the losses of proxy and reference, and the task id of each example."""
        line = {"losses": losses, "reference_losses": references, "domains": domains}
        if self.writes:
            self.append({"step": self.step, **line})
        self.step += 1

    def before(self, step):
        """The lines of earlier steps, e.g. to take the weights up where they were."""
        lines = {}
        if self.path.exists():
            for text in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    line = json.loads(text)
                except ValueError:
                    continue  # broken off when the training was stopped
                if line.get("step", step) < step:
                    lines[line["step"]] = line
        return [lines[number] for number in sorted(lines)]

    def append(self, line):
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with open(self.path, "a+", encoding="utf-8") as file:
            # What a stopped training left of a line must not swallow this one.
            if file.tell() > 0 and not self.ends_whole():
                file.truncate(self.whole_bytes())
            file.write(text)

    def ends_whole(self):
        return self.path.read_bytes()[-1:] == b"\n"

    def whole_bytes(self):
        return self.path.read_bytes().rfind(b"\n") + 1
