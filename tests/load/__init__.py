"""Whole load runs: Locust as a process of its own, against a small target of the test's."""
