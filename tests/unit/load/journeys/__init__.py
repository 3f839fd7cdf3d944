"""Tests: journeys and the people who make them."""
