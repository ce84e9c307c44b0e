"""The terminal that the app runs in: what comes from it, what goes to it, and how it is given back."""
