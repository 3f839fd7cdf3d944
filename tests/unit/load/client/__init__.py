"""Tests of the load tests' HTTP client."""
