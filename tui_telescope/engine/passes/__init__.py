"""The passes through a feedforward network, forward and backward, and what they are asked and hand over."""
