"""Laws of the reports of load runs."""
