"""The singular values of the end-to-end Jacobian, however many decades lie between them."""
