"""A training step of a model of all-MiniLM-L6-v2's size."""
from _training import training


def setup(quick, folder):
    return training(folder, "train_minilm_f32", "float32", compile_too=not quick)
