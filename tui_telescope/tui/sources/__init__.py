"""Where the observations on the screen come from."""
