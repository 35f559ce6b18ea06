"""A training step of a Qwen2-style decoder."""
from _training import training


def setup(quick, folder):
    return training(folder, "train_decoder_f32", "float32", compile_too=not quick)
