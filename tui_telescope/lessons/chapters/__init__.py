"""The tour's steps, a file a chapter."""
