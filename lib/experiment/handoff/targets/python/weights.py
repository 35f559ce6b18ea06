"""Task weights: files, and how stage 1 learns them (tDRO's update, step by step as
tdro does; what counts in the end is `tdro weights replay` on the log)."""

import json
import math
from pathlib import Path


def read_weights(path, names):
    """Sampling weights in the order of the tasks; a task that isn't there gets 0."""
    if path == "uniform":
        return [1 / len(names)] * len(names)
    file = json.loads(Path(path).read_text(encoding="utf-8"))["domain_weights"]
    unknown = sorted(set(file) - set(names))
    if unknown:
        raise SystemExit(f"{path}: there is no task {unknown[0]!r} in this project")
    weights = [file.get(name, 0) for name in names]
    if not sum(weights) > 0:
        raise SystemExit(f"{path}: one of the weights must be > 0")
    return weights


def write_weights(path, weights, tasks):
    """A weight file that tdro, the reference code and this project read."""
    total = sum(task["rows"] for task in tasks)
    columns = {
        "domain_ids": range(len(tasks)),
        "domain_weights": weights,
        "size": [task["rows"] for task in tasks],
        "epoch": [weight * total / task["rows"] for weight, task in zip(weights, tasks)],
    }
    names = [task["name"] for task in tasks]
    file = {key: dict(zip(names, values)) for key, values in columns.items()}
    Path(path).write_text(json.dumps(file, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")


class TaskWeights:
    """Weights that losses move by exponentiated-gradient ascent."""

    def __init__(self, count, *, measure, eta, reference_floor=1e-4, floor_as_at=None):
        self.measure, self.eta = measure, eta
        self.floor, self.floor_as_at = reference_floor, floor_as_at
        self.logs = [-math.log(count)] * count
        self.current = [1 / count] * count

    def step(self, losses, references, domains):
        """Takes in the losses of a micro-batch, of all processes together."""
        values = self.measures(losses, references, domains)
        norm = math.sqrt(sum(value * value for value in values))
        factor = self.eta * min(1, 1 / (norm + 1e-6))
        logs = [log + factor * value for log, value in zip(self.logs, values)]
        top = max(logs)
        total = top + math.log(sum(math.exp(log - top) for log in logs))
        self.logs = [log - total for log in logs]
        self.current = [math.exp(log) for log in self.logs]

    def of_examples(self, domains):
        """What each example's loss is multiplied by; they sum to 1."""
        weights = [self.current[domain] for domain in domains]
        total = sum(weights)
        return [weight / total for weight in weights]

    def measures(self, losses, references, domains):
        """What the losses of each task come to; 0 for a task that is absent."""
        count = len(self.logs)
        losses = [max(loss, 0) for loss in losses]
        references = [max(loss, 0) for loss in references]
        if self.measure == "raw":
            values = losses
        elif self.measure == "difference":
            values = [max(loss - other, 0) for loss, other in zip(losses, references)]
        elif self.measure == "ratio-of-means":
            means = task_means(references, domains, count)
            values = [loss / self.floored(means[domain]) for loss, domain in zip(losses, domains)]
        else:
            size = len(losses)
            norm = max(sum(references) * (self.floor_as_at or size) / size, 1e-12)
            divisors = [self.floored(other / norm) for other in references]
            excess = references if self.measure == "relative-difference" else [0] * size
            triples = zip(losses, excess, divisors)
            values = [max((loss - other) / divisor, 0) for loss, other, divisor in triples]
        return task_means(values, domains, count)

    def floored(self, divisor):
        """A divisor below the floor counts as 1."""
        return 1 if divisor < self.floor else divisor


def task_means(values, domains, count):
    sums, counts = [0.0] * count, [0] * count
    for value, domain in zip(values, domains):
        sums[domain] += value
        counts[domain] += 1
    return [total / max(number, 1) for total, number in zip(sums, counts)]
