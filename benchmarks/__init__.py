"""Measurements against references, each a program of its own; not part of the tests."""
