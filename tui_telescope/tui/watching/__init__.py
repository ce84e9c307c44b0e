"""The app over a run that trains elsewhere."""
