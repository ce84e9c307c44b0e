"""Charts of readings that have one entry a layer, and what is read off them."""
