"""Kinds of numbers beside float64."""
