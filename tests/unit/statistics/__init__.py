"""Laws of the statistics."""
