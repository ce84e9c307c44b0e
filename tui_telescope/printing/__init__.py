"""What is told without a screen: readings, training and runs, as text or for other programs."""
