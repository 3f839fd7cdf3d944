"""Tests of `fixtures.clients`."""
