"""Changing settings: which have an effect, typing a value, and the way back."""
