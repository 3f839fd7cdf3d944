"""Tests: environments, their files, secrets and checks."""
