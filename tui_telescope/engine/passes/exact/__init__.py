"""Numbers with exponents of their own, or with as many digits as it takes, and what guards them."""
