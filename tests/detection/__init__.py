"""Tests: detection."""
