"""Screens that cover the telescope for a while."""
