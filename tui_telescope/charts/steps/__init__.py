"""Charts whose x axis is a training's steps."""
