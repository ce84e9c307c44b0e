"""Networks that train elsewhere: what records them, and what reads the records."""
