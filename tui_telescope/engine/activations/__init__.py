"""The activations: values and slopes of any size, in-place float64 kernels, and decimals."""
