"""What takes a batch through a network's layers, or a cell's steps, and the gradient back: each a `trunk.Trunk`."""
