"""Tests of the load tests' websockets."""
