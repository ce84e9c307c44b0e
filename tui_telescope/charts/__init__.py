"""From observations to text: what to draw is pure data, and how it looks is rows of cells."""
