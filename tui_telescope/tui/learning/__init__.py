"""The network on the screen, while it learns."""
