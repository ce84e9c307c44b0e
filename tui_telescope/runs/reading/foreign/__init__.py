"""Logs that others write: what their names mean, and how their files are read."""
