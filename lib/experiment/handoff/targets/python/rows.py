"""The training rows of all tasks, and the batches that are drawn from them."""

from collections import defaultdict
from itertools import islice

import pyarrow.compute
import torch
from datasets import Features, Sequence, Value, load_dataset

from .draws import draws

TEXTS = Sequence(Value("string"))
COLUMNS = Features(
    query_id=Value("string"),
    anchor=Value("string"),
    positives=TEXTS,
    positive_ids=TEXTS,
    negatives=TEXTS,
    negative_ids=TEXTS,
)

# What JavaScript's trim() takes away.
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


class Rows(torch.utils.data.Dataset):
    """Rows of the tasks, in the order of their ids. An item is a draw with the
    columns of the scores that must not count as negatives of its query."""

    def __init__(self, project):
        self.tasks = [
            load_dataset(
                "json",
                data_files=str(project.folder / task["file"]),
                features=COLUMNS,
                split="train",
                cache_dir=str(project.folder / ".cache"),
            )
            for task in project.tasks
        ]
        self.counts = [
            list(zip(lengths(task, "positives"), lengths(task, "negatives")))
            for task in self.tasks
        ]

    def __getitem__(self, item):
        draw, blocked = item
        row = self.tasks[draw.task][draw.row]
        negatives = {
            f"negative_{i + 1}": row["negatives"][at] for i, at in enumerate(draw.negatives)
        }
        return {
            "anchor": row["anchor"],
            "positive": row["positives"][draw.positive],
            **negatives,
            "blocked": blocked,
            "domain": draw.task,
        }


def lengths(task, column):
    return pyarrow.compute.list_value_length(task.data.column(column)).to_pylist()


class WeightedBatchSampler:
    """Batches for `world` processes: a task is drawn by the weights for the whole
    global batch, and the parts of all processes follow one another, since accelerate
    gives process r every `world`-th batch from the r-th on. (sentence-transformers'
    own samplers would give each process another task in the same step, and gathered
    negatives would mix tasks.)"""

    def __init__(self, rows, weights, *, steps, size, world, **how):
        if size % world:
            raise ValueError(f"the batch of {size} queries must be a multiple of the {world} processes")
        self.rows, self.weights = rows, weights
        self.steps, self.size, self.world, self.how = steps, size, world, how
        self.batch_size = size // world
        self.drop_last = True

    def __len__(self):
        return self.steps * self.world

    def __iter__(self):
        drawn = draws(self.rows.counts, self.weights, size=self.size, **self.how)
        for batch in islice(drawn, self.steps):
            items = list(zip(batch, blocked_columns(self.rows.tasks, batch)))
            for at in range(0, self.size, self.batch_size):
                yield items[at : at + self.batch_size]


def blocked_columns(tasks, batch):
    """For each query of a global batch the passages that are relevant to it too: known
    positives, and repetitions of its positive's text. Passage c of row r is column
    c * len(batch) + r."""
    rows = [tasks[draw.task][draw.row] for draw in batch]
    by_id, by_text = defaultdict(set), defaultdict(set)
    for r, (draw, row) in enumerate(zip(batch, rows)):
        for c, (key, text) in enumerate(passages(draw, row)):
            by_id[draw.task, key].add(c * len(batch) + r)
            by_text[text.strip(BLANKS)].add(c * len(batch) + r)
    for r, (draw, row) in enumerate(zip(batch, rows)):
        label = row["positives"][draw.positive].strip(BLANKS)
        known = (by_id.get((draw.task, key), ()) for key in row["positive_ids"])
        yield sorted(set().union(by_text[label], *known) - {r})


def passages(draw, row):
    yield row["positive_ids"][draw.positive], row["positives"][draw.positive]
    for at in draw.negatives:
        yield row["negative_ids"][at], row["negatives"][at]
