"""The recorder, for the training program: standard library alone, but for `pytorch`, which a PyTorch model loads."""
