"""Laws of the load tests."""
