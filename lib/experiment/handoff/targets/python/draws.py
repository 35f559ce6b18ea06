"""Draws training batches as tdro does: for the same rows, weights and seed the same
tasks, rows and passages, on every machine and for any number of processes."""

from bisect import bisect_right
from typing import NamedTuple

WORD = 0xFFFFFFFF


class Draw(NamedTuple):
    """A row of a batch: which task, which of its rows, which of the row's passages."""

    task: int
    row: int
    positive: int
    negatives: tuple


def draws(counts, weights, *, size, seed, passages, homogeneous=True, stratified=False):
    """Endless batches of `size` draws. `counts[task][row]` tells how many positives
    and negatives a row has; a batch is of one task, or mixed."""
    shares = cumulative_shares(weights)
    task_rng = Rng(seed, "sampling/task")
    passage_rng = Rng(seed, "sampling/passages")
    orders = {}
    following = [0] * len(counts)
    while True:
        if homogeneous:
            tasks = [draw_task(shares, task_rng.next())] * size
        elif stratified:
            tasks = stratified_tasks(shares, size, task_rng.next())
        else:
            tasks = [draw_task(shares, task_rng.next()) for _ in range(size)]
        batch = []
        for task in tasks:
            rows = counts[task]
            if task not in orders:
                orders[task] = shuffled(len(rows), Rng(seed, f"sampling/rows/{task}/0"))
            row = orders[task][following[task]]
            following[task] = (following[task] + 1) % len(rows)
            batch.append(Draw(task, row, *choose(rows[row], passages - 1, passage_rng)))
        yield batch


def choose(counts, wanted, rng):
    """One positive, and `wanted` negatives: each once if there are enough."""
    positives, negatives = (int(count) for count in counts)
    positive = rng.int(positives)
    if negatives < wanted:
        return positive, tuple(rng.int(negatives) for _ in range(wanted))
    pool = list(range(negatives))
    for at in range(wanted):
        pick = at + rng.int(negatives - at)
        pool[at], pool[pick] = pool[pick], pool[at]
    return positive, tuple(pool[:wanted])


def cumulative_shares(weights):
    """Running sums of the sampling ratios; 1 from the last task with a weight on."""
    total = 0.0
    for weight in weights:
        total += weight
    last = max(k for k, weight in enumerate(weights) if weight > 0)
    shares, running = [], 0.0
    for k, weight in enumerate(weights):
        running += weight / total
        shares.append(1.0 if k >= last else min(running, 1.0))
    return shares


def draw_task(shares, uniform):
    """The first task whose running sum is above the uniform draw."""
    return bisect_right(shares, uniform)


def stratified_tasks(shares, size, uniform):
    """Tasks of a mixed batch, each as often as its share says, give or take one."""
    largest = 1 - 2.0**-53
    return [draw_task(shares, min((i + uniform) / size, largest)) for i in range(size)]


def shuffled(count, rng):
    """0 to count - 1 in random order (Fisher-Yates)."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        pick = rng.int(last + 1)
        order[last], order[pick] = order[pick], order[last]
    return order


class Rng:
    """xoshiro128** 1.1, its state the MurmurHash3 of seed and purpose."""

    def __init__(self, seed, purpose):
        data = f"{seed} {purpose}".encode()
        self.state = [murmur3(data, salt) for salt in (1, 2, 3, 4)]
        if not any(self.state):
            self.state[0] = 1

    def word(self):
        a, b, c, d = self.state
        result = rotated(b * 5 & WORD, 7) * 9 & WORD
        c ^= a
        d ^= b
        self.state = [a ^ d, b ^ c, c ^ (b << 9 & WORD), rotated(d, 11)]
        return result

    def next(self):
        """A float in [0, 1)."""
        return ((self.word() >> 5) * 0x4000000 + (self.word() >> 6)) / 0x20000000000000

    def int(self, n):
        """An integer in [0, n)."""
        limit = 0x100000000 - 0x100000000 % n
        drawn = self.word()
        while drawn >= limit:
            drawn = self.word()
        return drawn % n


def murmur3(data, seed):
    """MurmurHash3, x86, 32 bits (public domain)."""
    value = seed
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        value ^= scrambled(int.from_bytes(data[at : at + 4], "little"))
        value = rotated(value, 13) * 5 + 0xE6546B64 & WORD
    value ^= scrambled(int.from_bytes(data[whole:], "little")) ^ len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & WORD
    value = (value ^ value >> 13) * 0xC2B2AE35 & WORD
    return value ^ value >> 16


def scrambled(word):
    return rotated(word * 0xCC9E2D51 & WORD, 15) * 0x1B873593 & WORD


def rotated(word, bits):
    return (word << bits | word >> 32 - bits) & WORD
