"""Mean-field theory of infinitely wide networks."""
