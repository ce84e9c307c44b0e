"""What is measured in a PyTorch model while it trains. Loaded once somebody has handed a model over: he has torch."""
