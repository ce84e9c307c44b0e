"""The terminal interface: from a key to new settings, from an observation to what changed on the screen."""
