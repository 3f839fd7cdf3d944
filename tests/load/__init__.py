"""Tests: what makes load, against a sandbox with all its services."""
