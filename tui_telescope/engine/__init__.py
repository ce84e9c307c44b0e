"""The engine: numpy and the standard library alone, no terminal."""
