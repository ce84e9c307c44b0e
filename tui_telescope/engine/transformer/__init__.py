"""Transformers: blocks of causal attention and an mlp, over sequences of tokens."""
