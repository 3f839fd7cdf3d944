"""Faults, and the mangler that several of them use."""
