"""Exact top-100 in a million passages by faiss."""
from search import setup as setup
