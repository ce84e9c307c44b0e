"""What the live curve is compared with, and the words that tell the curves apart."""
