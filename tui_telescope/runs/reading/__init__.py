"""What a run has written, read while it is written: by our recorder or by others. Nothing read is trusted."""
