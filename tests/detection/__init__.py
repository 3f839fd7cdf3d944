"""The proof that checks can turn red: `python -m tests.detection` breaks a sandbox in every way of the catalogue."""
