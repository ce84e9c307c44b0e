"""Charts of many networks at once: over depth, over scale and depth, and what of them can be trained."""
