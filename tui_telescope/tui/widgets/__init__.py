"""What stands on the screen: each draws what it is shown, and computes nothing."""
