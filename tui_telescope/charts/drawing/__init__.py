"""How charts become rows of characters: dots in cells, frames, legends, and the one module that imports plotext."""
