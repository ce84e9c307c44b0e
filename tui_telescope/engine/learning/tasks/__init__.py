"""What networks learn here."""
