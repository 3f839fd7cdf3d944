"""Tests of `fixtures.edge`."""
