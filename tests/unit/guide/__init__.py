"""Tests: the guide as data."""
