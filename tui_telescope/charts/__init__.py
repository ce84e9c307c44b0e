"""From observations to text: what to draw is pure data, and one module alone speaks to plotext."""
