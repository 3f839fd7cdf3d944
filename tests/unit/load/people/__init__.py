"""Tests: the pool of people."""
