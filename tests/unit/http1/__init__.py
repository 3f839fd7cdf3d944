"""Tests of `fixtures.http1`."""
