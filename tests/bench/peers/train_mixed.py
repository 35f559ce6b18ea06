"""Stage-1 steps on real text, padded on the right to the batch's longest."""
from _training import training


def setup(quick, folder):
    return training(folder, "train_mixed", "float32", compile_too=not quick)
