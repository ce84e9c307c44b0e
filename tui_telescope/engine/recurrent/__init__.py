"""Recurrent cells, and backpropagation through time."""
